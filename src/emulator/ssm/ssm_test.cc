#include "emulator/ssm/ssm.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "emulator/core/test_support.h"

namespace sortie::emulator {
namespace {

namespace json = boost::json;

struct Answer {
  int status = 0;
  json::object body;
  [[nodiscard]] std::string code() const {
    const auto* code = body.if_contains("__type");
    return code == nullptr ? "" : std::string(code->as_string());
  }
};

class SsmTest : public testing::Test {
 protected:
  Answer call(const std::string& operation, const std::string& body) {
    Call call{.service = "ssm", .region = "us-east-1", .account = "111111111111", .request_id = "id", .principal = {}};
    call.principal.arn = "arn:aws:iam::111111111111:user/u";
    call.request.headers.add("X-Amz-Target", "AmazonSSM." + operation);
    call.request.body = body;
    auto response = testing_support::run(service.handle(std::move(call)));
    return {response.status, json::parse(testing_support::text_of(response)).as_object()};
  }
  Answer put(const std::string& name, const std::string& value, const std::string& more = "") {
    return call("PutParameter", R"({"Name":")" + name + R"(","Value":")" + value + R"(","Type":"String")" + more + "}");
  }

  FakeClock clock;
  std::unique_ptr<Store> store = Store::ephemeral().value();
  testing_support::FakeAuthorizer authorizer;
  Ssm service{clock, *store, authorizer};
};

TEST_F(SsmTest, ShowsWhatWasPut) {
  EXPECT_EQ(json::serialize(put("/a/b", "v").body), R"({"Version":1,"Tier":"Standard"})");
  const auto shown = call("GetParameter", R"({"Name":"/a/b"})").body.at("Parameter").as_object();
  EXPECT_EQ(shown.at("Value"), "v");
  EXPECT_EQ(shown.at("ARN"), "arn:aws:ssm:us-east-1:111111111111:parameter/a/b");
  EXPECT_EQ(shown.at("LastModifiedDate").as_double(), 1'440'938'160.0);
}

TEST_F(SsmTest, AsksForTheParameterWithItsTags) {
  put("n", "v", R"(,"Tags":[{"Key":"k","Value":"t"}])");
  authorizer.asked.clear();
  authorizer.forbidden = {"ssm:GetParameter"};
  const auto refused = call("GetParameter", R"({"Name":"n"})");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.code(), "AccessDeniedException");
  ASSERT_EQ(authorizer.asked.size(), 1U);
  EXPECT_EQ(authorizer.asked[0].resource, "arn:aws:ssm:us-east-1:111111111111:parameter/n");
  EXPECT_EQ(authorizer.asked[0].context[0], (std::pair<std::string, std::string>("aws:ResourceTag/k", "t")));
}

TEST_F(SsmTest, NothingIsChangedByWhatIsRefused) {
  put("n", "v");
  authorizer.forbidden = {"ssm:DeleteParameters"};
  EXPECT_EQ(call("DeleteParameters", R"({"Names":["n"]})").code(), "AccessDeniedException");
  EXPECT_EQ(call("GetParameter", R"({"Name":"n"})").status, 200);
}

struct Wrong {
  const char* operation;
  const char* body;
  const char* code;
};

class SsmRefuses : public SsmTest, public testing::WithParamInterface<Wrong> {};

TEST_P(SsmRefuses, WhatIsNoRequest) {
  const auto answer = call(GetParam().operation, GetParam().body);
  EXPECT_EQ(answer.status, std::string_view(GetParam().code) == "NotImplemented" ? 501 : 400);
  EXPECT_EQ(answer.code(), GetParam().code);
  EXPECT_FALSE(json::serialize(answer.body.at("message")).empty());
}

INSTANTIATE_TEST_SUITE_P(
    All, SsmRefuses,
    testing::Values(Wrong{"GetParameter", "[]", "SerializationException"},
                    Wrong{"GetParameter", "{", "SerializationException"},
                    Wrong{"GetParameter", "{}", "ValidationException"},
                    Wrong{"GetParameter", R"({"Name":7})", "SerializationException"},
                    Wrong{"GetParameter", R"({"Name":""})", "ValidationException"},
                    Wrong{"GetParameter", R"({"Name":"a:b:c"})", "ValidationException"},
                    Wrong{"GetParameter", R"({"Name":"arn:aws:ssm:eu-west-1:1:parameter/x"})", "ParameterNotFound"},
                    Wrong{"GetParameters", R"({"Names":[]})", "ValidationException"},
                    Wrong{"GetParameters", R"({"Names":["a",1]})", "SerializationException"},
                    Wrong{"PutParameter", R"({"Name":"a","Value":"v","Type":"Text"})", "ValidationException"},
                    Wrong{"PutParameter", R"({"Name":"a","Value":"","Type":"String"})", "ValidationException"},
                    Wrong{"PutParameter", R"({"Name":"a","Value":"a,,b","Type":"StringList"})", "ValidationException"},
                    Wrong{"PutParameter", R"({"Name":"a","Value":"v","Type":"String","KeyId":"k"})",
                          "ValidationException"},
                    Wrong{"DescribeParameters", R"({"MaxResults":51})", "ValidationException"},
                    Wrong{"DescribeParameters", R"({"MaxResults":1e300})", "SerializationException"},
                    Wrong{"SendCommand", "{}", "NotImplemented"}));

}  // namespace
}  // namespace sortie::emulator
