#include <gtest/gtest.h>

#include "emulator/lambda/lambda_fixture.h"

/// Environments that are initialised ahead.
namespace sortie::emulator::lambda {
namespace {

namespace json = boost::json;

class Provisioned : public LambdaTest {
 protected:
  static std::string path(const std::string& qualifier) {
    return "/2019-09-30/functions/f/provisioned-concurrency?Qualifier=" + qualifier;
  }
  Reply provision(const std::string& qualifier, int executions) {
    return call("PUT", path(qualifier), R"({"ProvisionedConcurrentExecutions":)" + std::to_string(executions) + "}");
  }
  json::object status(const std::string& qualifier) { return call("GET", path(qualifier)).json(); }
  /// `STATUS requested/allocated` when it is in progress no longer.
  std::string settled(const std::string& qualifier) {
    json::object document;
    for (int i = 0; i < 2000; ++i) {
      document = status(qualifier);
      if (!document.contains("Status") || document["Status"].as_string() != "IN_PROGRESS") break;
      run(sleep_for(std::chrono::milliseconds(5)));
    }
    if (!document.contains("Status")) return serialize(document);
    return std::string(document["Status"].as_string()) + " " +
           std::to_string(document["RequestedProvisionedConcurrentExecutions"].as_int64()) + "/" +
           std::to_string(document["AllocatedProvisionedConcurrentExecutions"].as_int64());
  }
  void make(json::object more = {}) {
    make_function("f", std::move(more));
    ASSERT_EQ(call("POST", "/2015-03-31/functions/f/versions").status, 201);
  }
  std::string environment_of(const std::string& qualifier, const std::string& payload) {
    return call("POST", "/2015-03-31/functions/f/invocations?Qualifier=" + qualifier, payload).body;
  }
  [[nodiscard]] int count(std::string_view text) const {
    int found = 0;
    const auto all = logs.all();
    for (auto at = all.find(text); at != std::string::npos; at = all.find(text, at + 1)) ++found;
    return found;
  }
};

TEST_F(Provisioned, EnvironmentsAreInitialisedAhead) {
  make();
  auto put = provision("1", 3);
  EXPECT_EQ(put.status, 202);
  EXPECT_EQ(put.member("Status"), "IN_PROGRESS");
  EXPECT_EQ(put.member("AllocatedProvisionedConcurrentExecutions"), "0");
  EXPECT_EQ(settled("1"), "READY 3/3");
  EXPECT_EQ(logs.streams.size(), 3U) << "each has its log already";
  EXPECT_EQ(count("INIT_START"), 3);
  EXPECT_EQ(count("INIT_REPORT Init Duration: "), 3);
  auto reply = call("POST", "/2015-03-31/functions/f/invocations?Qualifier=1", do_("environment"), k_tail);
  EXPECT_EQ(reply.member("AWS_LAMBDA_INITIALIZATION_TYPE"), "provisioned-concurrency") << reply.body;
  EXPECT_EQ(count("INIT_START"), 3) << "the invocation started nothing";
  EXPECT_EQ(settled("1"), "READY 3/3");
}

TEST_F(Provisioned, WhatIsMoreRunsOnDemand) {
  make();
  provision("1", 1);
  ASSERT_EQ(settled("1"), "READY 1/1");
  std::vector<Reply> replies;
  for (int i = 0; i < 2; ++i) {
    asio::co_spawn(
        io,
        [](Lambda& service, Call request, std::vector<Reply>& into) -> Task<void> {
          into.push_back(co_await exchange(service, std::move(request)));
        }(lambda(), make_call("POST", "/2015-03-31/functions/f/invocations?Qualifier=1", do_("environment")), replies),
        asio::detached);
  }
  ASSERT_TRUE(run_until([&] { return replies.size() == 2; }));
  std::set<std::string> types{replies[0].member("AWS_LAMBDA_INITIALIZATION_TYPE"),
                              replies[1].member("AWS_LAMBDA_INITIALIZATION_TYPE")};
  EXPECT_EQ(types, (std::set<std::string>{"on-demand", "provisioned-concurrency"}));
  // $LATEST has none of it.
  EXPECT_EQ(json::parse(environment_of("$LATEST", do_("environment"))).as_object()["AWS_LAMBDA_INITIALIZATION_TYPE"],
            "on-demand");
}

TEST_F(Provisioned, AnInitThatFailsIsTold) {
  make({{"Handler", "init.exit"}});
  provision("1", 2);
  EXPECT_EQ(settled("1"), "FAILED 2/0");
  EXPECT_EQ(status("1")["StatusReason"].as_string(), "FUNCTION_ERROR_INIT_FAILURE");
  EXPECT_GE(count("Phase: init\tStatus: error\tError Type: Runtime.ExitError"), 1) << logs.all();
}

TEST_F(Provisioned, FewerAndNoneAreRemoved) {
  make();
  provision("1", 3);
  ASSERT_EQ(settled("1"), "READY 3/3");
  provision("1", 1);
  EXPECT_EQ(settled("1"), "READY 1/1");
  EXPECT_EQ(call("DELETE", path("1")).status, 204);
  EXPECT_EQ(call("GET", path("1")).status, 404);
  EXPECT_EQ(json::parse(environment_of("1", do_("environment"))).as_object()["AWS_LAMBDA_INITIALIZATION_TYPE"],
            "on-demand");
  EXPECT_EQ(call("DELETE", "/2015-03-31/functions/f").status, 204);
}

TEST_F(Provisioned, ABrokenEnvironmentIsReplaced) {
  make();
  provision("1", 1);
  ASSERT_EQ(settled("1"), "READY 1/1");
  EXPECT_NE(environment_of("1", do_("exit127")).find("Runtime.ExitError"), std::string::npos);
  EXPECT_EQ(settled("1"), "READY 1/1");
  EXPECT_EQ(json::parse(environment_of("1", do_("environment"))).as_object()["AWS_LAMBDA_INITIALIZATION_TYPE"],
            "provisioned-concurrency");
}

TEST_F(Provisioned, MovesWithTheAlias) {
  make();
  ASSERT_EQ(call("POST", "/2015-03-31/functions/f/aliases", R"({"Name":"a","FunctionVersion":"1"})").status, 201);
  provision("a", 1);
  ASSERT_EQ(settled("a"), "READY 1/1");
  ASSERT_EQ(call("PUT", "/2015-03-31/functions/f/configuration", R"({"Timeout":7})").status, 200);
  wait_settled("f");
  ASSERT_EQ(call("POST", "/2015-03-31/functions/f/versions").status, 201);
  ASSERT_EQ(call("PUT", "/2015-03-31/functions/f/aliases/a", R"({"FunctionVersion":"2"})").status, 200);
  auto moving = status("a");
  EXPECT_EQ(moving["Status"].as_string(), "IN_PROGRESS");
  EXPECT_EQ(moving["AllocatedProvisionedConcurrentExecutions"].as_int64(), 1) << "the one before stays meanwhile";
  EXPECT_EQ(settled("a"), "READY 1/1");
  auto moved = json::parse(environment_of("a", do_("environment"))).as_object();
  EXPECT_EQ(moved["AWS_LAMBDA_FUNCTION_VERSION"], "2");
  EXPECT_EQ(moved["AWS_LAMBDA_INITIALIZATION_TYPE"], "provisioned-concurrency");
  // The version behind the alias has the same environments, whichever name it is called by; the one before has none.
  EXPECT_EQ(json::parse(environment_of("2", do_("environment"))).as_object()["AWS_LAMBDA_INITIALIZATION_TYPE"],
            "provisioned-concurrency");
  EXPECT_EQ(json::parse(environment_of("1", do_("environment"))).as_object()["AWS_LAMBDA_INITIALIZATION_TYPE"],
            "on-demand");
}

TEST_F(Provisioned, AllOfAReservationLeavesNothingForTheUnpublishedVersion) {
  make();
  ASSERT_EQ(call("PUT", "/2017-10-31/functions/f/concurrency", R"({"ReservedConcurrentExecutions":2})").status, 200);
  provision("1", 1);
  ASSERT_EQ(settled("1"), "READY 1/1");
  EXPECT_EQ(invoke("f", "1").body, "1") << "one of the two is left";
  provision("1", 2);
  ASSERT_EQ(settled("1"), "READY 2/2");
  auto refused = invoke("f", "1");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.member("Reason"), "ReservedFunctionConcurrentInvocationLimitExceeded");
  EXPECT_EQ(json::parse(environment_of("1", do_("environment"))).as_object()["AWS_LAMBDA_INITIALIZATION_TYPE"],
            "provisioned-concurrency");
}

TEST_F(Provisioned, IsBoundedByTheMachine) {
  options.provisioned_limit = 2;
  make();
  provision("1", 3);
  EXPECT_EQ(settled("1"), "FAILED 3/2");
  EXPECT_EQ(status("1")["StatusReason"].as_string(), "This machine keeps at most 2 provisioned environments");
  provision("1", 2);
  EXPECT_EQ(settled("1"), "READY 2/2");
}

TEST_F(Provisioned, NotForWhatIsNotPublished) {
  make();
  ASSERT_EQ(call("POST", "/2015-03-31/functions/f/aliases", R"({"Name":"l","FunctionVersion":"$LATEST"})").status, 201);
  EXPECT_EQ(provision("l", 1).member("message"),
            "Provisioned Concurrency Configs cannot be applied to unpublished function versions.");
}

TEST_F(Provisioned, ComesBackWithTheState) {
  make();
  provision("1", 2);
  ASSERT_EQ(settled("1"), "READY 2/2");
  run(service->shutdown());
  service.reset();
  EXPECT_EQ(settled("1"), "READY 2/2");
  EXPECT_EQ(count("INIT_START"), 4);
}

}  // namespace
}  // namespace sortie::emulator::lambda
