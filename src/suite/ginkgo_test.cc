#include <gtest/gtest.h>

#include "suite/frameworks.h"
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
  EXPECT_EQ(listed->tests[1], (TestCase{"waits", "/s/suite_test.go", 50, true}));
}

TEST(GinkgoList, RefusesAFailedOrMissingReport) {
  EXPECT_FALSE(ginkgo1().read_list({}));
  EXPECT_FALSE(ginkgo2().read_list({.result_file = "{}"}));
  EXPECT_FALSE(ginkgo2().read_list({.result_file = k_report, .status = {.code = 1}}));
}

TEST(GinkgoFocus, EscapesNamesAndKnowsTwins) {
  EXPECT_EQ(ginkgo_focus(named({"a [b] (c). d"})), "(?:^|\\s)(?:a\\s+\\[b\\]\\s+\\(c\\)\\.\\s+d)\\s*$");
  EXPECT_EQ(ginkgo_focus(named({"a", "b #2"})), "(?:^|\\s)(?:a|b(?:\\s+#2)?)\\s*$");
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
  EXPECT_EQ(read_output(ginkgo2(), {"A b"}, k_one_passes, {.code = 1}, "[]").outcome("[process exit]"),
            Outcome::failed);
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

}  // namespace
}  // namespace sortie::suite
