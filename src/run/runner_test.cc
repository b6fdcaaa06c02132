#include "run/runner.h"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>

#include "aws/scripted_service.h"
#include "base/base64.h"

namespace sortie::run {
namespace {

using namespace std::chrono_literals;

constexpr const char* k_function =
    R"({"FunctionName":"f","State":"Active","LastUpdateStatus":"Successful","Role":"r","MemorySize":1769,"Timeout":900})";
const std::string k_report =
    "REPORT RequestId: r-1\tDuration: 1.00 ms\tBilled Duration: 2 ms\tMemory Size: 1769 MB\t"
    "Max Memory Used: 30 MB\t\n";

/// A stream that ends in words of its own when it is cancelled, and interrupts whoever reads it.
struct Interrupting final : http::BodySource {
  explicit Interrupting(asio::cancellation_signal& signal) : signal_(signal) {}
  Task<Result<std::size_t>> read(std::span<char> /*buffer*/) override {
    co_await asio::this_coro::throw_if_cancelled(false);
    asio::steady_timer never(co_await asio::this_coro::executor, std::chrono::steady_clock::time_point::max());
    asio::post(co_await asio::this_coro::executor, [this] { signal_.emit(asio::cancellation_type::terminal); });
    boost::system::error_code aborted;
    co_await never.async_wait(asio::redirect_error(asio::use_awaitable, aborted));
    co_return fail(ErrorKind::cancelled, "cancelled");
  }
  asio::cancellation_signal& signal_;
};

/// A stream that never says anything again.
struct Silence final : http::BodySource {
  explicit Silence(std::string first) : first_(std::move(first)) {}
  Task<Result<std::size_t>> read(std::span<char> buffer) override {
    if (first_.empty()) {
      asio::steady_timer never(co_await asio::this_coro::executor, std::chrono::steady_clock::time_point::max());
      co_await never.async_wait(asio::use_awaitable);
    }
    const std::size_t count = std::min(buffer.size(), first_.size());
    first_.copy(buffer.data(), count);
    first_.erase(0, count);
    co_return count;
  }
  std::string first_;
};

struct Recorder final : Reporter {
  void on(const Event& event) override {
    if (const auto* finished = std::get_if<TestFinished>(&event)) ends[finished->id.test] = *finished;
    if (const auto* notice = std::get_if<Notice>(&event)) notices += notice->text + "\n";
    if (const auto* invocation = std::get_if<InvocationFinished>(&event)) invocations.push_back(*invocation);
  }
  std::map<std::string, TestFinished> ends;
  std::string notices;
  std::vector<InvocationFinished> invocations;
};

/// Answers of Lambda's, in order, for a function that is there; the log as scripted.
struct RunnerTest : testing::Test {
  using Answer = aws::ScriptedService::Answer;

  static std::string chunk(const suite::HarnessEvent& event) { return aws::payload_chunk(suite::encode(event) + "\n"); }
  static std::string complete(const std::string& code = "", const std::string& log = k_report) {
    return aws::invoke_complete(R"({"ErrorCode":")" + code + R"(","LogResult":")" + base64_encode(log) + R"("})");
  }
  static Answer answers(std::string bytes) {
    return [=]() -> Result<http::Response> {
      http::Response response;
      response.headers.set("x-amzn-RequestId", "r-1");
      response.body = http::Body(bytes);
      return response;
    };
  }
  static Answer falls_silent_after(std::string bytes) {
    return [=]() -> Result<http::Response> {
      http::Response response;
      response.headers.set("x-amzn-RequestId", "r-1");
      response.body = http::Body(std::make_unique<Silence>(bytes));
      return response;
    };
  }
  static std::string hello() { return chunk(suite::Hello{.worker = "w"}); }
  static std::string starts(const std::string& test) { return chunk(suite::TestStarted{.test = test}); }
  static std::string passes(const std::string& test) {
    return starts(test) + chunk(suite::TestEnded{.test = test}) + chunk(suite::BatchEnded{});
  }

  Target target() {
    return {"local",
            "us-east-1",
            aws::Lambda(config()),
            aws::Iam(config()),
            aws::Logs(logs.config()),
            aws::Sts(config()),
            aws::CloudFormation(config())};
  }

