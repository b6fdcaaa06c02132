#include <gtest/gtest.h>

#include "emulator/lambda/catalogue/function.h"
#include "emulator/lambda/lambda_fixture.h"

/// What is kept for functions and does not change how they run.
namespace sortie::emulator::lambda {
namespace {

class Controls : public LambdaTest {
 protected:
  Reply provision(const std::string& qualifier, int executions) {
    return call("PUT", "/2019-09-30/functions/f/provisioned-concurrency?Qualifier=" + qualifier,
                R"({"ProvisionedConcurrentExecutions":)" + std::to_string(executions) + "}");
  }
  void publish() { ASSERT_EQ(call("POST", "/2015-03-31/functions/f/versions").status, 201); }
};

TEST_F(Controls, ProvisionedConcurrencyIsCounted) {
  options.provisioned_limit = 2;
  make_function("f");
  publish();
  EXPECT_EQ(provision("$LATEST", 1).member("message"),
            "Provisioned Concurrency Configs cannot be applied to unpublished function versions.");
  EXPECT_EQ(provision("7", 1).member("Message"),
            "Function not found: arn:aws:lambda:us-east-1:111111111111:function:f:7");
  EXPECT_EQ(provision("a", 1).member("Message"),
            "Cannot find alias arn: arn:aws:lambda:us-east-1:111111111111:function:f:a");
  EXPECT_EQ(provision("1", 0).header("x-amzn-ErrorType"), "ValidationException");
  EXPECT_EQ(provision("1", 901).status, 400);
  EXPECT_EQ(provision("1", 900).status, 202);
  auto settings = call("GET", "/2016-08-19/account-settings").json();
  EXPECT_EQ(settings["AccountLimit"].as_object()["UnreservedConcurrentExecutions"].as_int64(), 100);
  EXPECT_EQ(call("GET", "/2019-09-30/functions/f/provisioned-concurrency?List=ALL")
                .json()["ProvisionedConcurrencyConfigs"]
                .as_array()
                .size(),
            1U);
}

TEST_F(Controls, ReservedAndProvisionedConcurrencyLimitEachOther) {
  make_function("f");
  publish();
  ASSERT_EQ(call("PUT", "/2017-10-31/functions/f/concurrency", R"({"ReservedConcurrentExecutions":5})").status, 200);
  EXPECT_EQ(
      provision("1", 6).member("message"),
      "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function");
  EXPECT_EQ(provision("1", 5).status, 202);
  EXPECT_EQ(call("PUT", "/2017-10-31/functions/f/concurrency", R"({"ReservedConcurrentExecutions":4})").status, 400);
}

TEST_F(Controls, AnAliasAndItsVersionAreNotBothProvisioned) {
  make_function("f");
  publish();
  ASSERT_EQ(call("POST", "/2015-03-31/functions/f/aliases", R"({"Name":"a","FunctionVersion":"1"})").status, 201);
  ASSERT_EQ(provision("a", 1).status, 202);
  EXPECT_EQ(provision("1", 1).member("message"), "Version is pointed to by a Provisioned Concurrency alias");
  ASSERT_EQ(call("DELETE", "/2019-09-30/functions/f/provisioned-concurrency?Qualifier=a").status, 204);
  ASSERT_EQ(provision("1", 1).status, 202);
  EXPECT_EQ(provision("a", 1).status, 409);
}

TEST_F(Controls, EnforcedSignaturesLetNoPackageIn) {
  make_function("f");
  auto made = call("POST", "/2020-04-22/code-signing-configs",
                   R"({"AllowedPublishers":{"SigningProfileVersionArns":["arn:aws:signer:us-east-1:1:/p/x"]},)"
                   R"("CodeSigningPolicies":{"UntrustedArtifactOnDeployment":"Enforce"}})");
  ASSERT_EQ(made.status, 201);
  auto arn = std::string(made.json()["CodeSigningConfig"].as_object()["CodeSigningConfigArn"].as_string());
  ASSERT_EQ(
      call("PUT", "/2020-06-30/functions/f/code-signing-config", R"({"CodeSigningConfigArn":")" + arn + "\"}").status,
      200);
  auto update = call("PUT", "/2015-03-31/functions/f/code", R"({"ZipFile":"UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA=="})");
  EXPECT_EQ(update.status, 400);
  EXPECT_EQ(update.header("x-amzn-ErrorType"), "CodeVerificationFailedException");
  EXPECT_EQ(create("g", {{"CodeSigningConfigArn", arn}}).status, 400);
  EXPECT_EQ(call("DELETE", "/2020-04-22/code-signing-configs/" + arn).status, 409);
}

TEST_F(Controls, PoliciesShareTheRevisionOfWhatTheyBelongTo) {
  make_function("f");
  auto add = [this](const std::string& sid, const std::string& more = "") {
    return call("POST", "/2015-03-31/functions/f/policy",
                R"({"StatementId":")" + sid + R"(","Action":"lambda:InvokeFunction","Principal":"s3.amazonaws.com")" +
                    more + "}");
  };
  ASSERT_EQ(add("a").status, 201);
  auto revision = call("GET", "/2015-03-31/functions/f/policy").member("RevisionId");
  EXPECT_EQ(call("GET", "/2015-03-31/functions/f/configuration").member("RevisionId"), revision);
  EXPECT_EQ(add("b", R"(,"RevisionId":"other")").status, 412);
  EXPECT_EQ(add("b", R"(,"RevisionId":")" + revision + "\"").status, 201);
  EXPECT_EQ(call("POST", "/2015-03-31/functions/f/policy",
                 R"({"StatementId":"c","Action":"lambda:InvokeFunction","Principal":"nobody.example.com"})")
                .member("message"),
            "The provided principal was invalid. Please check the principal and try again.");
}

TEST(ControlsState, IsKept) {
  Function function{.region = "us-east-1", .account = k_account, .name = "f"};
  function.urls[""] = {.url = "https://x/", .auth_type = "NONE", .cors = boost::json::object{{"MaxAge", 1}}};
  function.provisioned["1"] = {.executions = 3};
  function.runtime_management["$LATEST"] = {"Manual", "arn"};
  function.recursive_loop = "Allow";
  function.code_signing_config = "csc";
  function.event_configs["$LATEST"].on_failure = "arn:f";
  function.latest.snap_start = "PublishedVersions";
  auto read = from_document(to_document(function));
  EXPECT_EQ(to_document(read), to_document(function));
  EXPECT_EQ(read.urls.at("").cors->at("MaxAge").as_int64(), 1);
  EXPECT_EQ(read.event_configs.at("$LATEST").on_failure, "arn:f");
}

}  // namespace
}  // namespace sortie::emulator::lambda
