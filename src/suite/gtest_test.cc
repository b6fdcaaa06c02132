#include <gtest/gtest.h>

#include <algorithm>

#include "suite/frameworks.h"
#include "suite/namesakes.h"
#include "suite/reading.h"

namespace sortie::suite {
namespace {

TEST(GtestSelection, UsesAFlagFileForLongLists) {
  std::vector<TestCase> many_tests;
  for (int i = 0; i < 5000; ++i) many_tests.push_back({.name = "Suite.Test" + std::to_string(i)});
  const CommandSpec few = gtest().selection(named({"A.b", "C.d/0"}), "/s");
  EXPECT_EQ(few.args.back(), "--gtest_filter=A.b:C.d/0");
  EXPECT_TRUE(few.input_files.empty());
  const CommandSpec many = gtest().selection(many_tests, "/s");
  EXPECT_EQ(many.args.back(), "--gtest_flagfile=/s/flags");
  ASSERT_EQ(many.input_files.size(), 1U);
  EXPECT_EQ(many.input_files[0].path, "/s/flags");
}

TEST(GtestSelection, ClearsVariablesThatTakeTestsAway) {
  for (const CommandSpec& invocation : {gtest().listing("/s"), gtest().selection(named({"A.b"}), "/s"),
                                        gtest().selection(named({"(whole suite)"}), "/s")}) {
    for (const char* name :
         {"GTEST_TOTAL_SHARDS", "GTEST_SHARD_INDEX", "GTEST_FILTER", "GTEST_OUTPUT", "GTEST_BRIEF"}) {
      EXPECT_NE(std::ranges::find(invocation.cleared, name), invocation.cleared.end()) << name;
    }
  }
}

TEST(GtestSelection, ChoosesNamesakesOnceAndAWholeSuiteNot) {
  const std::vector<TestCase> twins{{.name = "A.b", .unit = "A.b"}, {.name = "A.b #2", .unit = "A.b"}};
  EXPECT_EQ(gtest().selection(twins, "/s").args.back(), "--gtest_filter=A.b");
  EXPECT_TRUE(gtest().selection(named({"(whole suite)"}), "/s").args.empty());
}

constexpr const char* k_output = R"([==========] Running 5 tests from 3 test suites.
[----------] Global test environment set-up.
[----------] 3 tests from S
[ RUN      ] S.Fail
a.cc:9: Failure
Expected equality of these values:
  1
  2
more
no newline[  FAILED  ] S.Fail (3 ms)
[ RUN      ] S.Skip
a.cc:10: Skipped
reason
[  SKIPPED ] S.Skip (0 ms)
[ DISABLED ] S.DISABLED_D
[ RUN      ] S.Throw
unknown file: Failure
C++ exception with description "boom" thrown in the test body.
[  FAILED  ] S.Throw (0 ms)
[----------] 3 tests from S (3 ms total)

[----------] 1 test from Ty/1, where TypeParam = char
[ RUN      ] Ty/1.X
a.cc:19: Failure
[  FAILED  ] Ty/1.X, where TypeParam = char (0 ms)
[----------] 1 test from Ty/1 (0 ms total)

[----------] 1 test from Good
[ RUN      ] Good.One
[       OK ] Good.One (0 ms)
[----------] 1 test from Good (0 ms total)
)";
const std::vector<std::string> k_names{"S.Fail", "S.Skip", "S.Throw", "Ty/1.X", "Good.One"};

TEST(GtestReader, ReadsAllKindsOfEnds) {
  for (const std::size_t piece : {1UL, 7UL, 100'000UL}) {
    const Reading reading = read_output(gtest(), k_names, k_output, {.code = 1}, "<testsuites/>", piece);
    EXPECT_EQ(reading.started, k_names);
    EXPECT_EQ(reading.outcome("S.Fail"), Outcome::failed);
    EXPECT_EQ(reading.ended.at("S.Fail").file, "a.cc");
    EXPECT_EQ(reading.ended.at("S.Fail").line, 9);
    EXPECT_EQ(reading.ended.at("S.Fail").duration, std::chrono::milliseconds(3));
    EXPECT_NE(reading.message("S.Fail").find("Expected equality"), std::string::npos);
    EXPECT_EQ(reading.outcome("S.Skip"), Outcome::skipped);
    EXPECT_EQ(reading.message("S.Skip"), "a.cc:10: Skipped\nreason");
    EXPECT_NE(reading.message("S.Throw").find("boom"), std::string::npos);
    EXPECT_EQ(reading.outcome("Ty/1.X"), Outcome::failed);
    EXPECT_EQ(reading.outcome("Good.One"), Outcome::passed);
  }
}

TEST(GtestReader, TellsWhereTheBoundariesAre) {
  const auto reader = gtest().reader(named({"A.b"}));
  const auto progress = reader->feed("before\n[ RUN      ] A.b\nout\n[       OK ] A.b (0 ms)\nafter\n");
  ASSERT_EQ(progress.size(), 2U);
  EXPECT_EQ(progress[0].offset, 7U);
  EXPECT_EQ(progress[1].offset, 52U);
}

TEST(GtestReader, FailsTheTestsOfASuiteWhoseSetUpFailed) {
  const Reading reading = read_output(gtest(), {"F.A", "F.B", "G.A"}, R"([----------] 2 tests from F
a.cc:3: Failure
Failed
no database
[ RUN      ] F.A
a.cc:4: Skipped

[  SKIPPED ] F.A (0 ms)
[ RUN      ] F.B
a.cc:4: Skipped

[  SKIPPED ] F.B (0 ms)
[----------] 2 tests from F (0 ms total)

[----------] 1 test from G
[ RUN      ] G.A
[       OK ] G.A (0 ms)
[----------] 1 test from G (0 ms total)
)",
                                      {.code = 1}, "<testsuites/>");
  EXPECT_EQ(reading.outcome("F.A"), Outcome::failed);
  EXPECT_NE(reading.message("F.B").find("no database"), std::string::npos);
  EXPECT_EQ(reading.ended.at("F.B").line, 3);
  EXPECT_EQ(reading.outcome("G.A"), Outcome::passed);
}

TEST(GtestReader, ATearDownsFailureIsAResultOfItsOwn) {
  const Reading reading = read_output(gtest(), {"T.A"}, R"([----------] 1 test from T
[ RUN      ] T.A
[       OK ] T.A (0 ms)
a.cc:5: Failure
Failed
files left
[----------] 1 test from T (0 ms total)

[----------] Global test environment tear-down
a.cc:9: Failure
server left
[==========] 1 test from 1 test suite ran. (0 ms total)
)",
                                      {.code = 1}, "<testsuites/>");
  EXPECT_EQ(reading.outcome("T.A"), Outcome::passed);
  const Progress suite = reading.ended.at("[TearDownTestSuite of T]");
  EXPECT_TRUE(suite.unlisted);
  EXPECT_EQ(suite.outcome, Outcome::failed);
  EXPECT_EQ(suite.message, "a.cc:5: Failure\nFailed\nfiles left");
  EXPECT_EQ(suite.line, 5);
  EXPECT_EQ(reading.message("[TearDown of a test environment]"), "a.cc:9: Failure\nserver left");
  EXPECT_EQ(reading.ended.size(), 3U) << "the status is explained";
}

