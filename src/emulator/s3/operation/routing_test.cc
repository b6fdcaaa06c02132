#include <gtest/gtest.h>

#include "emulator/s3/operation/operation.h"

namespace sortie::emulator::s3 {
namespace {

constexpr Row k_rows[] = {
    {"GetPlain", nullptr, on_bucket("GET")},
    {"PutPlain", nullptr, on_bucket("PUT")},
    {"GetSetting", nullptr, on_setting("GET", "setting")},
    {"DeleteSetting", nullptr, on_setting("DELETE", "setting")},
    {"GetMany", nullptr, on_bucket("GET", "many", "id")},
    {"ListMany", nullptr, on_bucket("GET", "many")},
    {"GetTwo", nullptr, on_bucket("GET", "version=2")},
    {"CopyKey", nullptr, on_object("PUT", {}, "x-from")},
    {"PutKey", nullptr, on_object("PUT")},
};

/// The name of the row; empty when none fits.
std::string_view route(std::string method, std::string path, std::string query = {}, http::Headers headers = {}) {
  Call call;
  call.request.method = std::move(method);
  call.request.path = std::move(path);
  call.request.query = std::move(query);
  call.request.headers = std::move(headers);
  const auto request = read_request(std::move(call));
  const Row* row = find_row(k_rows, *request);
  return row == nullptr ? std::string_view() : row->name;
}

TEST(Routing, TellsBucketFromKeyAndService) {
  EXPECT_EQ(route("PUT", "/bucket"), "PutPlain");
  EXPECT_EQ(route("PUT", "/bucket/key"), "PutKey");
  EXPECT_EQ(route("GET", "/bucket/key"), "");
  EXPECT_EQ(route("GET", "/"), "");
}

TEST(Routing, ASubresourceGoesBeforeNone) {
  EXPECT_EQ(route("GET", "/bucket", "setting"), "GetSetting");
  EXPECT_EQ(route("GET", "/bucket", "other"), "GetPlain");
  EXPECT_EQ(route("GET", "/bucket/key", "setting"), "");
}

TEST(Routing, OtherMethodsOnASettingAreRefused) {
  EXPECT_EQ(route("PUT", "/bucket", "setting"), "");
  EXPECT_EQ(route("PUT", "/bucket", "many"), "PutPlain");
}

TEST(Routing, TheFirstRowThatFitsIsMeant) {
  EXPECT_EQ(route("GET", "/bucket", "many&id=a"), "GetMany");
  EXPECT_EQ(route("GET", "/bucket", "many"), "ListMany");
  http::Headers headers;
  headers.add("X-From", "/a/b");
  EXPECT_EQ(route("PUT", "/bucket/key", {}, headers), "CopyKey");
}

TEST(Routing, AValueCountsWhereTheRouteHasOne) {
  EXPECT_EQ(route("GET", "/bucket", "version=2"), "GetTwo");
  EXPECT_EQ(route("GET", "/bucket", "version=1"), "GetPlain");
}

}  // namespace
}  // namespace sortie::emulator::s3
