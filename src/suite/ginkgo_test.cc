#include <gtest/gtest.h>

#include <algorithm>

#include "suite/frameworks.h"
#include "suite/ginkgo_lines.h"
#include "suite/ginkgo_reader.h"
#include "suite/reading.h"

namespace sortie::suite {
namespace {

constexpr const char* k_junit = R"(<?xml version="1.0" encoding="UTF-8"?>
  <testsuite name="Blob store" tests="5" failures="1" errors="0" time="0.001">
      <testcase name="Storing passes" classname="Blob store" time="3.4755e-05"></testcase>
      <testcase name="Storing fails" classname="Blob store" time="0.000259637">
          <failure type="Failure">/s/suite_test.go:37&#xA;the arithmetic&#xA;/s/suite_test.go:39</failure>
      </testcase>
      <testcase name="Storing has a twin" classname="Blob store" time="0"></testcase>
      <testcase name="Storing has a twin" classname="Blob store" time="0"></testcase>
      <testcase name="Storing is pending" classname="Blob store" time="0"><skipped></skipped></testcase>
  </testsuite>)";

TEST(GinkgoList, Version1GivesTwinsANumber) {
  const auto listed = ginkgo1().read_list({.result_file = k_junit});
  ASSERT_TRUE(listed);
  ASSERT_EQ(listed->tests.size(), 5U);
  EXPECT_EQ(listed->tests[2].name, "Storing has a twin");
  EXPECT_EQ(listed->tests[3].name, "Storing has a twin #2");
  EXPECT_TRUE(listed->tests[4].disabled);
}

constexpr const char* k_report = R"([{"SuitePath": "/s", "SpecReports": [
  {"ContainerHierarchyTexts": null, "LeafNodeType": "BeforeSuite", "LeafNodeText": "", "State": "passed"},
  {"ContainerHierarchyTexts": ["Storing", "when  full"], "LeafNodeType": "It", "LeafNodeText": "fails",
   "LeafNodeLocation": {"FileName": "/s/suite_test.go", "LineNumber": 36}, "State": "failed", "RunTime": 173185,
   "Failure": {"Message": "the arithmetic", "Location": {"FileName": "/s/suite_test.go", "LineNumber": 38}}},
  {"ContainerHierarchyTexts": [], "LeafNodeType": "It", "LeafNodeText": "waits", "State": "pending",
   "LeafNodeLocation": {"FileName": "/s/suite_test.go", "LineNumber": 50}}]}])";

TEST(GinkgoList, Version2GivesPlaces) {
  const auto listed = ginkgo2().read_list({.result_file = k_report, .status = {.code = 197}});
  ASSERT_TRUE(listed);
  ASSERT_EQ(listed->tests.size(), 2U);
  EXPECT_EQ(listed->tests[0].name, "Storing when full fails");
  EXPECT_EQ(listed->tests[1].name, "waits");
  EXPECT_EQ(listed->tests[1].file, "/s/suite_test.go");
  EXPECT_EQ(listed->tests[1].line, 50);
  EXPECT_TRUE(listed->tests[1].disabled);
}

TEST(GinkgoList, RefusesAMissingOrShortReport) {
  EXPECT_FALSE(ginkgo1().read_list({}));
  EXPECT_FALSE(ginkgo2().read_list({.result_file = "{}"}));
  EXPECT_FALSE(ginkgo2().read_list({.result_file = R"([{"PreRunStats": {"TotalSpecs": 2}, "SpecReports": []}])"}));
}

TEST(GinkgoList, UsesAWholeReportWhateverTheStatusAndSaysSo) {
  const auto listed = ginkgo2().read_list({.result_file = k_report, .status = {.code = 1}});
  ASSERT_TRUE(listed);
  EXPECT_EQ(listed->tests.size(), 2U);
  ASSERT_EQ(listed->notices.size(), 1U);
  EXPECT_NE(listed->notices[0].find("exit status 1"), std::string::npos);
  EXPECT_TRUE(ginkgo2().read_list({.result_file = k_report})->notices.empty());
}

TEST(GinkgoList, KnowsTheTestFunctionsBesideTheSpecs) {
  const ListOutput output{.standard_output =
                              "=== RUN   TestA\n--- FAIL: TestA (0.00s)\n=== RUN   TestSpecs\n"
                              "Running Suite: S - /s\n--- PASS: TestSpecs (0.00s)\n",
                          .result_file = k_report,
                          .status = {.code = 1},
                          .further = {{.standard_output = "TestA\nTestSpecs\n"}}};
  const auto listed = ginkgo2().read_list(output);
  ASSERT_TRUE(listed);
  ASSERT_EQ(listed->tests.size(), 3U);
  EXPECT_EQ(listed->tests[2].name, "TestA");
  EXPECT_TRUE(listed->notices.empty()) << "the status is TestA's";

  const std::vector<TestCase>& tests = listed->tests;
  EXPECT_EQ(ginkgo2().selection_limit(tests), 2U) << "specs and functions do not share a process";
  const std::vector<std::string> spec_args = ginkgo2().selection({tests[0]}, "/x").args;
  EXPECT_NE(std::ranges::find(spec_args, "-test.run=^TestSpecs$"), spec_args.end());
  EXPECT_EQ(ginkgo2().selection({tests[2]}, "/x").args, go_before_1_20().selection({tests[2]}, "/x").args);
}

