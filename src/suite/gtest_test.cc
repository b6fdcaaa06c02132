#include <gtest/gtest.h>

#include "suite/frameworks.h"
#include "suite/reading.h"

namespace sortie::suite {
namespace {

constexpr const char* k_list = R"({"tests": 4, "name": "AllTests", "testsuites": [
  {"name": "S", "tests": 2, "testsuite": [{"name": "Fail", "file": "a.cc", "line": 9},
                                          {"name": "DISABLED_D", "file": "a.cc", "line": 11}]},
  {"name": "Ty\/0", "tests": 1, "testsuite": [{"name": "X", "type_param": "int", "file": "a.cc", "line": 19}]},
  {"name": "I\/DISABLED_P", "tests": 1, "testsuite": [{"name": "Q\/0", "value_param": "1", "file": "a.cc", "line": 15}]}]})";

TEST(GtestList, ReadsJson) {
  const auto listed = gtest().read_list({.result_file = k_list});
  ASSERT_TRUE(listed);
  EXPECT_EQ(listed->tests, (std::vector<TestCase>{{"S.Fail", "a.cc", 9},
                                                  {"S.DISABLED_D", "a.cc", 11, true},
                                                  {"Ty/0.X", "a.cc", 19},
                                                  {"I/DISABLED_P.Q/0", "a.cc", 15, true}}));
}

TEST(GtestList, ReadsTheTextOfOldVersions) {
  const auto listed = gtest().read_list(
      {.standard_output = "Running main() from gtest_main.cc\nS.\n  A\n  DISABLED_B\nTy/0.  # TypeParam = int\n  X\n"
                          "I/P.\n  Q/0  # GetParam() = 1\n"});
  ASSERT_TRUE(listed);
  EXPECT_EQ(listed->tests, (std::vector<TestCase>{{"S.A"}, {"S.DISABLED_B", "", 0, true}, {"Ty/0.X"}, {"I/P.Q/0"}}));
}

TEST(GtestList, RefusesAFailedOrForeignList) {
  EXPECT_FALSE(gtest().read_list({.status = {.code = 127}}));
  EXPECT_FALSE(gtest().read_list({.status = {.signal = 6}}));
  EXPECT_FALSE(gtest().read_list({.result_file = "{\"testsuites\": 7}"}));
  EXPECT_FALSE(gtest().read_list({.result_file = "{"}));
}

TEST(GtestSelection, UsesAFlagFileForLongLists) {
  const Invocation few = gtest().selection(named({"A.b", "C.d/0"}), "/s");
  EXPECT_EQ(few.args.back(), "--gtest_filter=A.b:C.d/0");
  EXPECT_TRUE(few.input_files.empty());
  const Invocation many = gtest().selection(named(std::vector<std::string>(5000, "Suite.Test")), "/s");
  EXPECT_EQ(many.args.back(), "--gtest_flagfile=/s/flags");
  ASSERT_EQ(many.input_files.size(), 1U);
  EXPECT_EQ(many.input_files[0].path, "/s/flags");
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

TEST(GtestReader, BlamesATearDownOnTheTestBefore) {
  const Reading reading = read_output(gtest(), {"T.A"}, R"([----------] 1 test from T
[ RUN      ] T.A
[       OK ] T.A (0 ms)
a.cc:5: Failure
Failed
tear
[----------] 1 test from T (0 ms total)
)",
                                      {.code = 1}, "<testsuites/>");
  EXPECT_EQ(reading.outcome("T.A"), Outcome::failed);
  EXPECT_NE(reading.message("T.A").find("tear"), std::string::npos);
}

constexpr const char* k_forged = "[ RUN      ] A.b\n[       OK ] A.b (0 ms)\n";

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
    <testcase name="c" status="run" result="skipped"/><testcase name="d" status="notrun" result="suppressed"/>
    </testsuite></testsuites>)";
  const Reading reading = read_output(gtest(), {"A.b", "A.c", "A.d"}, "[ RUN      ] A.b\n", {}, file);
  EXPECT_EQ(reading.outcome("A.b"), Outcome::passed);
  EXPECT_EQ(reading.ended.at("A.b").duration, std::chrono::milliseconds(500));
  EXPECT_EQ(reading.outcome("A.c"), Outcome::skipped);
  EXPECT_EQ(reading.outcome("A.d"), Outcome::lost);
}

TEST(GtestReader, AnUnexplainedStatusIsNoTestsFailure) {
  const Reading reading = read_output(gtest(), {"A.b"}, k_forged, {.code = 9}, "<testsuites/>");
  EXPECT_EQ(reading.outcome("A.b"), Outcome::passed);
  EXPECT_EQ(reading.outcome("[process exit]"), Outcome::failed);
  EXPECT_NE(reading.message("[process exit]").find("status 9"), std::string::npos);
}

TEST(GtestReader, ADeathBetweenTwoTestsOfATestSuiteIsTheFirstOnes) {
  const Reading reading = read_output(gtest(), {"A.b", "A.c"}, k_forged, {.signal = 6}, "");
  EXPECT_EQ(reading.outcome("A.b"), Outcome::crashed);
  EXPECT_EQ(reading.outcome("A.c"), Outcome::lost);
}

TEST(GtestReader, ADeathBehindATestSuiteIsNoTests) {
  const Reading between = read_output(gtest(), {"A.b", "B.c"}, k_forged, {.code = 3}, "");
  EXPECT_EQ(between.outcome("A.b"), Outcome::passed);
  EXPECT_EQ(between.outcome("B.c"), Outcome::lost);
  const std::string both =
      std::string(k_forged) + "[----------] 1 test from B\n[ RUN      ] B.c\n[       OK ] B.c (0 ms)\n";
  const Reading behind = read_output(gtest(), {"A.b", "B.c"}, both, {.signal = 6}, "");
  EXPECT_EQ(behind.outcome("B.c"), Outcome::passed);
  EXPECT_EQ(behind.outcome("[process exit]"), Outcome::crashed);
}

TEST(GtestReader, LeavesATestThatDidNotEndToTheHarness) {
  const Reading reading = read_output(gtest(), {"A.b"}, "[ RUN      ] A.b\n", {.signal = 11}, "");
  EXPECT_EQ(reading.outcome("A.b"), Outcome::lost);
}

TEST(GtestReader, SeesAFailureInARepetition) {
  const std::string output =
      std::string(k_forged) + "[ RUN      ] A.c\n[       OK ] A.c (0 ms)\n[ RUN      ] A.b\n[  FAILED  ] A.b (0 ms)\n";
  const Reading reading = read_output(gtest(), {"A.b", "A.c"}, output, {.code = 1}, "<testsuites/>");
  EXPECT_EQ(reading.outcome("A.c"), Outcome::failed);
  EXPECT_EQ(reading.message("A.c"), "A.b failed when it was repeated");
}

}  // namespace
}  // namespace sortie::suite
