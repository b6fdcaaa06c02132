#include "emulator/s3/protocol/post_policy.h"

#include <gtest/gtest.h>

#include "wire/checksum.h"
#include "wire/date.h"

namespace sortie::emulator::s3 {
namespace {

const SystemTime k_now = *wire::parse_iso8601("2026-01-01T00:00:00Z");

FormUpload form(const std::string& conditions, std::vector<std::pair<std::string, std::string>> fields,
                const std::string& until = "2026-01-01T00:10:00Z") {
  FormUpload made;
  made.fields = std::move(fields);
  made.fields.emplace_back(
      "policy", wire::base64_encode(R"({"expiration":")" + until + R"(","conditions":[)" + conditions + "]}"));
  return made;
}

std::string refused(const FormUpload& upload) {
  const auto checked = check_post_policy(upload, "bucket", k_now);
  return checked ? "" : checked.error().message;
}

TEST(PostPolicy, HoldsWhenEveryFieldIsNamed) {
  const auto upload = form(R"({"bucket":"bucket"},["starts-with","$key","a/"],["content-length-range",1,"10"])",
                           {{"Key", "a/b"}, {"x-ignore-me", "1"}});
  const auto range = check_post_policy(upload, "bucket", k_now);
  ASSERT_TRUE(range) << range.error().message;
  EXPECT_EQ(range->least, 1U);
  EXPECT_EQ(range->most, 10U);
}

TEST(PostPolicy, SaysWhichConditionFailed) {
  EXPECT_EQ(refused(form(R"({"key":"other"})", {{"key", "a"}})),
            R"(Invalid according to Policy: Policy Condition failed: ["eq", "$key", "other"])");
  EXPECT_EQ(refused(form(R"(["content-length-range","x","10"])", {})),
            R"(Invalid according to Policy: Policy Condition failed: ["content-length-range", "x", "10"])");
  EXPECT_EQ(refused(form(R"({"bucket":"other"})", {})),
            R"(Invalid according to Policy: Policy Condition failed: ["eq", "$bucket", "other"])");
}

TEST(PostPolicy, RefusesFieldsThatItDoesNotName) {
  EXPECT_EQ(refused(form(R"({"key":"a"})", {{"key", "a"}, {"Acl", "private"}})),
            "Invalid according to Policy: Extra input fields: acl");
}

TEST(PostPolicy, Expires) {
  EXPECT_EQ(refused(form("", {}, "2026-01-01T00:00:00Z")), "Invalid according to Policy: Policy expired.");
  FormUpload broken;
  broken.fields.emplace_back("policy", "bm8=");
  EXPECT_EQ(refused(broken), "Invalid Policy: Invalid JSON.");
}

}  // namespace
}  // namespace sortie::emulator::s3