TEST(GtestReader, ASetUpAfterWhichTheTestsRanIsAResultOfItsOwn) {
  const Reading reading = read_output(gtest(), {"T.A"}, R"([----------] Global test environment set-up.
a.cc:3: Failure
no cache
[----------] 1 test from T
a.cc:5: Failure
no folder
[ RUN      ] T.A
[       OK ] T.A (0 ms)
[----------] 1 test from T (0 ms total)
)",
                                      {.code = 1}, "<testsuites/>");
  EXPECT_EQ(reading.outcome("T.A"), Outcome::passed);
  EXPECT_EQ(reading.message("[SetUpTestSuite of T]"), "a.cc:5: Failure\nno folder");
  EXPECT_EQ(reading.message("[SetUp of a test environment]"), "a.cc:3: Failure\nno cache");
}

constexpr const char* k_not_run = R"(<testsuites><testsuite name="A">
  <testcase name="b" status="run" result="completed" time="0" timestamp="1970-01-01T00:00:00.000"/>
  <testcase name="c" status="run" result="completed" time="0" timestamp="1969-12-31T17:00:00.000"/>
  </testsuite></testsuites>)";

TEST(GtestReader, TestsThatAnEnvironmentSkippedAreSkippedWithItsReason) {
  const Reading reading = read_output(gtest(), {"A.b", "A.c"}, R"([----------] Global test environment set-up.
a.cc:3: Skipped
no server here
no server here
[----------] Global test environment tear-down
[==========] 2 tests from 1 test suite ran. (0 ms total)
[  PASSED  ] 2 tests.
)",
                                      {}, k_not_run);
  for (const char* test : {"A.b", "A.c"}) {
    EXPECT_EQ(reading.outcome(test), Outcome::skipped);
    EXPECT_EQ(reading.message(test), "skipped by a test environment:\na.cc:3: Skipped\nno server here");
  }
}

