#include <gtest/gtest.h>

#include <filesystem>

#include "harness/fake_runtime.h"
#include "suite/text.h"

namespace sortie::harness {
namespace {

using namespace std::chrono_literals;
using suite::Outcome;

Reply run_nasty(const std::vector<std::string>& tests) {
  FakeRuntime runtime(suites("gtest"));
  return runtime.invoke(batch("gtest", "nasty", tests));
}

std::string children_of(pid_t pid) {
  const std::string id = std::to_string(pid);
  std::ifstream file("/proc/" + id + "/task/" + id + "/children");
  std::string children;
  std::getline(file, children);
  return children;
}

TEST(Harness, StreamsTheAnswerOfABatch) {
  FakeRuntime runtime(suites("gtest"));
  const Reply reply = runtime.invoke(batch("gtest", "nasty", {"Good.Passes"}));
  EXPECT_NE(runtime.last_head().find("POST /2018-06-01/runtime/invocation/request-1/response"), std::string::npos);
  EXPECT_NE(runtime.last_head().find("Lambda-Runtime-Function-Response-Mode: streaming"), std::string::npos);
  ASSERT_TRUE(std::holds_alternative<suite::Hello>(reply.events.front()));
  EXPECT_EQ(std::get<suite::Hello>(reply.events.front()).worker, "stream-1");
  EXPECT_TRUE(std::holds_alternative<suite::BatchEnded>(reply.events.back()));
  EXPECT_EQ(reply.outcome("Good.Passes"), Outcome::passed);
}

TEST(Harness, ServesManyBatchesInOneLife) {
  FakeRuntime runtime(suites("gtest"));
  for (int i = 0; i < 20; ++i) {
    const Reply reply = runtime.invoke(batch("gtest", "nasty", {"Good.Passes"}));
    EXPECT_EQ(reply.outcome("Good.Passes"), Outcome::passed);
    EXPECT_EQ(std::get<suite::Hello>(reply.events.front()).cold, i == 0);
  }
}

TEST(Harness, ComesBackOnANewConnectionWhenTheOldOneIsClosed) {
  FakeRuntime runtime(suites("gtest"));
  runtime.invoke(batch("gtest", "nasty", {"Good.Passes"}));
  runtime.wait_until_idle();
  runtime.accept_connection_after_closing();
  EXPECT_EQ(runtime.invoke(batch("gtest", "nasty", {"Good.Passes"})).outcome("Good.Passes"), Outcome::passed);
}

TEST(Harness, AbandonsABatchWhoseAnswerNobodyReads) {
  FakeRuntime runtime(suites("gtest"));
  runtime.invoke_and_hang_up(batch("gtest", "nasty", {"Bad.Hang"}), "test_started");
  EXPECT_EQ(runtime.invoke(batch("gtest", "nasty", {"Good.Passes"})).outcome("Good.Passes"), Outcome::passed);
  EXPECT_EQ(children_of(runtime.pid()), "");
}

TEST(Harness, RefusesWhatIsNoRequest) {
  FakeRuntime runtime(suites("gtest"));
  const Reply reply = runtime.invoke_raw("{\"request\":\"dance\"}");
  ASSERT_EQ(reply.all<suite::HarnessError>().size(), 1U);
  EXPECT_EQ(reply.all<suite::HarnessError>()[0].kind, "bad_request");
}

TEST(Harness, PinsTheEndOfTheProcessOnTheTestThatRan) {
  const Reply reply =
      run_nasty({"Bad.Exit3", "Bad.ExitsWith0InMidSuite", "Bad.Segfault", "Bad.Abort", "Last.StillRuns"});
  EXPECT_EQ(reply.end_of("Bad.Exit3").message, "exited with status 3 before it ended");
  EXPECT_EQ(reply.end_of("Bad.ExitsWith0InMidSuite").message, "exited with status 0 before it ended");
  EXPECT_EQ(reply.end_of("Bad.Segfault").message, "signal 11 (Segmentation fault)");
  EXPECT_EQ(reply.end_of("Bad.Abort").message, "signal 6 (Aborted)");
  for (const auto* test : {"Bad.Exit3", "Bad.ExitsWith0InMidSuite", "Bad.Segfault", "Bad.Abort"}) {
    EXPECT_EQ(reply.outcome(test), Outcome::crashed) << test;
  }
  EXPECT_EQ(reply.outcome("Last.StillRuns"), Outcome::passed);
}

TEST(Harness, ReportsFailuresWithTextAndPlace) {
  const Reply reply = run_nasty({"Bad.AssertionFails", "Bad.Throws"});
  const suite::TestEnded ended = reply.end_of("Bad.AssertionFails");
  EXPECT_EQ(ended.outcome, Outcome::failed);
  EXPECT_NE(ended.message.find("the tool failed"), std::string::npos);
  EXPECT_TRUE(ended.file.ends_with("nasty.cc"));
  EXPECT_GT(ended.line, 0);
  EXPECT_NE(reply.end_of("Bad.Throws").message.find("thrown by the test"), std::string::npos);
}

TEST(Harness, EndsATestThatHangsAndGoesOn) {
  FakeRuntime runtime(suites("gtest"));
  auto request = batch("gtest", "nasty", {"Bad.Hang", "Bad.HangIgnoringSigterm", "Last.StillRuns"});
  request.test_timeout = 300ms;
  const Reply reply = runtime.invoke(request);
  EXPECT_EQ(reply.outcome("Bad.Hang"), Outcome::timed_out);
  EXPECT_EQ(reply.end_of("Bad.Hang").message, "no end after 0.3 s");
  EXPECT_EQ(reply.outcome("Bad.HangIgnoringSigterm"), Outcome::timed_out);
  EXPECT_EQ(reply.outcome("Last.StillRuns"), Outcome::passed);
}

TEST(Harness, EndsASuiteThatHangsBeforeItsFirstTest) {
  FakeRuntime runtime(suites("gtest"));
  auto request = batch("gtest", "hangs_in_listing", {"Never.Listed"});
  request.test_timeout = 300ms;
  const Reply reply = runtime.invoke(request);
  EXPECT_EQ(reply.outcome("Never.Listed"), Outcome::timed_out);
  EXPECT_EQ(reply.end_of("Never.Listed").message, "the suite hung before this test started");
}

TEST(Harness, CrashesEachTestOfASuiteThatCannotBeginAlone) {
  FakeRuntime runtime(suites("gtest"));
  const Reply reply = runtime.invoke(batch("gtest", "missing_library", {"Missing.Library", "Missing.Other"}));
  EXPECT_EQ(reply.outcome("Missing.Library"), Outcome::crashed);
  EXPECT_EQ(reply.end_of("Missing.Other").message, "exited with status 127 without a report");
}

TEST(Harness, CountsAndKillsWhatATestLeavesBehind) {
  FakeRuntime runtime(suites("gtest"));
  auto request = batch("gtest", "nasty", {"Bad.LeavesAGrandchild", "Bad.LeavesAChild", "Last.StillRuns"});
  request.isolation = suite::Isolation::process;
  const Reply reply = runtime.invoke(request);
  EXPECT_EQ(reply.end_of("Bad.LeavesAGrandchild").leaked_processes, 1);
  EXPECT_EQ(reply.end_of("Bad.LeavesAChild").leaked_processes, 1);
  EXPECT_EQ(reply.end_of("Last.StillRuns").leaked_processes, 0);
  EXPECT_EQ(children_of(runtime.pid()), "");
}

TEST(Harness, CountsAnOrphanOfATestInABatch) {
  const Reply reply = run_nasty({"Good.Passes", "Bad.LeavesAGrandchild", "Last.StillRuns"});
  EXPECT_EQ(reply.end_of("Good.Passes").leaked_processes, 0);
  EXPECT_EQ(reply.end_of("Bad.LeavesAGrandchild").leaked_processes, 1);
  EXPECT_EQ(reply.end_of("Last.StillRuns").leaked_processes, 0);
}

TEST(Harness, IsNotDeceivedByImitatedResults) {
  const Reply reply = run_nasty({"Output.ImitatesResults", "Output.ImitatesSuccessThenCrashes",
                                 "Output.ImitatesSuccessThenExits", "Output.ImitatesSuccessThenFails"});
  EXPECT_EQ(reply.outcome("Output.ImitatesResults"), Outcome::passed);
  EXPECT_EQ(reply.outcome("Output.ImitatesSuccessThenCrashes"), Outcome::crashed);
  EXPECT_EQ(reply.outcome("Output.ImitatesSuccessThenExits"), Outcome::crashed);
  EXPECT_EQ(reply.outcome("Output.ImitatesSuccessThenFails"), Outcome::failed);
}

TEST(Harness, ReadsResultsOfTestsThatCloseStandardOutput) {
  const Reply reply = run_nasty({"Output.ClosesStdout", "Output.ClosesStdoutThenFails", "Last.StillRuns"});
  EXPECT_EQ(reply.outcome("Output.ClosesStdout"), Outcome::passed);
  EXPECT_EQ(reply.outcome("Output.ClosesStdoutThenFails"), Outcome::failed);
  EXPECT_EQ(reply.outcome("Last.StillRuns"), Outcome::passed);
}

TEST(Harness, FailsTestsForWhatFailsAroundThem) {
  const Reply reply = run_nasty({"SetUpFails.First", "SetUpFails.Second", "TearDownFails.First", "TearDownFails.Second",
                                 "TearDownCrashes.Only", "FixtureSkips.Only", "Last.StillRuns"});
  EXPECT_EQ(reply.outcome("SetUpFails.First"), Outcome::failed);
  EXPECT_EQ(reply.outcome("SetUpFails.Second"), Outcome::failed);
  EXPECT_EQ(reply.outcome("TearDownFails.First"), Outcome::passed);
  EXPECT_EQ(reply.outcome("TearDownFails.Second"), Outcome::passed);
  EXPECT_EQ(reply.outcome("[TearDownTestSuite of TearDownFails]"), Outcome::failed);
  EXPECT_EQ(reply.outcome("TearDownCrashes.Only"), Outcome::passed);
  EXPECT_EQ(reply.outcome("[process exit]"), Outcome::crashed);
  EXPECT_EQ(reply.outcome("FixtureSkips.Only"), Outcome::skipped);
  EXPECT_EQ(reply.outcome("Last.StillRuns"), Outcome::passed);
}

TEST(Harness, FailsAllTestsWhenAnEnvironmentFails) {
  FakeRuntime runtime(suites("gtest"));
  const Reply reply = runtime.invoke(batch("gtest", "environment_fails", {"Suite.First", "Suite.Second"}));
  EXPECT_EQ(reply.outcome("Suite.First"), Outcome::failed);
  EXPECT_NE(reply.end_of("Suite.Second").message.find("no network"), std::string::npos);
}

TEST(Harness, AttributesOutputToTheTestThatPrintedIt) {
  const Reply reply = run_nasty({"Good.Passes", "Good.PrintsToBoth", "Bad.Abort"});
  EXPECT_NE(reply.output_of("Good.PrintsToBoth").find("to standard output\n"), std::string::npos);
  EXPECT_NE(reply.output_of("Good.PrintsToBoth").find("to standard error\n"), std::string::npos);
  EXPECT_EQ(reply.output_of("Good.Passes").find("to standard"), std::string::npos);
  EXPECT_NE(reply.output_of("Bad.Abort").find("about to abort"), std::string::npos);
}

TEST(Harness, LinesOfTheTwoStreamsDoNotMix) {
  FakeRuntime runtime(suites("plain"));
  auto request = batch("plain", "halves", {"halves"});
  const Reply reply = runtime.invoke(request);
  EXPECT_EQ(reply.outcome("halves"), Outcome::passed);
  std::size_t whole = 0;
  for (const auto& output : reply.all<suite::Output>()) {
    for (const std::string_view line : suite::split_lines(output.bytes)) {
      if (line.empty()) continue;
      EXPECT_EQ(line, output.to_stderr ? "error begins and ends" : "output begins and ends");
      ++whole;
    }
  }
  EXPECT_EQ(whole, 200U);
}

TEST(Harness, ADeathInASetUpIsTheNextTests) {
  FakeRuntime runtime(suites("gtest"));
  const Reply reply = runtime.invoke(
      batch("gtest", "setup_crashes", {"A.One", "B.One", "C.Skipped", "NeedsDb.Query", "NeedsDb.Update", "Later.One"}));
  for (const auto* test : {"A.One", "B.One", "Later.One"}) EXPECT_EQ(reply.outcome(test), Outcome::passed) << test;
  EXPECT_EQ(reply.outcome("C.Skipped"), Outcome::skipped);
  for (const auto* test : {"NeedsDb.Query", "NeedsDb.Update"}) {
    EXPECT_EQ(reply.outcome(test), Outcome::crashed) << test;
  }
  EXPECT_EQ(reply.ends().size(), 6U) << "no result beside the tests'";
  EXPECT_NE(reply.end_of("NeedsDb.Query")
                .message.find("signal 6 (Aborted) in SetUpTestSuite of NeedsDb, before the test started"),
            std::string::npos);
}

TEST(Harness, ADeathInATearDownIsNoTests) {
  FakeRuntime runtime(suites("gtest"));
  for (const auto* last : {"NeedsDb.Update", "Later.One"}) {
    auto request = batch("gtest", "setup_crashes", {"NeedsDb.Query", last});
    request.suite.env["DIE_IN"] = "teardown";
    const Reply reply = runtime.invoke(request);
    EXPECT_EQ(reply.outcome("NeedsDb.Query"), Outcome::passed);
    EXPECT_EQ(reply.outcome(last), Outcome::passed);
    EXPECT_EQ(reply.outcome("[process exit]"), Outcome::crashed);
    EXPECT_TRUE(reply.end_of("[process exit]").unlisted);
  }
}

TEST(Harness, AnUnexplainedStatusIsNoTestsButWithAProcessEach) {
  FakeRuntime runtime(suites("gtest"));
  auto request = batch("gtest", "exit_status", {"Good.One", "Good.Two"});
  const Reply together = runtime.invoke(request);
  EXPECT_EQ(together.outcome("Good.Two"), Outcome::passed);
  EXPECT_EQ(together.outcome("[process exit]"), Outcome::failed);
  EXPECT_NE(together.end_of("[process exit]").message.find("status 23"), std::string::npos);
  EXPECT_NE(together.end_of("[process exit]").message.find("SUMMARY: LeakSanitizer: 7 byte(s)"), std::string::npos);
  request.isolation = suite::Isolation::process;
  const Reply each = runtime.invoke(request);
  EXPECT_EQ(each.outcome("Good.One"), Outcome::failed);
  EXPECT_EQ(each.outcome("Good.Two"), Outcome::failed);
  EXPECT_EQ(each.ends().size(), 2U);
}

TEST(Harness, ASignalBehindTheLastTestIsNoTests) {
  FakeRuntime runtime(suites("gtest"));
  auto request = batch("gtest", "exit_status", {"Good.One", "Good.Two"});
  request.suite.env["END_BY_SIGNAL"] = "1";
  const Reply reply = runtime.invoke(request);
  EXPECT_EQ(reply.outcome("Good.Two"), Outcome::passed);
  EXPECT_EQ(reply.outcome("[process exit]"), Outcome::crashed);
}

TEST(Harness, DoesNotBelieveAChildThatGoesOnAsTheSuite) {
  FakeRuntime runtime(suites("gtest"));
  for (int i = 0; i < 12; ++i) {
    const Reply reply = runtime.invoke(batch("gtest", "hostile", {"Before.Passes", "Fork.AndExit", "Between.Passes"}));
    EXPECT_EQ(reply.outcome("Before.Passes"), Outcome::passed);
    EXPECT_EQ(reply.outcome("Fork.AndExit"), Outcome::crashed) << i;
    EXPECT_EQ(reply.outcome("Between.Passes"), Outcome::passed);
    EXPECT_NE(reply.end_of("Fork.AndExit").message.find("status 0 before it ended"), std::string::npos);
  }
}

TEST(Harness, SaysWhereInTheLogATestsOutputIs) {
  const Reply reply = run_nasty({"Good.PrintsToBoth", "Output.NulBytesAndInvalidUtf8"});
  const auto starts = reply.all<suite::TestStarted>();
  ASSERT_EQ(starts.size(), 2U);
  const std::uint64_t begin = starts[0].log_offset;
  const std::uint64_t end = reply.end_of("Good.PrintsToBoth").log_offset;
  EXPECT_EQ(reply.log.substr(begin, end - begin), reply.output_of("Good.PrintsToBoth"));
  EXPECT_EQ(reply.all<suite::Output>().back().log_offset, reply.log.size());
}

TEST(Harness, CarriesAnyBytes) {
  const Reply reply = run_nasty({"Output.NulBytesAndInvalidUtf8", "Output.WithoutNewline"});
  const std::string expected("nul \0 invalid \xff\xfe cut \xe2\x82 done\n", 29);
  EXPECT_NE(reply.output_of("Output.NulBytesAndInvalidUtf8").find(expected), std::string::npos);
  EXPECT_NE(reply.output_of("Output.WithoutNewline").find("no newline at the end[       OK ]"), std::string::npos);
}

TEST(Harness, StreamsAFloodUpToTheLimitAndLogsAllOfIt) {
  const Reply reply = run_nasty({"Output.HundredMegabytes", "Last.StillRuns"});
  EXPECT_EQ(reply.outcome("Output.HundredMegabytes"), Outcome::passed);
  EXPECT_EQ(reply.outcome("Last.StillRuns"), Outcome::passed);
  const std::size_t streamed = reply.output_of("Output.HundredMegabytes").size();
  EXPECT_GT(streamed, 5'000'000U);
  EXPECT_LT(streamed, 6'000'000U);
  EXPECT_GT(reply.log.size(), 100U << 20);
  EXPECT_GT(reply.last().output_left_out, 98'000'000U);
}

TEST(Harness, StopsAtTheFirstFailureWhenAsked) {
  FakeRuntime runtime(suites("gtest"));
  auto request = batch("gtest", "nasty", {"Good.Passes", "Bad.AssertionFails", "Last.StillRuns"});
  request.fail_fast = true;
  const Reply reply = runtime.invoke(request);
  EXPECT_EQ(reply.outcome("Bad.AssertionFails"), Outcome::failed);
  EXPECT_EQ(reply.last().not_run, std::vector<std::string>{"Last.StillRuns"});
}

TEST(Harness, StopsBeforeTheDeadlineAndSaysWhatDidNotRun) {
  FakeRuntime runtime(suites("gtest"));
  const Reply reply = runtime.invoke(batch("gtest", "nasty", {"Good.Passes", "Bad.Hang", "Last.StillRuns"}), 2000ms);
  EXPECT_EQ(reply.outcome("Good.Passes"), Outcome::passed);
  EXPECT_EQ(reply.last().not_run, (std::vector<std::string>{"Bad.Hang", "Last.StillRuns"}));
}

TEST(Harness, BlamesTheFunctionsTimeoutOnATestThatHadAllTheTime) {
  FakeRuntime runtime(suites("gtest"));
  const Reply reply = runtime.invoke(batch("gtest", "nasty", {"Bad.Hang", "Last.StillRuns"}), 2000ms);
  EXPECT_EQ(reply.outcome("Bad.Hang"), Outcome::timed_out);
  EXPECT_EQ(reply.end_of("Bad.Hang").message, "the function's timeout of 2 s left it no more time");
  EXPECT_EQ(reply.last().not_run, std::vector<std::string>{"Last.StillRuns"});
}

TEST(Harness, RunsInAWritableCopyThatATestMayDamage) {
  FakeRuntime runtime(suites("gtest"));
  auto request = batch("gtest", "nasty",
                       {"Files.WritesToTheWorkingFolder", "Files.DeletesItsOwn", "Bad.Segfault", "Last.StillRuns"});
  request.suite.cwd = suite::WorkingFolder::tmp;
  const Reply reply = runtime.invoke(request);
  EXPECT_EQ(reply.outcome("Files.WritesToTheWorkingFolder"), Outcome::passed);
  EXPECT_EQ(reply.outcome("Files.DeletesItsOwn"), Outcome::passed);
  EXPECT_EQ(reply.outcome("Last.StillRuns"), Outcome::passed);
  runtime.wait_until_idle();
  EXPECT_TRUE(std::filesystem::exists(suites("gtest") + "/nasty"));
  EXPECT_TRUE(std::filesystem::is_empty(runtime.tmp()));
}

TEST(Harness, SkipsDisabledTestsWithoutRunningThem) {
  FakeRuntime runtime(suites("gtest"));
  auto request = batch("gtest", "nasty", {"Good.DISABLED_NeverRuns"});
  request.tests[0].disabled = true;
  const Reply reply = runtime.invoke(request);
  EXPECT_EQ(reply.outcome("Good.DISABLED_NeverRuns"), Outcome::skipped);
  EXPECT_TRUE(reply.all<suite::Output>().empty());
}

TEST(Harness, LeavesOutATestThatTheSuiteDoesNotHave) {
  const Reply reply = run_nasty({"Good.Passes", "Good.NoSuchTest"});
  EXPECT_EQ(reply.outcome("Good.Passes"), Outcome::passed);
  EXPECT_EQ(reply.outcome("Good.NoSuchTest"), Outcome::lost);
}

TEST(Harness, RunsFiveThousandTests) {
  FakeRuntime runtime(suites("gtest"));
  std::vector<std::string> tests;
  for (int i = 0; i < 5000; ++i) tests.push_back("All/Many.Test/" + std::to_string(i));
  const Reply reply = runtime.invoke(batch("gtest", "many", tests));
  const auto ends = reply.ends();
  EXPECT_EQ(ends.size(), 5000U);
  EXPECT_EQ(std::ranges::count_if(ends, [](const auto& end) { return end.outcome == Outcome::failed; }), 5);
}

TEST(Harness, SaysWhyASuiteCannotBeStarted) {
  FakeRuntime runtime(suites("gtest"));
  const Reply reply = runtime.invoke(batch("gtest", "no_such_suite", {"A.B"}));
  const auto errors = reply.all<suite::HarnessError>();
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(errors[0].kind, "cannot_start");
  EXPECT_NE(errors[0].message.find("no_such_suite: no such file"), std::string::npos);
  EXPECT_EQ(reply.last().not_run, std::vector<std::string>{"A.B"});
}

suite::HarnessError error_of_listing(const std::string& executable) {
  FakeRuntime runtime(suites("gtest"));
  const Reply reply =
      runtime.invoke(suite::ListRequest{.suite = {.executable = executable, .framework = "gtest"}, .timeout = 500ms});
  const auto errors = reply.all<suite::HarnessError>();
  return errors.empty() ? suite::HarnessError{} : errors[0];
}

TEST(Listing, ListsWhatTheSuiteHas) {
  FakeRuntime runtime(suites("gtest"));
  const Reply reply = runtime.invoke(suite::ListRequest{.suite = {.executable = "nasty", .framework = "gtest"}});
  ASSERT_EQ(reply.all<suite::Listed>().size(), 1U);
  const auto tests = reply.all<suite::Listed>()[0].tests;
  const auto disabled = std::ranges::find_if(tests, [](const auto& test) { return test.disabled; });
  ASSERT_NE(disabled, tests.end());
  EXPECT_EQ(disabled->name, "Good.DISABLED_NeverRuns");
  EXPECT_EQ(std::ranges::count_if(tests, [](const auto& test) { return test.name.starts_with("Numbers/"); }), 3);
}

TEST(Listing, AnEmptySuiteHasNoTests) {
  FakeRuntime runtime(suites("gtest"));
  const Reply reply = runtime.invoke(suite::ListRequest{.suite = {.executable = "empty", .framework = "gtest"}});
  ASSERT_EQ(reply.all<suite::Listed>().size(), 1U);
  EXPECT_TRUE(reply.all<suite::Listed>()[0].tests.empty());
}

TEST(Listing, FailsWithTheSuitesOwnWords) {
  EXPECT_EQ(error_of_listing("hangs_in_listing").kind, "listing_timed_out");
  EXPECT_NE(error_of_listing("hangs_in_listing").message.find("waiting for a lock"), std::string::npos);
  EXPECT_EQ(error_of_listing("crashes_in_listing").kind, "listing_failed");
  EXPECT_NE(error_of_listing("crashes_in_listing").message.find("configuration missing"), std::string::npos);
  EXPECT_NE(error_of_listing("missing_library").message.find("libsortie_test_missing.so"), std::string::npos);
}

TEST(PlainSuite, PassesOnlyWithStatus0) {
  FakeRuntime runtime(suites("plain"));
  auto outcome = [&](const std::string& name) { return runtime.invoke(batch("plain", name, {name})).outcome(name); };
  EXPECT_EQ(outcome("passes"), Outcome::passed);
  EXPECT_EQ(outcome("fails"), Outcome::failed);
  EXPECT_EQ(outcome("crashes"), Outcome::crashed);
  EXPECT_EQ(outcome("contract"), Outcome::passed);
  EXPECT_EQ(outcome("script.sh"), Outcome::passed);
}

}  // namespace
}  // namespace sortie::harness
