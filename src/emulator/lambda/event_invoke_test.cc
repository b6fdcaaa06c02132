#include <gtest/gtest.h>

#include "emulator/lambda/lambda_fixture.h"

namespace sortie::emulator::lambda {
namespace {

constexpr char k_config[] = "/2019-09-25/functions/f/event-invoke-config";
constexpr char k_arn[] = "arn:aws:lambda:us-east-1:111111111111:function:f";

class LambdaEvents : public LambdaTest {};

TEST_F(LambdaEvents, ConfigurationsArePutUpdatedAndDeleted) {
  make_function("f");
  auto put = call("PUT", k_config, R"({"MaximumEventAgeInSeconds":60})");
  EXPECT_EQ(put.status, 200);
  EXPECT_EQ(put.member("FunctionArn"), std::string(k_arn) + ":$LATEST");
  EXPECT_EQ(put.member("MaximumRetryAttempts"), "(absent)");
  EXPECT_EQ(put.member("DestinationConfig"), R"({"OnSuccess":{},"OnFailure":{}})");
  auto updated = call("POST", k_config, R"({"MaximumRetryAttempts":1})");
  EXPECT_EQ(updated.member("MaximumEventAgeInSeconds"), "60");
  EXPECT_EQ(updated.member("MaximumRetryAttempts"), "1");
  EXPECT_EQ(call("PUT", k_config, R"({"MaximumRetryAttempts":0})").member("MaximumEventAgeInSeconds"), "(absent)");
  EXPECT_EQ(call("GET", std::string(k_config) + "?Qualifier=$LATEST").member("MaximumRetryAttempts"), "0");
  EXPECT_EQ(call("GET", std::string(k_config) + "/list").json()["FunctionEventInvokeConfigs"].as_array().size(), 1u);
  EXPECT_EQ(call("DELETE", k_config).status, 204);
  EXPECT_EQ(call("DELETE", k_config).member("Message"),
            "The function " + std::string(k_arn) + ":$LATEST doesn't have an EventInvokeConfig");
}

TEST_F(LambdaEvents, RefusesWhatAwsRefuses) {
  EXPECT_EQ(call("PUT", k_config, R"({"MaximumRetryAttempts":0})").member("Message"), "The function doesn't exist.");
  EXPECT_EQ(call("GET", k_config).member("Message"),
            "The function " + std::string(k_arn) + ":$LATEST doesn't have an EventInvokeConfig");
  make_function("f");
  EXPECT_EQ(call("PUT", k_config, "{}").member("message"),
            "You must specify at least one of error handling or destination setting.");
  EXPECT_EQ(call("PUT", k_config, R"({"MaximumRetryAttempts":3})").header("x-amzn-ErrorType"), "ValidationException");
  EXPECT_EQ(call("PUT", k_config, R"({"MaximumEventAgeInSeconds":59})").status, 400);
  EXPECT_EQ(call("POST", k_config, R"({"MaximumRetryAttempts":1})").status, 404);
  auto destination = call(
      "PUT", k_config, R"({"DestinationConfig":{"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:111111111111:q"}}})");
  EXPECT_EQ(destination.status, 501);
  EXPECT_NE(destination.member("Message").find("destinations"), std::string::npos);
}

TEST_F(LambdaEvents, RetriesAsOftenAsConfigured) {
  options.async_retry_delays = {std::chrono::milliseconds(1), std::chrono::milliseconds(1)};
  make_function("f");
  call("PUT", k_config, R"({"MaximumRetryAttempts":1})");
  EXPECT_EQ(invoke("f", do_("error"), {{"X-Amz-Invocation-Type", "Event"}}).status, 202);
  auto count = [this] {
    auto all = logs.all();
    std::size_t found = 0;
    for (auto at = all.find("REPORT "); at != std::string::npos; at = all.find("REPORT ", at + 1)) ++found;
    return found;
  };
  EXPECT_TRUE(run_until([&] { return count() == 2; }));
  EXPECT_FALSE(run_until([&] { return count() > 2; }, std::chrono::seconds(1)));
}

TEST_F(LambdaEvents, AliasesOfTwoVersions) {
  make_function("f");
  auto base = std::string("/2015-03-31/functions/f");
  call("POST", base + "/versions");
  call("PUT", base + "/configuration", R"({"Description":"two","Timeout":11})");
  wait_settled("f");
  call("POST", base + "/versions");
  auto alias = [&](const std::string& weights, const std::string& version = "1") {
    return call("POST", base + "/aliases",
                R"({"Name":"a","FunctionVersion":")" + version + R"(","RoutingConfig":{"AdditionalVersionWeights":)" +
                    weights + "}}");
  };
  EXPECT_EQ(alias(R"({"1":0.5})").member("message"),
            "Invalid function version 1. Function version 1 is already included in routing configuration.");
  EXPECT_EQ(alias(R"({"2":1.5})").header("x-amzn-ErrorType"), "ValidationException");
  EXPECT_EQ(alias(R"({"$LATEST":0.5})").header("x-amzn-ErrorType"), "ValidationException");
  EXPECT_EQ(alias(R"({"2":0.5,"3":0.5})").member("message"),
            "Number of items in AdditionalVersionWeights cannot be greater than 1");
  EXPECT_EQ(alias(R"({"2":0.5})", "$LATEST").member("message"),
            "$LATEST is not supported for an alias pointing to more than 1 version");
  EXPECT_EQ(alias(R"({"7":0.5})").status, 404);
  auto made = alias(R"({"2":1.0})");
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(made.json()["RoutingConfig"].as_object()["AdditionalVersionWeights"].as_object()["2"].as_double(), 1.0);
  EXPECT_EQ(invoke("f:a", "1").header("X-Amz-Executed-Version"), "2");
  EXPECT_EQ(call("GET", base + "/configuration?Qualifier=a").member("Version"), "1");
  auto cleared = call("PUT", base + "/aliases/a", R"({"RoutingConfig":{"AdditionalVersionWeights":{}}})");
  EXPECT_EQ(cleared.member("RoutingConfig"), "(absent)");
  EXPECT_EQ(invoke("f:a", "1").header("X-Amz-Executed-Version"), "1");
}

}  // namespace
}  // namespace sortie::emulator::lambda