TEST(GtestReader, TestsThatDidNotBeginHaveNoResult) {
  EXPECT_TRUE(read_output(gtest(), {"A.b", "A.c"}, "[==========] Running 2 tests\n", {}, k_not_run).ended.empty());
}

TEST(GtestReader, TestsThatAnEnvironmentsFailureKeptFromRunningFail) {
  const Reading reading = read_output(gtest(), {"A.b", "A.c"}, R"([----------] Global test environment set-up.
a.cc:3: Failure
no server here
[----------] Global test environment tear-down
)",
                                      {.code = 1}, k_not_run);
  EXPECT_EQ(reading.outcome("A.b"), Outcome::failed);
  EXPECT_EQ(reading.message("A.c"), "a test environment failed:\na.cc:3: Failure\nno server here");
  EXPECT_EQ(reading.ended.at("A.c").line, 3);
  EXPECT_EQ(reading.ended.size(), 2U);
}

TEST(GtestReader, ASuitesReasonForSkippingIsItsTests) {
  const Reading reading = read_output(gtest(), {"T.A"}, R"([----------] 1 test from T
a.cc:5: Skipped
no database
[ RUN      ] T.A
[  SKIPPED ] T.A (0 ms)
)",
                                      {}, "<testsuites/>");
  EXPECT_EQ(reading.outcome("T.A"), Outcome::skipped);
  EXPECT_EQ(reading.message("T.A"), "a.cc:5: Skipped\nno database");
}

constexpr const char* k_forged = "[ RUN      ] A.b\n[       OK ] A.b (0 ms)\n";

constexpr const char* k_dies_in_set_up = R"([----------] 1 test from A
[ RUN      ] A.One
[       OK ] A.One (0 ms)
[----------] 1 test from A (0 ms total)

[----------] 2 tests from Db
)";

TEST(GtestReader, ACrashInSetUpTestSuiteIsOfTheTestsItKeptFromRunning) {
  const std::vector<std::string> tests{"A.One", "Db.Query", "Db.Store", "Later.One"};
  for (const ExitStatus status : {ExitStatus{.signal = 6}, ExitStatus{.code = 0}, ExitStatus{.code = 3}}) {
    const Reading reading = read_output(gtest(), tests, k_dies_in_set_up, status);
    EXPECT_EQ(reading.outcome("A.One"), Outcome::passed);
    EXPECT_EQ(reading.outcome("Db.Query"), Outcome::crashed);
    EXPECT_NE(reading.message("Db.Store").find("in SetUpTestSuite of Db"), std::string::npos);
    EXPECT_EQ(reading.outcome("Later.One"), Outcome::lost);
    EXPECT_EQ(reading.ended.size(), 3U);
  }
  EXPECT_EQ(read_output(gtest(), tests, k_dies_in_set_up, {.signal = 9}).ended.size(), 1U) << "the harness knows why";
}

TEST(GtestReader, NamesakesHaveTheirOwnResults) {
  std::vector<TestCase> tests = named({"S.T", "S.T", "S.T"});
  number_namesakes(tests);
  const char* output = R"([ RUN      ] S.T
[       OK ] S.T (0 ms)
[ RUN      ] S.T
a.cc:9: Failure
the second
[  FAILED  ] S.T (0 ms)
[ RUN      ] S.T
)";
  const char* file = R"(<testsuites><testsuite name="S"><testcase name="T" status="run" result="completed"/>
    <testcase name="T" status="run" result="completed"><failure message="a.cc:9&#x0A;the second"/></testcase>
    <testcase name="T" status="run" result="completed"><failure message="a.cc:11&#x0A;the third"/></testcase>
    </testsuite></testsuites>)";
  const Reading reading = read_tests(gtest(), tests, output, {.code = 1}, file);
  EXPECT_EQ(reading.outcome("S.T"), Outcome::passed);
  EXPECT_EQ(reading.message("S.T #2"), "a.cc:9: Failure\nthe second");
  EXPECT_EQ(reading.message("S.T #3"), "a.cc:11\nthe third");
}

