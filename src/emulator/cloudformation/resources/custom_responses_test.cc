#include "emulator/cloudformation/resources/custom_responses.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "emulator/core/test_support.h"

namespace sortie::emulator::cloudformation {
namespace {

namespace json = boost::json;

const json::object k_message{
    {"RequestId", "r"}, {"StackId", "s"}, {"LogicalResourceId", "l"}, {"RequestType", "Create"}};

std::string answer(json::object more) {
  json::object object{{"RequestId", "r"},
                      {"StackId", "s"},
                      {"LogicalResourceId", "l"},
                      {"Status", "SUCCESS"},
                      {"PhysicalResourceId", "p"}};
  for (const auto& [name, value] : more) object[name] = value;
  return json::serialize(object);
}

TEST(CustomAnswer, SaysWhatWasMade) {
  const auto read = read_custom_answer(answer({{"Data", {{"A", 1}}}}), k_message);
  EXPECT_EQ(read.failure, "");
  EXPECT_EQ(read.physical_id, "p");
  EXPECT_EQ(read.data, (json::object{{"A", 1}}));
}

TEST(CustomAnswer, FailuresKeepTheirName) {
  const auto read = read_custom_answer(answer({{"Status", "FAILED"}, {"Reason", "no"}}), k_message);
  EXPECT_EQ(read.failure,
            "Received response status [FAILED] from custom resource. Message returned: no (RequestId: r)");
  EXPECT_EQ(read.physical_id, "p");
}

TEST(CustomAnswer, WhatDoesNotFitIsAFailure) {
  EXPECT_EQ(read_custom_answer(answer({{"PhysicalResourceId", ""}}), k_message).failure, "Invalid PhysicalResourceId");
  for (const std::string& text :
       {std::string(), std::string("[]"), std::string("{"), answer({{"RequestId", "x"}}), answer({{"StackId", 1}}),
        answer({{"LogicalResourceId", nullptr}}), answer({{"Status", "success"}}),
        answer({{"Data", std::string(CustomResponses::k_longest, 'x')}})}) {
    EXPECT_NE(read_custom_answer(text, k_message).failure, "") << text;
  }
}

class Responses : public testing::Test {
 protected:
  int put(const std::string& path, std::string body, std::string method = "PUT") {
    Call call;
    call.request.method = std::move(method);
    call.request.path = path;
    call.request.body = std::move(body);
    return testing_support::run(responses_.receive(std::move(call))).status;
  }
  static std::string path_of(const CustomResponses::ResponseUrl& url) {
    return url.url.substr(url.url.find('/', std::string_view("https://").size()));
  }
  CustomResponses responses_;
};

TEST_F(Responses, AreTakenAtTheirUrlAlone) {
  const auto url = responses_.open("eu-west-1", "arn:stack|C");
  EXPECT_TRUE(url.url.starts_with(
      "https://cloudformation-custom-resource-response-euwest1.s3.eu-west-1.amazonaws.com/arn%3Astack%7CC%7C"));
  EXPECT_EQ(responses_.find(url.secret), std::nullopt);
  EXPECT_EQ(put(path_of(url), "x", "POST"), 403);
  EXPECT_EQ(put("/a%7Cb", "x"), 403);
  EXPECT_EQ(put("/", "x"), 403);
  EXPECT_EQ(put(path_of(url), "hello"), 200);
  EXPECT_EQ(responses_.find(url.secret), "hello");
  responses_.close(url.secret);
  EXPECT_EQ(put(path_of(url), "again"), 403);
}

TEST_F(Responses, AreKeptToTheirLimit) {
  const auto url = responses_.open("us-east-1", "n");
  EXPECT_EQ(put(path_of(url), std::string(100'000, 'x')), 200);
  EXPECT_EQ(responses_.find(url.secret)->size(), CustomResponses::k_longest + 1);
  EXPECT_EQ(put(path_of(url), std::string(2'000'000, 'x')), 400);
}

}  // namespace
}  // namespace sortie::emulator::cloudformation