  int run_tests(const std::vector<std::string>& names) {
    Target to = target();
    std::vector<suite::TestCase> tests;
    for (const std::string& name : names) tests.push_back({.name = name});
    return aws::run([](RunnerTest& self, Target& target, std::vector<suite::TestCase> listed) -> Task<int> {
      package::Package package;
      package.function_name = "f";
      auto deployment = co_await Deployment::create(target, package, {.role_arn = "r", .keep = true});
      EXPECT_TRUE(deployment) << describe(deployment.error());
      self.around.service.seen.clear();
      RunSpec spec{.suites = {{.name = "s"}}, .workers = 1};
      spec.waits.silence = 1ms;
      spec.waits.sleep = [&self](std::chrono::milliseconds duration) -> Task<void> {
        self.slept += duration;
        co_return;
      };
      Runner runner(co_await asio::this_coro::executor, target, *deployment, self.clock, self.recorder, spec);
      co_return (co_await runner.run({std::move(listed)})).value_or(-1);
    }(*this, to, std::move(tests)));
  }

  /// Lists suite `s` in a coroutine that `signal` cancels.
  ErrorKind failure_of_list(asio::cancellation_signal& signal) {
    Target to = target();
    asio::io_context io;
    std::optional<ErrorKind> failure;
    auto list = [](RunnerTest& self, Target& target, std::optional<ErrorKind>& out) -> Task<void> {
      package::Package package;
      package.function_name = "f";
      auto deployment = co_await Deployment::create(target, package, {.role_arn = "r", .keep = true});
      EXPECT_TRUE(deployment) << describe(deployment.error());
      Runner runner(co_await asio::this_coro::executor, target, *deployment, self.clock, self.recorder,
                    {.suites = {{.name = "s"}}});
      auto settled = co_await settle(runner.list());
      if (settled.result && !*settled.result) out = settled.result->error().kind;
    };
    asio::co_spawn(io, list(*this, to, failure), asio::bind_cancellation_slot(signal.slot(), asio::detached));
    io.run();
    return failure.value_or(ErrorKind::internal);
  }

  RunnerTest() { around.service.answer(200, k_function).answer(200, k_function).answer(200, k_function); }
  aws::ClientConfig config() {
    auto made = around.config();
    made.retry.max_attempts = 1;
    return made;
  }

  aws::Surroundings around;
  aws::Surroundings logs;
  FakeClock clock;
  Recorder recorder;
  std::chrono::milliseconds slept{0};
};

TEST_F(RunnerTest, AWholeAnswerNeedsNoLog) {
  around.service.answer(answers(hello() + passes("a") + complete()));
  EXPECT_EQ(run_tests({"a"}), 0);
  ASSERT_EQ(recorder.invocations.size(), 1U);
  EXPECT_TRUE(recorder.invocations[0].log_complete);
  EXPECT_TRUE(logs.service.seen.empty());
}

TEST_F(RunnerTest, AListThatIsInterruptedIsCancelledAndNothingElse) {
  asio::cancellation_signal signal;
  around.service.answer([&]() -> Result<http::Response> {
    http::Response response;
    response.body = http::Body(std::make_unique<Interrupting>(signal));
    return response;
  });
  EXPECT_EQ(failure_of_list(signal), ErrorKind::cancelled);
}

TEST_F(RunnerTest, WaitsWhenThrottledAndGoesOn) {
  around.service.fails(ErrorKind::throttled).answer(answers(hello() + passes("a") + complete()));
  EXPECT_EQ(run_tests({"a"}), 0);
  EXPECT_EQ(slept, 500ms);
}

TEST_F(RunnerTest, GivesUpAfterFiveInvocationsWithoutATest) {
  for (int i = 0; i < 5; ++i) around.service.fails(ErrorKind::throttled);
  EXPECT_EQ(run_tests({"a"}), 3);
  EXPECT_NE(recorder.notices.find("the run cannot go on"), std::string::npos);
  EXPECT_EQ(around.service.seen.size(), 5U);
}

TEST_F(RunnerTest, GivesUpAtOnceWhenDenied) {
  around.service.fails(ErrorKind::denied);
  EXPECT_EQ(run_tests({"a"}), 3);
  EXPECT_EQ(around.service.seen.size(), 1U);
}

TEST_F(RunnerTest, ACutConnectionRunsTheTestAgain) {
  around.service.answer(answers(hello() + starts("a"))).answer(answers(hello() + passes("a") + complete()));
  logs.service.answer(200,
                      R"({"events":[{"timestamp":1,"message":"START RequestId: r-1\n"},{"timestamp":1,"message":")" +
                          std::string("REPORT RequestId: r-1\\tDuration: 1.00 ms") + R"("}],"nextForwardToken":"t"})");
  EXPECT_EQ(run_tests({"a"}), 0);
  EXPECT_EQ(recorder.ends["a"].outcome, Outcome::passed);
}