TEST(GtestReader, ANamesakesFailureIsNotTheSelectedOnes) {
  std::vector<TestCase> tests = named({"A.b", "A.b", "A.b"});
  number_namesakes(tests);
  const std::string output =
      std::string("[ RUN      ] A.b\na.cc:9: Failure\n[  FAILED  ] A.b (0 ms)\n") + k_forged + k_forged;
  const Reading reading = read_tests(gtest(), {tests[1]}, output, {.code = 1}, "<testsuites/>");
  EXPECT_EQ(reading.outcome("A.b #2"), Outcome::passed);
  EXPECT_EQ(reading.ended.size(), 1U);
}

TEST(GtestReader, ReadsLinesWithColoursAndWithoutTimes) {
  const Reading reading = read_output(gtest(), {"A.b", "A.c"},
                                      "\x1b[0;32m[ RUN      ] \x1b[mA.b\n\x1b[0;32m[       OK ] \x1b[mA.b (3 ms)\n"
                                      "[ RUN      ] A.c\na.cc:9: Failure\nwhy\n[  FAILED  ] A.c\n"
                                      "[  FAILED  ] 1 test, listed below:\n[  FAILED  ] A.c\n",
                                      {.code = 1}, "<testsuites/>");
  EXPECT_EQ(reading.outcome("A.b"), Outcome::passed);
  EXPECT_EQ(reading.ended.at("A.b").duration, std::chrono::milliseconds(3));
  EXPECT_EQ(reading.outcome("A.c"), Outcome::failed);
  EXPECT_EQ(reading.message("A.c"), "a.cc:9: Failure\nwhy");
}

TEST(GtestReader, BelievesTheResultFileMoreThanTheOutput) {
  const char* failed =
      R"(<testsuites><testsuite name="A"><testcase name="b" status="run" result="completed" time="0.002">
    <failure message="a.cc:7&#x0A;Failed&#x0A;all the same" type=""/></testcase></testsuite></testsuites>)";
  const Reading reading = read_output(gtest(), {"A.b"}, k_forged, {.code = 1}, failed);
  EXPECT_EQ(reading.outcome("A.b"), Outcome::failed);
  EXPECT_EQ(reading.ended.at("A.b").file, "a.cc");
  EXPECT_EQ(reading.ended.at("A.b").line, 7);
}

TEST(GtestReader, DoesNotBelieveASuccessWithoutAResultFile) {
  EXPECT_EQ(read_output(gtest(), {"A.b"}, k_forged, {}, "").outcome("A.b"), Outcome::crashed);
  EXPECT_EQ(read_output(gtest(), {"A.b"}, k_forged, {}, "<testsuites><cut").outcome("A.b"), Outcome::crashed);
}

TEST(GtestReader, ALaterWordOfTheSameTestCounts) {
  const std::string output = std::string(k_forged) + "[  FAILED  ] A.b (1 ms)\n";
  EXPECT_EQ(read_output(gtest(), {"A.b"}, output, {.code = 1}, "<testsuites/>").outcome("A.b"), Outcome::failed);
}

TEST(GtestReader, IgnoresTestsItWasNotAskedFor) {
  const Reading reading = read_output(gtest(), {"A.b"}, "[ RUN      ] X.y\n[  FAILED  ] X.y (0 ms)\n");
  EXPECT_TRUE(reading.started.empty());
  EXPECT_TRUE(reading.ended.empty());
}

