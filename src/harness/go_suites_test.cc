#include <gtest/gtest.h>

#include <filesystem>

#include "harness/fake_runtime.h"

namespace sortie::harness {
namespace {

using namespace std::chrono_literals;
using suite::Outcome;

/// Runs all listed tests of a Go suite once; skips the test when there was no toolchain for it.
class GoSuites : public testing::TestWithParam<const char*> {
 protected:
  static std::vector<suite::TestCase> list(FakeRuntime& runtime, const std::string& framework) {
    const Reply reply =
        runtime.invoke(suite::ListRequest{.suite = {.executable = framework + ".test", .framework = framework}});
    return reply.all<suite::Listed>().empty() ? std::vector<suite::TestCase>() : reply.all<suite::Listed>()[0].tests;
  }
  static Reply run_all(const std::string& framework) {
    FakeRuntime runtime(suites(framework));
    auto request = batch(framework, framework + ".test", {});
    request.tests = list(runtime, framework);
    request.test_timeout = 5s;
    return runtime.invoke(request);
  }
  static bool is_there(const std::string& framework) {
    return std::filesystem::exists(suites(framework) + "/" + framework + ".test");
  }
};

TEST_F(GoSuites, GoTestsHaveTheirOutcomes) {
  if (!is_there("go")) GTEST_SKIP() << "no Go suite: test/suites/build.sh says why";
  const Reply reply = run_all("go");
  for (const auto* test : {"TestPasses", "TestSubtests", "TestParallelA", "TestParallelC", "TestWithoutNewline",
                           "TestImitatesResults", "TestLongOutput", "Example_good", "FuzzSeeds", "TestZLast"}) {
    EXPECT_EQ(reply.outcome(test), Outcome::passed) << test << ": " << reply.end_of(test).message;
  }
  for (const auto* test : {"TestFails", "TestSubtestFails", "TestParallelB", "TestImitatesSuccessThenFails",
                           "Example_bad", "FuzzBadSeed"}) {
    EXPECT_EQ(reply.outcome(test), Outcome::failed) << test;
  }
  for (const auto* test : {"TestPanics", "TestPanicsInGoroutine", "TestOsExit0", "TestOsExit3"}) {
    EXPECT_EQ(reply.outcome(test), Outcome::crashed) << test;
  }
  EXPECT_EQ(reply.outcome("TestSkips"), Outcome::skipped);
  EXPECT_EQ(reply.outcome("TestHangs"), Outcome::timed_out);
  EXPECT_EQ(reply.ends().size(), 22U);
}

TEST_F(GoSuites, WhateverTestMainDoesNoTestVanishes) {
  if (!is_there("go_main")) GTEST_SKIP() << "no Go suite: test/suites/build.sh says why";
  FakeRuntime runtime(suites("go_main"));
  const std::vector<std::string> all{"TestExitsInASubtest", "TestFirst", "TestForgesItsSuccessAndExits",
                                     "TestSecond",          "TestTwin",  "TestTwin #2"};
  for (const char* main : {"", "glued", "names", "stderr", "carriage", "twice", "leaks", "swallows"}) {
    suite::ListRequest request{.suite = {.executable = "go_main.test", .framework = "go"}};
    request.suite.env["MAIN"] = main;
    const Reply reply = runtime.invoke(request);
    const auto lists = reply.all<suite::Listed>();
    ASSERT_EQ(lists.size(), 1U) << main;
    std::vector<std::string> names;
    for (const auto& test : lists[0].tests) names.push_back(test.name);
    std::ranges::sort(names);
    EXPECT_EQ(names, all) << main;
  }
}

TEST_F(GoSuites, AGoTestThatExitsWithStatus0HasNotPassed) {
  if (!is_there("go_main")) GTEST_SKIP() << "no Go suite: test/suites/build.sh says why";
  FakeRuntime runtime(suites("go_main"));
  for (const char* test : {"TestForgesItsSuccessAndExits", "TestExitsInASubtest"}) {
    const Reply reply = runtime.invoke(batch("go", "go_main.test", {test, "TestSecond"}));
    EXPECT_EQ(reply.outcome(test), Outcome::crashed) << test << ": " << reply.end_of(test).message;
    EXPECT_EQ(reply.outcome("TestSecond"), Outcome::passed);
  }
}

TEST_F(GoSuites, GoFailuresSayWhatAndWhere) {
  if (!is_there("go")) GTEST_SKIP() << "no Go suite: test/suites/build.sh says why";
  FakeRuntime runtime(suites("go"));
  const Reply reply =
      runtime.invoke(batch("go", "go.test", {"TestFails", "TestSubtestFails", "TestPanicsInGoroutine", "Example_bad"}));
  EXPECT_NE(reply.end_of("TestFails").message.find("got 1, want 2"), std::string::npos);
  EXPECT_EQ(reply.end_of("TestFails").file, "suite_test.go");
  EXPECT_NE(reply.end_of("TestSubtestFails").message.find("TestSubtestFails/bad_one: "), std::string::npos);
  EXPECT_NE(reply.end_of("TestPanicsInGoroutine").message.find("panic: from a goroutine"), std::string::npos);
  EXPECT_NE(reply.end_of("Example_bad").message.find("got:\nhello\nwant:\ngoodbye"), std::string::npos);
}

TEST_P(GoSuites, GinkgoSpecsHaveTheirOutcomes) {
  const std::string framework = GetParam();
  if (!is_there(framework)) GTEST_SKIP() << "no Ginkgo suite: test/suites/build.sh says why";
  const Reply reply = run_all(framework);
  for (const auto* test :
       {"Storing passes", "Storing has a twin", "Storing has a twin #2", "Storing has a twin with more to say",
        "Storing when [special] (characters) are. in + the * name? passes \\ all | the ^ same $",
        "Storing prints without newline", "Adding small", "Last still runs"}) {
    EXPECT_EQ(reply.outcome(test), Outcome::passed) << test << ": " << reply.end_of(test).message;
  }
  for (const auto* test : {"Storing fails", "Storing panics", "Adding wrong", "Setting up never gets here"}) {
    EXPECT_EQ(reply.outcome(test), Outcome::failed) << test;
  }
  for (const auto* test : {"Ending exits with 3", "Ending exits with 0", "Ending panics in a goroutine"}) {
    EXPECT_EQ(reply.outcome(test), Outcome::crashed) << test;
  }
  EXPECT_EQ(reply.outcome("Storing skips"), Outcome::skipped);
  EXPECT_EQ(reply.outcome("Storing is pending"), Outcome::skipped);
  EXPECT_EQ(reply.outcome("Ending hangs"), Outcome::timed_out);
  EXPECT_EQ(reply.ends().size(), 19U);
  EXPECT_NE(reply.end_of("Storing fails").message.find("the arithmetic"), std::string::npos);
  EXPECT_TRUE(reply.end_of("Storing fails").file.ends_with("suite_test.go"));
  EXPECT_NE(reply.output_of("Storing fails").find("printed before the failure"), std::string::npos);
}

TEST_P(GoSuites, GinkgoSuiteNodesThatFailFailSpecs) {
  const std::string framework = GetParam();
  if (!is_there(framework)) GTEST_SKIP() << "no Ginkgo suite: test/suites/build.sh says why";
  FakeRuntime runtime(suites(framework));
  auto request = batch(framework, framework + ".test", {"Storing passes", "Last still runs"});
  request.suite.env["FAIL_IN"] = "before";
  const Reply before = runtime.invoke(request);
  EXPECT_EQ(before.outcome("Storing passes"), Outcome::failed);
  EXPECT_EQ(before.outcome("Last still runs"), Outcome::failed);
  request.suite.env["FAIL_IN"] = "after";
  const Reply after = runtime.invoke(request);
  EXPECT_EQ(after.outcome("Storing passes"), Outcome::passed);
  EXPECT_EQ(after.outcome("Last still runs"), Outcome::passed);
  EXPECT_TRUE(after.end_of("[AfterSuite]").unlisted);
  EXPECT_NE(after.end_of("[AfterSuite]").message.find("bucket not empty"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Versions, GoSuites, testing::Values("ginkgo1", "ginkgo2"),
                         [](const auto& param_info) { return std::string(param_info.param); });

}  // namespace
}  // namespace sortie::harness
