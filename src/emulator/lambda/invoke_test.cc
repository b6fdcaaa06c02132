#include <gtest/gtest.h>

#include "emulator/lambda/execution/environment.h"
#include "emulator/lambda/lambda_fixture.h"
#include "sandbox/sandbox.h"

namespace sortie::emulator::lambda {
namespace {

class Invoke : public LambdaTest {};

TEST_F(Invoke, RunsTheFunctionAndWarmAgain) {
  make_function("f");
  auto cold = invoke("f", R"({"a":1})", k_tail);
  ASSERT_EQ(cold.status, 200) << cold.body;
  EXPECT_EQ(cold.body, R"({"a":1})");
  EXPECT_EQ(cold.header("X-Amz-Executed-Version"), "$LATEST");
  EXPECT_EQ(cold.header("X-Amz-Function-Error"), "(absent)");
  EXPECT_NE(tail_of(cold).find("Init Duration: "), std::string::npos) << tail_of(cold);
  auto id = cold.header("x-amzn-RequestId");
  EXPECT_TRUE(tail_of(cold).starts_with("START RequestId: " + id + " Version: $LATEST\nEND RequestId: " + id +
                                        "\nREPORT RequestId: " + id + "\tDuration: "));
  auto warm = invoke("f", R"({"a":2})", k_tail);
  EXPECT_EQ(warm.body, R"({"a":2})");
  EXPECT_EQ(tail_of(warm).find("Init Duration"), std::string::npos);
  EXPECT_EQ(logs.streams.size(), 1u);
}

TEST_F(Invoke, AnEmptyPayloadIsAnEmptyObject) {
  make_function("f");
  EXPECT_EQ(invoke("f", "").body, "{}");
}

TEST_F(Invoke, LogsGoToTheFunctionsStreamInOrder) {
  make_function("f");
  auto reply = invoke("f", do_("print"), k_tail);
  ASSERT_EQ(logs.streams.size(), 1u);
  const auto& [name, text] = *logs.streams.begin();
  EXPECT_TRUE(name.starts_with("/aws/lambda/f 20")) << name;
  EXPECT_NE(name.find("/[$LATEST]"), std::string::npos) << name;
  EXPECT_TRUE(text.starts_with("INIT_START Runtime Version: provided:al2023.v1\tRuntime Version ARN: arn:aws:lambda:"));
  auto start = text.find("START RequestId");
  auto line = text.find("one line\n");
  auto end = text.find("END RequestId");
  auto report = text.find("REPORT RequestId");
  EXPECT_TRUE(start < line && line < text.find("no newline") && text.find("to stderr\n") < end && end < report) << text;
  EXPECT_TRUE(text.ends_with("\t\n")) << text;
}

TEST_F(Invoke, ARoleThatMayNotWriteLogsHasNone) {
  iam.denied_actions = {"logs:PutLogEvents"};
  make_function("f");
  auto reply = invoke("f", do_("print"), k_tail);
  EXPECT_NE(tail_of(reply).find("one line\n"), std::string::npos);
  EXPECT_TRUE(logs.streams.empty());
}

TEST_F(Invoke, AFloodOfOutputIsComplete) {
  make_function("f", {{"Timeout", 60}});
  auto reply = invoke("f", do_("flood"));
  EXPECT_EQ(reply.body, do_("flood"));
  auto text = logs.all();
  const auto line = std::string(99, 'f') + '\n';
  auto at = text.find(line);
  int lines = 0;
  while (at != std::string::npos && text.compare(at, line.size(), line) == 0) {
    ++lines;
    at += line.size();
  }
  EXPECT_EQ(lines, 100'000);
  EXPECT_EQ(text.substr(at, 8), "the end\n");
  EXPECT_LT(at, text.find("REPORT RequestId"));
}

TEST_F(Invoke, LogsThatCannotBeStoredDoNotStopTheFunction) {
  make_function("f");
  logs.full = true;
  EXPECT_EQ(invoke("f", do_("print")).body, do_("print"));
  auto second = invoke("f", "{}", k_tail);
  EXPECT_NE(tail_of(second).find("could not be stored: the disk is full"), std::string::npos) << tail_of(second);
}

TEST_F(Invoke, ErrorsOfTheFunctionArePassedOn) {
  make_function("f");
  auto reply = invoke("f", do_("error"));
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.header("X-Amz-Function-Error"), "Unhandled");
  EXPECT_EQ(reply.body, R"({"errorMessage":"no","errorType":"MyError"})");
}

/// Ways to die, close behind an invocation that went well.
class InvokeDies : public LambdaTest, public testing::WithParamInterface<const char*> {};

TEST_P(InvokeDies, AndItsLogIsThereWithTheAnswer) {
  make_function("f", {{"Timeout", 1}});
  ASSERT_EQ(invoke("f", "1").body, "1");
  ASSERT_EQ(invoke("f", "2").body, "2");
  const auto dead = invoke("f", do_(GetParam()));
  EXPECT_EQ(dead.header("X-Amz-Function-Error"), "Unhandled");
  EXPECT_NE(logs.all().find("REPORT RequestId: " + dead.header("x-amzn-RequestId")), std::string::npos) << logs.all();
}

INSTANTIATE_TEST_SUITE_P(All, InvokeDies, testing::Values("exit0", "exit127", "abort", "memory", "hang"),
                         [](const auto& info) { return std::string(info.param); });

struct Exit {
  const char* what;
  const char* message;
};

class InvokeExit : public LambdaTest, public testing::WithParamInterface<Exit> {};

TEST_P(InvokeExit, IsReportedAsLambdaReportsIt) {
  make_function("f");
  auto reply = invoke("f", do_(GetParam().what), k_tail);
  auto id = reply.header("x-amzn-RequestId");
  auto message = "RequestId: " + id + " Error: " + GetParam().message;
  EXPECT_EQ(reply.header("X-Amz-Function-Error"), "Unhandled");
  EXPECT_EQ(reply.member("errorType"), "Runtime.ExitError");
  EXPECT_EQ(reply.member("errorMessage"), message);
  auto tail = tail_of(reply);
  EXPECT_NE(tail.find(message + "\nRuntime.ExitError\nEND RequestId"), std::string::npos) << tail;
  EXPECT_TRUE(tail.ends_with("\tStatus: error\tError Type: Runtime.ExitError\n")) << tail;
  EXPECT_EQ(invoke("f", "7").body, "7");  // the environment starts again
}

INSTANTIATE_TEST_SUITE_P(All, InvokeExit,
                         testing::Values(Exit{"exit0", "Runtime exited without providing a reason"},
                                         Exit{"exit127", "Runtime exited with error: exit status 127"},
                                         Exit{"abort", "Runtime exited with error: signal: aborted"}),
                         [](const auto& info) { return std::string(info.param.what); });

TEST_F(Invoke, OutOfMemoryIsNamed) {
  make_function("f", {{"Timeout", 60}});
  auto reply = invoke("f", do_("memory"), k_tail);
  EXPECT_EQ(reply.member("errorType"), "Runtime.OutOfMemory") << reply.body;
  EXPECT_TRUE(reply.member("errorMessage").ends_with("Error: Runtime exited with error: signal: killed"));
  EXPECT_TRUE(tail_of(reply).ends_with("\tStatus: error\tError Type: Runtime.OutOfMemory\n")) << tail_of(reply);
}

TEST_F(Invoke, TimesOutKillsTheProcessAndKeepsTmp) {
  make_function("f", {{"Timeout", 1}});
  EXPECT_EQ(invoke("f", do_("count")).body, "1");
  auto reply = invoke("f", do_("hang"), k_tail);
  auto id = reply.header("x-amzn-RequestId");
  EXPECT_EQ(reply.header("X-Amz-Function-Error"), "Unhandled");
  EXPECT_EQ(reply.member("errorType"), "Sandbox.Timedout");
  EXPECT_EQ(reply.member("errorMessage"), "RequestId: " + id + " Error: Task timed out after 1.00 seconds");
  auto tail = tail_of(reply);
  EXPECT_NE(tail.find(id + " Task timed out after 1.00 seconds\nEND"), std::string::npos) << tail;
  EXPECT_TRUE(tail.ends_with("\tStatus: timeout\n")) << tail;
  EXPECT_EQ(invoke("f", do_("count")).body, "2");
  EXPECT_EQ(logs.streams.size(), 1u);
}

TEST_F(Invoke, AnAnswerThatIsTooLargeIsRefused) {
  make_function("f");
  auto reply = invoke("f", do_("large"), k_tail);
  EXPECT_EQ(reply.header("X-Amz-Function-Error"), "Unhandled");
  EXPECT_EQ(reply.member("errorType"), "Function.ResponseSizeTooLarge");
  EXPECT_NE(reply.member("errorMessage").find("6291556 bytes"), std::string::npos);
  EXPECT_NE(tail_of(reply).find("refused with 413"), std::string::npos) << tail_of(reply);
  EXPECT_EQ(invoke("f", "1").body, "1");
}

TEST_F(Invoke, AWrongRequestIdIsRefused) {
  make_function("f");
  auto reply = invoke("f", do_("wrong-id"));
  EXPECT_TRUE(reply.body.starts_with("400")) << reply.body;
  EXPECT_NE(reply.body.find("InvalidRequestID"), std::string::npos);
}

TEST_F(Invoke, ASecondAnswerIsRefused) {
  make_function("f");
  auto reply = invoke("f", do_("twice"), k_tail);
  EXPECT_EQ(reply.body, "1");
  EXPECT_NE(tail_of(reply).find("second answer: 403"), std::string::npos) << tail_of(reply);
}

TEST_F(Invoke, AnAnswerStandsWhenTheRuntimeExitsAfterwards) {
  make_function("f");
  auto reply = invoke("f", do_("answer-and-exit"), k_tail);
  EXPECT_EQ(reply.body, "\"last words\"");
  EXPECT_EQ(reply.header("X-Amz-Function-Error"), "(absent)");
  EXPECT_NE(tail_of(reply).find("Runtime exited with error: exit status 3"), std::string::npos);
}

TEST_F(Invoke, ALingeringRuntimeDoesNotKeepTheCaller) {
  make_function("f");
  auto reply = invoke("f", do_("answer-and-linger"));
  EXPECT_EQ(reply.body, "\"early\"");
  EXPECT_EQ(logs.all().find("lingered"), std::string::npos);
  EXPECT_TRUE(run_until([&] { return logs.all().find("REPORT") != std::string::npos; }));
  EXPECT_LT(logs.all().find("lingered"), logs.all().find("REPORT"));
}

TEST_F(Invoke, AFailedInitIsTriedAgainWithinTheInvocation) {
  make_function("f", {{"Handler", "init.exit"}});
  auto reply = invoke("f", "{}", k_tail);
  auto id = reply.header("x-amzn-RequestId");
  EXPECT_EQ(reply.member("errorType"), "Runtime.ExitError");
  EXPECT_EQ(reply.member("errorMessage"), "RequestId: " + id + " Error: Runtime exited with error: exit status 7");
  auto text = logs.all();
  auto init = text.find("\tPhase: init\tStatus: error\tError Type: Runtime.ExitError\nINIT_REPORT Init Duration: ");
  auto again = text.find("\tPhase: invoke\tStatus: error\tError Type: Runtime.ExitError\nSTART RequestId: ");
  EXPECT_NE(init, std::string::npos) << text;
  EXPECT_NE(again, std::string::npos) << text;
  EXPECT_TRUE(text.ends_with("\tStatus: error\tError Type: Runtime.ExitError\n")) << text;
}

TEST_F(Invoke, AnInitThatWorksTheSecondTimeIsGood) {
  make_function("f", {{"Handler", "init.exit-once"}});
  EXPECT_EQ(invoke("f", "5").body, "5");
  EXPECT_NE(logs.all().find("Phase: init\tStatus: error"), std::string::npos);
  EXPECT_EQ(logs.all().find("Phase: invoke"), std::string::npos);
}

TEST_F(Invoke, AReportedInitErrorIsTheResult) {
  make_function("f", {{"Handler", "init.error"}});
  auto reply = invoke("f");
  EXPECT_EQ(reply.header("X-Amz-Function-Error"), "Unhandled");
  EXPECT_EQ(reply.body, R"({"errorMessage":"cannot start","errorType":"Init.Bad"})");
  EXPECT_NE(logs.all().find("Phase: init\tStatus: error\tError Type: Init.Bad"), std::string::npos) << logs.all();
}

TEST_F(Invoke, AnInitThatHangsIsNotAnExit) {
  options.init_limit = std::chrono::milliseconds(300);
  make_function("f", {{"Handler", "init.hang"}, {"Timeout", 1}});
  auto reply = invoke("f");
  EXPECT_EQ(reply.member("errorType"), "Sandbox.Timedout");
  EXPECT_NE(logs.all().find("\tPhase: init\tStatus: timeout\n"), std::string::npos) << logs.all();
  EXPECT_NE(logs.all().find("\tPhase: invoke\tStatus: timeout\nSTART"), std::string::npos) << logs.all();
}

TEST_F(Invoke, OutputOfTheInitComesBeforeStart) {
  make_function("f", {{"Handler", "init.print"}});
  invoke("f");
  EXPECT_LT(logs.all().find("starting\n"), logs.all().find("START RequestId"));
}

std::string zip_document(const std::vector<ZipItem>& items) {
  return wire::base64_encode(make_zip(items));
}

TEST_F(Invoke, ABootstrapThatIsNotThereOrCannotRun) {
  make_function("none", {{"Code", boost::json::object{{"ZipFile", zip_document({{"other", "x"}})}}}});
  auto none = invoke("none");
  EXPECT_EQ(none.member("errorType"), "Runtime.InvalidEntrypoint");
  EXPECT_TRUE(none.member("errorMessage")
                  .ends_with("Error: Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"));
  make_function("mode", {{"Code", boost::json::object{{"ZipFile", zip_document({{"bootstrap", "#!/bin/sh\n"}})}}}});
  const auto mode = invoke("mode").member("errorMessage");
  EXPECT_TRUE(mode.ends_with("fork/exec /var/task/bootstrap: permission denied")) << mode;
  make_function("data",
                {{"Code", boost::json::object{{"ZipFile", zip_document({{"bootstrap", "garbage", S_IFREG | 0755}})}}}});
  EXPECT_TRUE(invoke("data").member("errorMessage").ends_with("fork/exec /var/task/bootstrap: exec format error"));
  make_function("script",
                {{"Code", boost::json::object{
                              {"ZipFile", zip_document({{"bootstrap", "#!/no/such/shell\n", S_IFREG | 0755}})}}}});
  EXPECT_TRUE(
      invoke("script").member("errorMessage").ends_with("fork/exec /var/task/bootstrap: no such file or directory"));
}

TEST_F(Invoke, TheEnvironmentIsLambdas) {
  options.aws = &aws;
  make_function("f", {{"Environment", boost::json::object{{"Variables", boost::json::object{{"MINE", "yes"}}}}}});
  auto variables = invoke("f", do_("environment"));
  EXPECT_EQ(variables.member("MINE"), "yes");
  EXPECT_EQ(variables.member("AWS_LAMBDA_FUNCTION_NAME"), "f");
  EXPECT_EQ(variables.member("AWS_ACCESS_KEY_ID"), "ASIAFAKE");
  EXPECT_EQ(variables.member("AWS_LAMBDA_LOG_STREAM_NAME"), logs.streams.begin()->first.substr(14));
  if (sandbox::probe().namespaces) {
    EXPECT_EQ(variables.member("AWS_LAMBDA_RUNTIME_API"), "169.254.100.1:9001");
    EXPECT_EQ(variables.member("AWS_ENDPOINT_URL"), "(absent)");
  }
  EXPECT_EQ(invoke("f:$LATEST", do_("headers")).body, "\"arn:aws:lambda:us-east-1:111111111111:function:f:$LATEST\"");
}

TEST_F(Invoke, AwsNamesLeadToTheEmulator) {
  if (!sandbox::probe().namespaces) GTEST_SKIP() << "no namespaces here: " << sandbox::probe().reason;
  options.aws = &aws;
  make_function("f");
  auto reply = invoke("f", do_("resolve"));
  EXPECT_TRUE(reply.body.starts_with(R"(["169.254.78.1",)")) << reply.body;
  EXPECT_EQ(reply.body.find("169.254.78.1", 20), std::string::npos) << reply.body;
}

TEST_F(Invoke, AwsIsReachedByItsOwnNames) {
  if (!sandbox::probe().namespaces) GTEST_SKIP() << "no namespaces here: " << sandbox::probe().reason;
  options.aws = &aws;
  make_function("f");
  EXPECT_EQ(invoke("f", do_("fetch")).body, "\"hello from aws\"");
  EXPECT_EQ(aws.hosts, std::vector<std::string>{"bucket.s3.amazonaws.com"});
}

TEST_F(Invoke, OnTheHostsNetworkAwsIsReachedByItsUrl) {
  options.aws = &aws;
  options.host_network = true;
  make_function("f");
  EXPECT_EQ(invoke("f", do_("fetch-endpoint")).body, "\"hello from aws\"");
}

TEST_F(Invoke, AFrozenEnvironmentGoesOn) {
  make_function("f");
  EXPECT_EQ(invoke("f", do_("count")).body, "1");
  run(sleep_for(10 * Environment::k_freeze_delay));
  EXPECT_EQ(invoke("f", do_("count")).body, "2");
  EXPECT_EQ(logs.streams.size(), 1u);
}

TEST_F(Invoke, AnIdleEnvironmentIsRemoved) {
  options.idle_limit = std::chrono::seconds(0);
  make_function("f");
  invoke("f");
  EXPECT_TRUE(run_until([&] {
    run(sleep_for(std::chrono::milliseconds(200)));
    invoke("f");
    return logs.streams.size() > 1;
  }));
}

TEST_F(Invoke, OneEnvironmentForEachAtTheSameTime) {
  make_function("f");
  std::vector<std::optional<Reply>> replies(4);
  for (auto& reply : replies) {
    asio::co_spawn(
        io,
        [](LambdaTest& test, Lambda& service, Call call, std::optional<Reply>& out) -> Task<void> {
          (void)test;
          out = co_await exchange(service, std::move(call));
        }(*this, lambda(), make_call("POST", "/2015-03-31/functions/f/invocations", do_("answer-and-linger")), reply),
        asio::detached);
  }
  ASSERT_TRUE(run_until(
      [&] { return std::all_of(replies.begin(), replies.end(), [](auto& each) { return each.has_value(); }); }));
  for (const auto& reply : replies) EXPECT_EQ(reply->body, "\"early\"");
  EXPECT_EQ(logs.streams.size() >= 4 || run_until([&] { return logs.streams.size() == 4; }), true);
}

TEST_F(Invoke, ReservedConcurrencyThrottles) {
  make_function("f");
  ASSERT_EQ(call("PUT", "/2017-10-31/functions/f/concurrency", R"({"ReservedConcurrentExecutions":0})").status, 200);
  auto reply = invoke("f");
  EXPECT_EQ(reply.status, 429);
  EXPECT_EQ(reply.header("x-amzn-ErrorType"), "TooManyRequestsException");
  EXPECT_EQ(reply.member("Reason"), "ReservedFunctionConcurrentInvocationLimitExceeded");
  EXPECT_EQ(reply.member("message"), "Rate Exceeded.");
  EXPECT_EQ(reply.member("Type"), "User");
  EXPECT_EQ(call("DELETE", "/2017-10-31/functions/f/concurrency").status, 204);
  EXPECT_EQ(invoke("f", "1").body, "1");
}

TEST_F(Invoke, AnUpdateDrainsTheOldEnvironments) {
  make_function("f");
  EXPECT_EQ(invoke("f", do_("count")).body, "1");
  EXPECT_EQ(call("PUT", "/2015-03-31/functions/f/configuration", R"({"MemorySize":256})").status, 200);
  wait_settled("f");
  auto reply = invoke("f", do_("count"), k_tail);
  EXPECT_EQ(reply.body, "1");
  EXPECT_NE(tail_of(reply).find("Memory Size: 256 MB"), std::string::npos);
}

TEST_F(Invoke, RefusesBadRequests) {
  make_function("f");
  auto json = invoke("f", "{not json");
  EXPECT_EQ(json.status, 400);
  EXPECT_EQ(json.header("x-amzn-ErrorType"), "InvalidRequestContentException");
  auto missing = invoke("doesnotexist");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.member("Message"),
            "Function not found: arn:aws:lambda:us-east-1:111111111111:function:doesnotexist:$LATEST");
  auto large = invoke("f", '"' + std::string(6'291'456, 'x') + '"');
  EXPECT_EQ(large.status, 413);
  EXPECT_EQ(large.header("x-amzn-ErrorType"), "RequestTooLargeException");
  auto event = invoke("f", '"' + std::string(1'048'576, 'x') + '"', {{"X-Amz-Invocation-Type", "Event"}});
  EXPECT_EQ(event.status, 413);
  EXPECT_EQ(invoke("f", "{}", {{"X-Amz-Invocation-Type", "DryRun"}}).status, 204);
  EXPECT_EQ(invoke("f", "{}", {{"X-Amz-Invocation-Type", "Other"}}).status, 400);
  EXPECT_TRUE(logs.streams.empty());
}

TEST_F(Invoke, AsksIamWithTheFunctionsPolicy) {
  make_function("f");
  call("POST", "/2015-03-31/functions/f/policy",
       R"({"StatementId":"s","Action":"lambda:InvokeFunction","Principal":"222222222222"})");
  iam.denied_actions = {"lambda:InvokeFunction"};
  auto reply = invoke("f");
  EXPECT_EQ(reply.status, 403);
  EXPECT_EQ(reply.header("x-amzn-ErrorType"), "AccessDeniedException");
  const auto& question = iam.questions.back();
  EXPECT_EQ(question.resource, "arn:aws:lambda:us-east-1:111111111111:function:f");
  EXPECT_NE(question.resource_policy.find("arn:aws:iam::222222222222:root"), std::string::npos);
}

TEST_F(Invoke, ARoleThatIsGoneIsNoFunctionError) {
  make_function("f");
  iam.bad_roles = {k_role};
  auto reply = invoke("f");
  EXPECT_EQ(reply.status, 403);
  EXPECT_EQ(reply.member("Message"), "The role defined for the function cannot be assumed by Lambda.");
}

TEST_F(Invoke, AsynchronousFailuresAreTriedTwiceMoreWithTheSameId) {
  options.async_retry_delays = {std::chrono::milliseconds(1), std::chrono::milliseconds(1)};
  make_function("f");
  auto accepted = invoke("f", do_("error"), {{"X-Amz-Invocation-Type", "Event"}});
  EXPECT_EQ(accepted.status, 202);
  EXPECT_EQ(accepted.body, "");
  auto start = "START RequestId: " + accepted.header("x-amzn-RequestId");
  auto starts = [&] {
    auto text = logs.all();
    int count = 0;
    for (auto at = text.find(start); at != std::string::npos; at = text.find(start, at + 1)) ++count;
    return count;
  };
  EXPECT_TRUE(run_until([&] { return starts() == 3; }));
  auto left = [&] { return store->db().execAndGet("SELECT count(*) FROM lambda_async").getInt(); };
  EXPECT_TRUE(run_until([&] { return left() == 0; }));
  EXPECT_EQ(starts(), 3);
}

TEST_F(Invoke, AsynchronousInvocationsSurviveTheProcess) {
  options.async_retry_delays = {std::chrono::hours(1)};
  make_function("f");
  invoke("f", do_("error"), {{"X-Amz-Invocation-Type", "Event"}});
  ASSERT_TRUE(run_until([&] { return logs.all().find("REPORT") != std::string::npos; }));
  service.reset();  // as a killed process: without a shutdown
  logs.streams.clear();
  options.async_retry_delays = {};
  lambda();
  EXPECT_TRUE(run_until([&] { return logs.all().find("REPORT") != std::string::npos; }));
}

}  // namespace
}  // namespace sortie::emulator::lambda