const std::vector<std::string> k_specs{"Storing passes",        "Storing fails", "Storing has a twin",
                                       "Storing has a twin #2", "Storing skips", "Storing glued"};

TEST(GinkgoReader, ReadsVersion1) {
  const Reading reading = read_output(ginkgo1(), k_specs, R"(Running Suite: Blob store
Will run 6 of 9 specs

SSS
------------------------------
Storing 
  passes
  /s/suite_test.go:33
•SS
------------------------------
Storing 
  fails
  /s/suite_test.go:37
printed before the failure

• Failure [0.000 seconds]
Storing
/s/suite_test.go:32
  fails [It]
  /s/suite_test.go:37

  the arithmetic
  Expected
      <int>: 1

  /s/suite_test.go:39
------------------------------
Storing 
  has a twin
  /s/suite_test.go:46
•
------------------------------
Storing 
  has a twin
  /s/suite_test.go:47
•
------------------------------
Storing 
  skips
  /s/suite_test.go:53

S [SKIPPING] [0.000 seconds]
Storing
/s/suite_test.go:32
  skips [It]
  /s/suite_test.go:53

  not here

  /s/suite_test.go:53
------------------------------
Storing 
  glued
  /s/suite_test.go:60
no newline at the end•
)",
                                      {.code = 1}, "<testsuite/>");
  EXPECT_EQ(reading.started, k_specs);
  EXPECT_EQ(reading.outcome("Storing passes"), Outcome::passed);
  EXPECT_EQ(reading.outcome("Storing fails"), Outcome::failed);
  EXPECT_EQ(reading.ended.at("Storing fails").line, 39);
  EXPECT_TRUE(reading.message("Storing fails").starts_with("the arithmetic"));
  EXPECT_EQ(reading.outcome("Storing has a twin #2"), Outcome::passed);
  EXPECT_EQ(reading.outcome("Storing skips"), Outcome::skipped);
  EXPECT_EQ(reading.outcome("Storing glued"), Outcome::passed);
}

TEST(GinkgoReader, ReadsVersion2) {
  const Reading reading = read_output(ginkgo2(), k_specs, R"(Running Suite: Blob store - /s
Will run 6 of 9 specs
------------------------------
[BeforeSuite] 
/s/suite_test.go:19
[BeforeSuite] PASSED [0.000 seconds]
------------------------------
SSS
------------------------------
Storing passes
/s/suite_test.go:32
• [0.000 seconds]
------------------------------
Storing fails [slow, s3]
/s/suite_test.go:36
  [FAILED] in [It] - /s/suite_test.go:38 @ 11/22/26 09:04:27.848
• [FAILED] [0.000 seconds]
Storing [It] fails
/s/suite_test.go:36

  [FAILED] the arithmetic
  In [It] at: /s/suite_test.go:38 @ 11/22/26 09:04:27.848
------------------------------
Storing has a twin
/s/suite_test.go:45
• [0.000 seconds]
------------------------------
Storing has a twin
/s/suite_test.go:46
• [0.000 seconds]
------------------------------
Storing skips
/s/suite_test.go:52
S [SKIPPED] [0.003 seconds]
Storing [It] skips
/s/suite_test.go:52

  [SKIPPED] not here
  In [It] at: /s/suite_test.go:52 @ 11/22/26 09:04:27.851
------------------------------
Storing glued
/s/suite_test.go:59
no newline at the end• [0.000 seconds]
------------------------------
)",
                                      {.code = 1}, "[]");
  EXPECT_EQ(reading.started, k_specs);
  EXPECT_EQ(reading.outcome("Storing fails"), Outcome::failed);
  EXPECT_EQ(reading.ended.at("Storing fails").file, "/s/suite_test.go");
  EXPECT_EQ(reading.ended.at("Storing fails").line, 38);
  EXPECT_EQ(reading.outcome("Storing has a twin"), Outcome::passed);
  EXPECT_EQ(reading.outcome("Storing has a twin #2"), Outcome::passed);
  EXPECT_EQ(reading.outcome("Storing skips"), Outcome::skipped);
  EXPECT_EQ(reading.outcome("Storing glued"), Outcome::passed);
}

constexpr const char* k_one_passes = "------------------------------\nA b\n/s/x.go:1\n• [0.000 seconds]\n";