TEST_F(RunnerTest, AMissingReportIsSaidAndTheLogIsNotCalledComplete) {
  around.service.answer(answers(hello() + starts("a") + complete("Runtime.ExitError", "")));
  for (int i = 0; i < 60; ++i) logs.service.answer(200, R"({"events":[],"nextForwardToken":""})");
  EXPECT_EQ(run_tests({"a"}), 1);
  EXPECT_EQ(recorder.ends["a"].outcome, Outcome::crashed);
  EXPECT_NE(recorder.notices.find("has no REPORT line"), std::string::npos);
  EXPECT_FALSE(recorder.invocations.at(0).log_complete);
  EXPECT_GT(slept, 50s);
  EXPECT_LE(slept, 60s);
}

TEST_F(RunnerTest, AReportInTheTailIsNoCompleteLogWhenOutputIsMissing) {
  around.service.answer(answers(hello() + starts("a") + complete("Runtime.ExitError")));
  for (int i = 0; i < 60; ++i) logs.service.answer(200, R"({"events":[],"nextForwardToken":""})");
  run_tests({"a"});
  EXPECT_FALSE(recorder.invocations.at(0).log_complete);
}

TEST_F(RunnerTest, AShortLogIsReadFromTheAnswer) {
  const std::string log = "START RequestId: r-1 Version: $LATEST\nlast words\nEND RequestId: r-1\n" + k_report;
  around.service.answer(answers(hello() + starts("a") + complete("Runtime.ExitError", log)));
  EXPECT_EQ(run_tests({"a"}), 1);
  EXPECT_EQ(recorder.ends["a"].output, "last words\n");
  EXPECT_TRUE(recorder.invocations.at(0).log_complete);
  EXPECT_TRUE(logs.service.seen.empty());
}

TEST_F(RunnerTest, AHarnessThatFallsSilentIsAbandoned) {
  around.service.answer(falls_silent_after(hello() + starts("a")));
  for (int i = 0; i < 20; ++i) logs.service.answer(200, R"({"events":[],"nextForwardToken":""})");
  EXPECT_EQ(run_tests({"a"}), 1);
  EXPECT_EQ(recorder.ends["a"].outcome, Outcome::timed_out);
  EXPECT_LE(slept, 3s);
}

TEST_F(RunnerTest, WhatIsWrongWithASuiteIsSaidOnce) {
  const std::string broken = hello() + chunk(suite::HarnessError{"cannot_start", "the loader is not here"}) +
                             chunk(suite::BatchEnded{}) + complete();
  for (int i = 0; i < 4; ++i) around.service.answer(answers(broken));
  EXPECT_EQ(run_tests({"a", "b", "c", "d"}), 3);
  const std::string words = "the loader is not here";
  const std::size_t first = recorder.notices.find(words);
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(recorder.notices.find(words, first + 1), std::string::npos);
  EXPECT_EQ(recorder.ends.size(), 4U);
}

TEST_F(RunnerTest, SaysWhyNoTestRuns) {
  const std::string nothing = hello() + chunk(suite::Output{.bytes = "no server here\n"}) + chunk(suite::BatchEnded{});
  for (int i = 0; i < 5; ++i) around.service.answer(answers(nothing + complete()));
  EXPECT_EQ(run_tests({"a", "b", "c"}), 3);
  EXPECT_NE(recorder.notices.find("no server here"), std::string::npos) << recorder.notices;
}

}  // namespace
}  // namespace sortie::run