TEST(GtestReader, ReadsTheFileOfASuiteThatClosedItsOutput) {
  const char* file = R"(<testsuites><testsuite name="A"><testcase name="b" status="run" result="completed" time="0.5"/>
    <testcase name="c" status="run" result="skipped" timestamp="2026-01-02T03:04:05.678"/><testcase name="d" status="notrun" result="suppressed"/>
    </testsuite></testsuites>)";
  const Reading reading = read_output(gtest(), {"A.b", "A.c", "A.d"}, "[ RUN      ] A.b\n", {}, file);
  EXPECT_EQ(reading.outcome("A.b"), Outcome::passed);
  EXPECT_EQ(reading.ended.at("A.b").duration, std::chrono::milliseconds(500));
  EXPECT_EQ(reading.outcome("A.c"), Outcome::skipped);
  EXPECT_EQ(reading.outcome("A.d"), Outcome::lost);
}

TEST(GtestReader, AnUnexplainedStatusIsAResultOfItsOwn) {
  const Reading reading = read_output(gtest(), {"A.b"}, k_forged, {.code = 9}, "<testsuites/>");
  EXPECT_EQ(reading.outcome("A.b"), Outcome::passed);
  EXPECT_NE(reading.message("[process exit]").find("status 9"), std::string::npos);
}

TEST(GtestReader, AnExitBehindASuiteIsNotTheLastTests) {
  const Reading reading =
      read_output(gtest(), {"A.b"}, std::string(k_forged) + "[----------] 1 test from A (0 ms total)\n", {.code = 0});
  EXPECT_EQ(reading.outcome("A.b"), Outcome::passed);
  EXPECT_EQ(reading.outcome("[process exit]"), Outcome::failed);
}

TEST(GtestReader, ADeathBetweenTwoTestsOfATestSuiteIsTheFirstOnes) {
  const Reading reading = read_output(gtest(), {"A.b", "A.c"}, k_forged, {.signal = 6}, "");
  EXPECT_EQ(reading.outcome("A.b"), Outcome::crashed);
  EXPECT_EQ(reading.outcome("A.c"), Outcome::lost);
}

TEST(GtestReader, ASuiteWhoseTestsWaitIsNotOver) {
  const std::string output = std::string(k_forged) + "[----------] 2 tests from A (0 ms total)\n";
  EXPECT_EQ(read_output(gtest(), {"A.b", "A.c"}, output, {.code = 0}).outcome("A.b"), Outcome::crashed);
}

TEST(GtestReader, ADeathBehindATestSuiteIsNoTests) {
  const Reading between = read_output(gtest(), {"A.b", "B.c"}, k_forged, {.code = 3}, "");
  EXPECT_EQ(between.outcome("A.b"), Outcome::passed);
  EXPECT_EQ(between.outcome("B.c"), Outcome::lost);
}

TEST(GtestReader, WhatTheReportCorrectsLaterIsAResultOfItsOwn) {
  const char* failed = R"(<testsuites><testsuite name="A"><testcase name="b" status="run" result="completed">
    <failure message="a.cc:7&#x0A;all the same"/></testcase></testsuite></testsuites>)";
  const Reading reading =
      read_output(gtest(), {"A.b", "A.c"}, std::string(k_forged) + "[ RUN      ] A.c\n[       OK ] A.c (0 ms)\n",
                  {.code = 1}, failed);
  EXPECT_EQ(reading.outcome("A.c"), Outcome::passed);
  EXPECT_NE(reading.message("[A.b in the result file]").find("all the same"), std::string::npos);
}

TEST(GtestReader, LeavesATestThatDidNotEndToTheHarness) {
  const Reading reading = read_output(gtest(), {"A.b"}, "[ RUN      ] A.b\n", {.signal = 11}, "");
  EXPECT_EQ(reading.outcome("A.b"), Outcome::lost);
}

TEST(GtestReader, SeesAFailureInARepetition) {
  const std::string output =
      std::string(k_forged) + "[ RUN      ] A.c\n[       OK ] A.c (0 ms)\n[ RUN      ] A.b\n[  FAILED  ] A.b (0 ms)\n";
  const Reading reading = read_output(gtest(), {"A.b", "A.c"}, output, {.code = 1}, "<testsuites/>");
  EXPECT_EQ(reading.outcome("A.c"), Outcome::passed);
  EXPECT_EQ(reading.message("[repetition of A.b]"), "failed when it was repeated");
}

}  // namespace
}  // namespace sortie::suite