TEST(GinkgoReader, Status197IsAPass) {
  EXPECT_EQ(read_output(ginkgo2(), {"A b"}, k_one_passes, {.code = 197}, "[]").outcome("A b"), Outcome::passed);
  const Reading other = read_output(ginkgo2(), {"A b"}, k_one_passes, {.code = 1}, "[]");
  EXPECT_TRUE(other.ended.at(std::string(k_process_exit)).unlisted);
}

TEST(GinkgoReader, DoesNotBelieveASuccessWithoutAReport) {
  EXPECT_EQ(read_output(ginkgo2(), {"A b"}, k_one_passes).outcome("A b"), Outcome::crashed);
}

TEST(GinkgoReader, BelievesTheReportMoreThanTheOutput) {
  const char* report = R"([{"SpecReports": [{"ContainerHierarchyTexts": ["A"], "LeafNodeType": "It",
    "LeafNodeText": "b", "State": "panicked", "Failure": {"Message": "Test Panicked", "ForwardedPanic": "boom"}}]}])";
  const Reading reading = read_output(ginkgo2(), {"A b"}, k_one_passes, {.code = 1}, report);
  EXPECT_EQ(reading.outcome("A b"), Outcome::failed);
  EXPECT_EQ(reading.message("A b"), "Test Panicked\nboom");
}

TEST(GinkgoReader, AFailedBeforeSuiteFailsAllSpecs) {
  const char* report = R"([{"SpecReports": [{"LeafNodeType": "BeforeSuite", "State": "failed",
    "Failure": {"Message": "no bucket"}}]}])";
  const Reading reading = read_output(ginkgo2(), {"A b", "C d"}, "", {.code = 1}, report);
  EXPECT_EQ(reading.message("A b"), "BeforeSuite failed: no bucket");
  EXPECT_EQ(reading.outcome("C d"), Outcome::failed);
}

/// What is printed around one spec of version 2.
std::string printed(const std::string& name, int line, const std::string& inside) {
  return std::string(k_ginkgo_row) + "\n" + name + "\n/s/x.go:" + std::to_string(line) + "\n" + inside + "\n";
}

std::string failure_block(const std::string& name, const std::string& mark) {
  return mark + "\n" + name + "\n/s/x.go:1\n\n  [FAILED] truly\n  In [It] at: /s/x.go:9 @ 11/22/26 09:04:27.848\n" +
         std::string(k_ginkgo_row);
}

TEST(GinkgoReader, ARepetitionThatFailsIsAFailure) {
  const std::string output =
      printed("A b", 1, failure_block("A [It] b", "• [FAILED] DURING REPETITION #2 [0.001 seconds]")) +
      printed("C", 2, "• [0.000 seconds]");
  const Reading reading = read_output(ginkgo2(), {"A b", "C"}, output, {.code = 1}, "[]");
  EXPECT_EQ(reading.outcome("A b"), Outcome::failed);
  EXPECT_EQ(reading.outcome("C"), Outcome::passed);
}

TEST(GinkgoReader, TheLastMarkBeforeTheNextSpecCounts) {
  const std::string row(k_ginkgo_row);
  const std::string output =
      printed("good", 1, "• [FAILED] [0.001 seconds]\n" + row + "\n• [0.000 seconds]") +
      printed("bad", 2, "• [0.001 seconds]\n" + row + "\n" + failure_block("[It] bad", "• [FAILED] [0.000 seconds]")) +
      printed("said", 3, failure_block("[It] said", "• [FAILED] [0.000 seconds]\n  • [0.001 seconds]\n  " + row)) +
      printed("last", 4, "no newline• [0.000 seconds]");
  const Reading reading = read_output(ginkgo2(), {"good", "bad", "said", "last"}, output, {.code = 1}, "[]");
  EXPECT_EQ(reading.outcome("good"), Outcome::passed);
  EXPECT_EQ(reading.outcome("bad"), Outcome::failed);
  EXPECT_EQ(reading.outcome("said"), Outcome::failed);
  EXPECT_EQ(reading.outcome("last"), Outcome::passed);
}

TEST(GinkgoReader, ASkippedSpecThatDidNotBeginIsNotTheOneBefore) {
  const std::string output = printed("A one", 1, failure_block("A [It] one", "• [FAILED] [0.000 seconds]")) +
                             "\nS [SKIPPED] [0.000 seconds]\nA [It] two\n/s/x.go:2\n\n  [SKIPPED] earlier\n" +
                             std::string(k_ginkgo_row) + "\n";
  const Reading reading = read_output(ginkgo2(), {"A one", "A two"}, output, {.code = 1}, "[]");
  EXPECT_EQ(reading.outcome("A one"), Outcome::failed);
}

