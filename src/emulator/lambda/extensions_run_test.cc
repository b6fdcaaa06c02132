#include <gtest/gtest.h>

#include "emulator/lambda/lambda_fixture.h"

/// Extensions in real sandboxes: the test bootstrap plays them, what it does is in the file's name.
namespace sortie::emulator::lambda {
namespace {

namespace json = boost::json;

class WithExtensions : public LambdaTest {
 protected:
  /// A function with a layer of these files in `extensions/`; those that begin with `plain-` are not executable.
  void make(const std::vector<std::string>& extensions, json::object more = {}) {
    std::string program;
    std::FILE* file = std::fopen(SORTIE_TEST_BOOTSTRAP, "rb");
    char piece[65536];
    for (std::size_t count = 0; (count = std::fread(piece, 1, sizeof piece, file)) > 0;) program.append(piece, count);
    std::fclose(file);
    std::vector<ZipItem> items;
    for (const auto& name : extensions) {
      items.push_back({"extensions/" + name, program, S_IFREG | (name.starts_with("plain-") ? 0644U : 0755U)});
    }
    json::object layer{{"Content", json::object{{"ZipFile", wire::base64_encode(make_zip(items))}}}};
    auto published = call("POST", "/2018-10-31/layers/l/versions", serialize(layer));
    ASSERT_EQ(published.status, 201) << published.body;
    json::object all{{"Layers", json::array{published.member("LayerVersionArn")}}, {"Timeout", 5}};
    for (auto& [key, value] : more) all.insert_or_assign(key, value);
    make_function("f", std::move(all));
  }
  void end() {
    run(service->shutdown());
    service.reset();
  }
  [[nodiscard]] bool logged(std::string_view text) const { return logs.all().find(text) != std::string::npos; }
  [[nodiscard]] std::size_t at(std::string_view text) const { return logs.all().find(text); }
};

TEST_F(WithExtensions, AreToldOfInvocationsAndTheEnd) {
  make({"a-normal", "b-slow"});
  auto reply = invoke("f", R"({"a":1})", k_tail);
  EXPECT_EQ(reply.body, R"({"a":1})") << logs.all();
  EXPECT_EQ(reply.header("X-Amz-Function-Error"), "(absent)");
  // REPORT is after the end of the slow one, and counts its time.
  const auto tail = tail_of(reply);
  EXPECT_LT(tail.find("b-slow done\n"), tail.find("REPORT RequestId")) << tail;
  EXPECT_GE(std::stod(tail.substr(tail.find("Duration: ") + 10)), 200) << tail;
  EXPECT_EQ(invoke("f", "2").body, "2");
  end();
  auto text = logs.all();
  EXPECT_LT(at("INIT_START"), at("EXTENSION\tName: a-normal\tState: Ready\tEvents: [INVOKE, SHUTDOWN]\n")) << text;
  EXPECT_LT(at("EXTENSION\tName: b-slow\tState: Ready"), at("START RequestId")) << text;
  EXPECT_NE(at(R"("handler":"main","accountId":"111111111111"})"), std::string::npos) << text;
  EXPECT_NE(at(R"(a-normal event 200 {"eventType":"INVOKE","deadlineMs":)"), std::string::npos) << text;
  EXPECT_NE(at(R"("requestId":")" + reply.header("x-amzn-RequestId") +
               R"(","invokedFunctionArn":"arn:aws:lambda:us-east-1:111111111111:function:f","tracing":{)"),
            std::string::npos)
      << text;
  EXPECT_TRUE(logged(R"("shutdownReason":"spindown"})") && logged("a-normal bye\n") && logged("b-slow bye\n")) << text;
}

TEST_F(WithExtensions, DoNotKeepTheCallerWaiting) {
  make({"hangs"}, {{"Timeout", 60}});
  // The extension never asks again: the caller has the answer all the same.
  auto reply = invoke("f", "2");
  EXPECT_EQ(reply.body, "2");
  EXPECT_EQ(reply.header("X-Amz-Function-Error"), "(absent)");
  EXPECT_FALSE(logged("REPORT RequestId"));
}

TEST_F(WithExtensions, AreStartedBeforeTheRuntimeAndStayWithIt) {
  make({"normal"}, {{"Handler", "init.print.term"}});
  invoke("f");
  invoke("f");
  end();
  auto text = logs.all();
  EXPECT_LT(text.find("normal registered"), text.find("START RequestId"));
  EXPECT_EQ(text.find("normal registered"), text.rfind("normal registered"));
  // At the end the runtime goes first.
  EXPECT_LT(text.find("told to end"), text.find("SHUTDOWN\",\"deadlineMs")) << text;
}

TEST_F(WithExtensions, ThatNeverRegisterFailTheInit) {
  options.init_limit = std::chrono::milliseconds(300);
  make({"never-registers"}, {{"Timeout", 1}});
  auto reply = invoke("f");
  EXPECT_EQ(reply.member("errorType"), "Sandbox.Timedout") << reply.body;
  auto text = logs.all();
  EXPECT_NE(text.find("EXTENSION\tName: never-registers\tState: Started\tEvents: []\nINIT_REPORT Init Duration: "),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("Phase: init\tStatus: timeout\n"), std::string::npos) << text;
  EXPECT_NE(text.find("Phase: invoke\tStatus: timeout\n"), std::string::npos) << text;
}

TEST_F(WithExtensions, ThatNeverAskFailTheInit) {
  options.init_limit = std::chrono::milliseconds(300);
  make({"never-asks"}, {{"Timeout", 1}});
  EXPECT_EQ(invoke("f").member("errorType"), "Sandbox.Timedout");
  EXPECT_TRUE(logged("EXTENSION\tName: never-asks\tState: Registered\tEvents: [INVOKE, SHUTDOWN]\n")) << logs.all();
}

struct Broken {
  const char* name;
  const char* type;
  const char* message;
  const char* line;
};

class BrokenExtensions : public WithExtensions, public testing::WithParamInterface<Broken> {};

TEST_P(BrokenExtensions, FailTheInvocationAsInLambda) {
  make({"a-normal", GetParam().name});
  auto reply = invoke("f", "{}", k_tail);
  auto id = reply.header("x-amzn-RequestId");
  EXPECT_EQ(reply.header("X-Amz-Function-Error"), "Unhandled");
  EXPECT_EQ(reply.member("errorType"), GetParam().type) << logs.all();
  EXPECT_EQ(reply.member("errorMessage"), "RequestId: " + id + " Error: " + GetParam().message);
  auto text = logs.all();
  EXPECT_NE(text.find(GetParam().line), std::string::npos) << text;
  EXPECT_NE(text.find("INIT_REPORT"), std::string::npos) << text;
  EXPECT_NE(text.find("Phase: init\tStatus: error\tError Type: " + std::string(GetParam().type)), std::string::npos)
      << text;
  EXPECT_TRUE(tail_of(reply).ends_with("\tStatus: error\tError Type: " + std::string(GetParam().type) + "\n"));
}

INSTANTIATE_TEST_SUITE_P(
    All, BrokenExtensions,
    testing::Values(Broken{"exits-first", "Extension.Crash", "exit status 4",
                           "EXTENSION\tName: exits-first\tState: Started\tEvents: []\n"},
                    Broken{"init-error", "Extension.InitError", "exit code 0",
                           "\tState: InitError\tEvents: [INVOKE, SHUTDOWN]\tError Type: Fatal.NoLuck\n"},
                    Broken{"plain-file", "Extension.LaunchError",
                           "fork/exec /opt/extensions/plain-file: permission denied",
                           "\tState: LaunchError\tEvents: []\tError Type: PermissionDenied\n"}),
    [](const auto& info) {
      std::string name = info.param.name;
      std::erase(name, '-');
      return name;
    });

TEST_F(WithExtensions, AreTenAtMost) {
  std::vector<std::string> names;
  for (char c = 'a'; c <= 'k'; ++c) names.emplace_back(std::string(1, c) + "-normal");
  make(names);
  auto reply = invoke("f");
  EXPECT_EQ(reply.member("errorType"), "Extension.LaunchError") << reply.body;
  EXPECT_TRUE(logged("EXTENSION\tName: k-normal\tState: LaunchError\tEvents: []\tError Type: TooManyExtensions\n"))
      << logs.all();
}

TEST_F(WithExtensions, ThatCrashEndTheEnvironment) {
  make({"a-normal", "b-crashes"});
  auto reply = invoke("f", do_("hang"));
  EXPECT_EQ(reply.member("errorType"), "Extension.Crash") << reply.body;
  EXPECT_TRUE(reply.member("errorMessage").ends_with(" Error: exit status 9")) << reply.body;
  EXPECT_TRUE(logged(R"("shutdownReason":"failure"})") && logged("a-normal bye\n")) << logs.all();
  EXPECT_EQ(invoke("f", do_("hang")).member("errorType"), "Extension.Crash");  // all of it starts again
}

TEST_F(WithExtensions, MaySayWhyTheyEnd) {
  make({"exit-error"});
  auto reply = invoke("f", do_("hang"));
  EXPECT_EQ(reply.member("errorType"), "Extension.ExitError") << reply.body;
  EXPECT_TRUE(reply.member("errorMessage").ends_with(" Error: exit status 1")) << reply.body;
}

TEST_F(WithExtensions, TakePartInTheResetAfterATimeout) {
  make({"normal"}, {{"Timeout", 1}});
  EXPECT_EQ(invoke("f", do_("hang"), k_tail).member("errorType"), "Sandbox.Timedout");
  EXPECT_TRUE(logged(R"("shutdownReason":"timeout"})") && logged("normal bye\n")) << logs.all();
  EXPECT_LT(at("normal bye"), at("REPORT RequestId")) << logs.all();
  EXPECT_EQ(invoke("f", "3").body, "3");
}

TEST_F(WithExtensions, TakePartInTheResetAfterACrash) {
  make({"normal"});
  EXPECT_EQ(invoke("f", do_("exit127")).member("errorType"), "Runtime.ExitError");
  EXPECT_TRUE(logged(R"("shutdownReason":"failure"})") && logged("normal bye\n")) << logs.all();
  EXPECT_EQ(invoke("f", "3").body, "3");
}

TEST_F(WithExtensions, ThatHangTimeTheInvocationOut) {
  make({"hangs"}, {{"Timeout", 1}});
  auto reply = invoke("f", "7");
  EXPECT_EQ(reply.body, "7");  // the runtime's word came in time
  ASSERT_TRUE(run_until([this] { return logged("REPORT RequestId"); }));
  EXPECT_TRUE(logged("Task timed out after 1.00 seconds") && logged("\tStatus: timeout\n")) << logs.all();
}

TEST_F(WithExtensions, AreKilledWhenTheyIgnoreTheEnd) {
  make({"ignores", "no-shutdown"});
  invoke("f");
  auto began = std::chrono::steady_clock::now();
  end();
  auto took = std::chrono::steady_clock::now() - began;
  EXPECT_GT(took, std::chrono::milliseconds(1900));
  EXPECT_TRUE(logged(R"(ignores event 200 {"eventType":"SHUTDOWN")")) << logs.all();
  EXPECT_FALSE(logged(R"(no-shutdown event 200 {"eventType":"SHUTDOWN")"));
}

TEST_F(WithExtensions, WithoutEventsWaitForNothing) {
  make({"deaf"});
  EXPECT_EQ(invoke("f", "1").body, "1");
  EXPECT_TRUE(logged("EXTENSION\tName: deaf\tState: Ready\tEvents: []\n")) << logs.all();
  EXPECT_FALSE(logged("deaf event"));
}

TEST_F(WithExtensions, MisusesAreRefused) {
  make({"twice-bad-json"});
  EXPECT_EQ(invoke("f", "1").body, "1");
  EXPECT_TRUE(logged("twice-bad-json 403 {\"errorMessage\":") && logged("\"errorType\":\"InvalidRequestFormat\"}"));
  EXPECT_TRUE(
      logged("again {\"errorMessage\":\"State transition from Registered to Registered failed for extension "
             "twice-bad-json. Error: State transition is not allowed\",\"errorType\":"
             "\"Extension.InvalidExtensionState\"}"))
      << logs.all();
}

TEST_F(WithExtensions, AFloodOfOutputIsComplete) {
  make({"floods"});
  EXPECT_EQ(invoke("f", "1").body, "1");
  auto text = logs.all();
  const auto line = std::string(99, 'e') + '\n';
  std::size_t lines = 0;
  for (auto found = text.find(line); found != std::string::npos; found = text.find(line, found + line.size())) ++lines;
  EXPECT_EQ(lines, 20'000U);
}

TEST_F(WithExtensions, InsideTheRuntime) {
  make_function("f", {{"Handler", "internal.invoke"}});
  EXPECT_EQ(invoke("f", "1").body, "1");
  ASSERT_TRUE(run_until([this] { return logged("REPORT RequestId"); }));
  EXPECT_TRUE(logged("EXTENSION\tName: inside\tState: Ready\tEvents: [INVOKE]\n")) << logs.all();
  EXPECT_TRUE(logged(R"(inside {"eventType":"INVOKE",)")) << logs.all();
}

TEST_F(WithExtensions, InsideTheRuntimeGetATermSignal) {
  make_function("f", {{"Handler", "internal.shutdown.term"}});
  EXPECT_EQ(invoke("f", "1").body, "1");
  end();
  EXPECT_TRUE(logged("SHUTDOWN: ErrorEventNotSupportedForInternalExtension")) << logs.all();
  EXPECT_TRUE(logged("told to end\n")) << logs.all();
}

TEST_F(WithExtensions, WithoutAnyTheEndIsAtOnce) {
  make_function("f", {{"Handler", "none.term"}});
  invoke("f");
  end();
  EXPECT_FALSE(logged("told to end")) << logs.all();
}

}  // namespace
}  // namespace sortie::emulator::lambda