TEST(GinkgoReader, AFlakySpecPassesAndIsMarked) {
  const Reading reading = read_output(
      ginkgo2(), {"A"}, printed("A", 1, "↺ [FLAKEY TEST - TOOK 3 ATTEMPTS TO PASS] [0.001 seconds]"), {}, "[]");
  EXPECT_EQ(reading.outcome("A"), Outcome::passed);
  EXPECT_TRUE(reading.ended.at("A").flaky);
}

std::string spec_json(const std::string& text, const std::string& state, const std::string& message = "") {
  return R"({"ContainerHierarchyTexts": ["A"], "LeafNodeType": "It", "IsInOrderedContainer": true, "LeafNodeText": ")" +
         text + R"(", "State": ")" + state + R"(", "Failure": {"Message": ")" + message + R"("}})";
}

std::vector<TestCase> unit(const std::vector<std::string>& names, const std::string& asked) {
  std::vector<TestCase> tests = named(names);
  for (TestCase& test : tests) {
    test.unit = "A";
    test.unasked = test.name != asked;
  }
  return tests;
}

TEST(GinkgoReader, AnUnaskedFailureTellsWhyTheChosenOneIsSkipped) {
  const auto reader = ginkgo2().reader(unit({"A one", "A two"}, "A two"));
  auto progress = reader->feed(printed("A one", 1, failure_block("A [It] one", "• [FAILED] [0.000 seconds]")));
  EXPECT_TRUE(progress.empty());
  const std::string report = R"([{"SpecReports": [)" + spec_json("one", "failed", "broken") + "," +
                             spec_json("two", "skipped", "earlier") + "]}]";
  progress = reader->finish({.code = 1}, report);
  ASSERT_EQ(progress.size(), 2U);
  EXPECT_TRUE(progress[0].unlisted);
  EXPECT_EQ(progress[0].test, "[A one]");
  EXPECT_EQ(progress[1].test, "A two");
  EXPECT_EQ(progress[1].outcome, Outcome::skipped);
  EXPECT_EQ(progress[1].message, "earlier: A one: broken");
}

TEST(GinkgoReader, ADeathInAnUnaskedSpecIsChargedToTheFirstThatNeedsIt) {
  const auto reader = ginkgo2().reader(unit({"A one", "A two"}, "A two"));
  reader->feed(printed("A one", 1, "on its way"));
  const auto progress = reader->finish({.code = 9}, "");
  ASSERT_EQ(progress.size(), 1U);
  EXPECT_EQ(progress[0].test, "A two");
  EXPECT_EQ(progress[0].outcome, Outcome::crashed);
  EXPECT_EQ(progress[0].message, "exited with status 9 in A one, which it needs");
}

TEST(GinkgoReader, AStatusThatAStrangerCausedIsChargedToNobody) {
  const std::string report = R"([{"SpecReports": [{"LeafNodeType": "It", "LeafNodeText": "A", "State": "passed"},
    {"LeafNodeType": "It", "LeafNodeText": "other A", "State": "failed", "Failure": {"Message": "down"}}]}])";
  const auto reader = ginkgo2().reader(named({"A"}));
  reader->feed(printed("A", 1, "• [0.000 seconds]"));
  EXPECT_TRUE(reader->finish({.code = 1}, report).empty());
}

TEST(GinkgoReader, AContradictionThatComesTooLateNamesItsOwnSpec) {
  const std::string report = R"([{"SpecReports": [
    {"LeafNodeType": "It", "LeafNodeText": "A", "State": "failed", "Failure": {"Message": "down"}},
    {"LeafNodeType": "It", "LeafNodeText": "B", "State": "passed"}]}])";
  const auto reader = ginkgo2().reader(named({"A", "B"}));
  reader->feed(printed("A", 1, "• [0.000 seconds]") + printed("B", 2, "• [0.000 seconds]"));
  const auto progress = reader->finish({.code = 1}, report);
  ASSERT_EQ(progress.size(), 1U);
  EXPECT_TRUE(progress[0].unlisted);
  EXPECT_EQ(progress[0].test, "[A]");
}

TEST(GinkgoReader, AFailedAfterSuiteIsNoTests) {
  const char* report = R"([{"SpecReports": [{"LeafNodeType": "It", "LeafNodeText": "A b", "State": "passed"},
    {"LeafNodeType": "AfterSuite", "State": "failed", "Failure": {"Message": "not empty"}}]}])";
  const Reading reading = read_output(ginkgo2(), {"A b"}, k_one_passes, {.code = 1}, report);
  EXPECT_EQ(reading.outcome("A b"), Outcome::passed);
  EXPECT_TRUE(reading.ended.at("[AfterSuite]").unlisted);
  EXPECT_EQ(reading.message("[AfterSuite]"), "not empty");
}

}  // namespace
}  // namespace sortie::suite
