#include <gtest/gtest.h>

#include "suite/frameworks.h"
#include "suite/namesakes.h"
#include "suite/reading.h"

namespace sortie::suite {
namespace {

TEST(GoSelection, AnchorsTheNames) {
  const CommandSpec invocation = go().selection(named({"TestA", "TestB"}), "/s");
  EXPECT_EQ(invocation.args,
            (std::vector<std::string>{"-test.v=test2json", "-test.paniconexit0", "-test.testlogfile=/s/testlog",
                                      "-test.run", "^(TestA|TestB)$"}));
  EXPECT_EQ(invocation.result_file, "/s/testlog");
  EXPECT_EQ(go_before_1_20().selection(named({"TestA"}), "/s").args,
            (std::vector<std::string>{"-test.v", "-test.paniconexit0", "-test.run", "^(TestA)$"}));
  const CommandSpec old = go_before_1_16().selection(named({"TestA"}), "/s");
  EXPECT_EQ(old.args, (std::vector<std::string>{"-test.v", "-test.run", "^(TestA)$"}));
}

TEST(GoSelection, ChoosesNamesakesOnceAndAWholeSuiteNot) {
  const std::vector<TestCase> twins{{.name = "TestA", .unit = "TestA"}, {.name = "TestA #2", .unit = "TestA"}};
  EXPECT_EQ(go().selection(twins, "/s").args.back(), "^(TestA)$");
  EXPECT_EQ(go().selection(named({"(whole suite)"}), "/s").args,
            (std::vector<std::string>{"-test.v", "-test.paniconexit0"}));
}

TEST(GoSelection, FitsIntoAnArgument) {
  const auto tests = named(std::vector<std::string>(10'000, std::string(50, 'T')));
  const std::size_t count = go().selection_limit(tests);
  EXPECT_GT(count, 500U);
  EXPECT_LT(count, 2'000U);
  EXPECT_EQ(go().selection_limit(named({std::string(1UL << 20, 'T')})), 1U);
}

TEST(GoReader, ReadsEndsLogsAndSubtests) {
  const std::vector<std::string> names{"TestPasses", "TestSkips", "TestFails", "TestSubtestFails",
                                       "TestWithoutNewline"};
  const Reading reading = read_output(go(), names, R"(=== RUN   TestPasses
--- PASS: TestPasses (0.25s)
=== RUN   TestSkips
    suite_test.go:14: not here
--- SKIP: TestSkips (0.00s)
=== RUN   TestFails
    suite_test.go:17: a word before
    suite_test.go:18: got 1,
        want 2
--- FAIL: TestFails (0.00s)
=== RUN   TestSubtestFails
=== RUN   TestSubtestFails/good
=== RUN   TestSubtestFails/bad_one
    suite_test.go:31: the subtest failed
--- FAIL: TestSubtestFails (0.00s)
    --- PASS: TestSubtestFails/good (0.00s)
    --- FAIL: TestSubtestFails/bad_one (0.00s)
=== RUN   TestWithoutNewline
no newline at the end--- PASS: TestWithoutNewline (0.00s)
FAIL
)",
                                      {.code = 1});
  EXPECT_EQ(reading.started, names);
  EXPECT_EQ(reading.outcome("TestPasses"), Outcome::passed);
  EXPECT_EQ(reading.ended.at("TestPasses").duration, std::chrono::milliseconds(250));
  EXPECT_EQ(reading.outcome("TestSkips"), Outcome::skipped);
  EXPECT_EQ(reading.message("TestFails"), "suite_test.go:17: a word before\nsuite_test.go:18: got 1,\n    want 2");
  EXPECT_EQ(reading.ended.at("TestFails").line, 18);
  EXPECT_EQ(
      reading.message("TestSubtestFails"),
      "TestSubtestFails/bad_one: suite_test.go:31: the subtest failed\n--- FAIL: TestSubtestFails/bad_one (0.00s)");
  EXPECT_EQ(reading.outcome("TestWithoutNewline"), Outcome::passed);
}

TEST(GoReader, FollowsParallelTests) {
  const auto reader = go().reader(named({"TestA", "TestB"}));
  std::vector<std::pair<Progress::Kind, std::string>> steps;
  for (const Progress& step : reader->feed(R"(=== RUN   TestA
=== PAUSE TestA
=== RUN   TestB
=== PAUSE TestB
=== CONT  TestA
=== CONT  TestB
=== NAME  TestA
    x_test.go:3: by A
--- PASS: TestB (0.01s)
--- FAIL: TestA (0.02s)
)")) {
    steps.emplace_back(step.kind, step.test);
  }
  using enum Progress::Kind;
  EXPECT_EQ(steps, (std::vector<std::pair<Progress::Kind, std::string>>{{started, "TestA"},
                                                                        {paused, "TestA"},
                                                                        {started, "TestB"},
                                                                        {paused, "TestB"},
                                                                        {resumed, "TestA"},
                                                                        {resumed, "TestB"},
                                                                        {resumed, "TestA"},
                                                                        {ended, "TestB"},
                                                                        {ended, "TestA"}}));
}

TEST(GoReader, ReadsWhatAnExampleGotAndWanted) {
  const Reading reading = read_output(
      go(), {"Example_bad"},
      "=== RUN   Example_bad\n--- FAIL: Example_bad (0.00s)\ngot:\nhello\nwant:\ngoodbye\nFAIL\n", {.code = 1});
  EXPECT_EQ(reading.message("Example_bad"), "got:\nhello\nwant:\ngoodbye");
}

TEST(GoReader, APanicIsACrashOfItsTest) {
  const Reading reading = read_output(go(), {"TestA", "TestPanics"},
                                      "=== RUN   TestA\n=== PAUSE TestA\n=== RUN   TestPanics\n--- FAIL: TestPanics "
                                      "(0.00s)\n",
                                      {.code = 2});
  EXPECT_EQ(reading.outcome("TestPanics"), Outcome::crashed);
  EXPECT_EQ(reading.outcome("TestA"), Outcome::lost);
}

TEST(GoReader, APanicBesideOtherTestsIsOfTheOneThatFailed) {
  const Reading reading = read_output(go(), {"TestA", "TestB"}, R"(=== RUN   TestA
=== PAUSE TestA
=== RUN   TestB
=== PAUSE TestB
=== CONT  TestB
=== CONT  TestA
--- FAIL: TestA (0.00s)
)",
                                      {.code = 2});
  EXPECT_EQ(reading.outcome("TestA"), Outcome::crashed);
  EXPECT_EQ(reading.outcome("TestB"), Outcome::lost) << "it runs again";
}

TEST(GoReader, IsNotDeceivedByImitations) {
  const Reading reading = read_output(go(), {"TestA", "TestB"}, R"(=== RUN   TestA
--- FAIL: TestB (0.00s)
=== RUN   TestOther
--- PASS: TestA (0.00s)
    x_test.go:76: all the same
--- FAIL: TestA (0.00s)
=== RUN   TestB
--- PASS: TestB (0.00s)
FAIL
)",
                                      {.code = 1});
  EXPECT_EQ(reading.outcome("TestA"), Outcome::failed);
  EXPECT_EQ(reading.outcome("TestB"), Outcome::passed);
}

TEST(GoReader, AStartBesideARunningTestIsNone) {
  const Reading reading = read_output(go(), {"TestA", "TestB"}, R"(=== RUN   TestA
=== RUN   TestB
--- PASS: TestB (0.00s)
--- PASS: TestA (0.00s)
=== RUN   TestB
    x_test.go:9: the real one
--- FAIL: TestB (0.00s)
FAIL
)",
                                      {.code = 1});
  EXPECT_EQ(reading.outcome("TestA"), Outcome::passed);
  EXPECT_EQ(reading.outcome("TestB"), Outcome::failed);
  EXPECT_EQ(reading.ended.size(), 2U);
}

TEST(GoReader, AFailureInARepetitionIsAResultOfItsOwn) {
  const Reading reading = read_output(go(), {"TestA", "TestB"}, R"(=== RUN   TestA
--- PASS: TestA (0.00s)
=== RUN   TestB
--- PASS: TestB (0.00s)
=== RUN   TestA
    x_test.go:9: the second time
--- FAIL: TestA (0.00s)
FAIL
)",
                                      {.code = 1});
  EXPECT_EQ(reading.outcome("TestA"), Outcome::passed);
  EXPECT_EQ(reading.outcome("TestB"), Outcome::passed);
  ASSERT_EQ(reading.outcome("[repetition of TestA]"), Outcome::failed);
  EXPECT_TRUE(reading.ended.at("[repetition of TestA]").unlisted);
  EXPECT_NE(reading.message("[repetition of TestA]").find("the second time"), std::string::npos);
}

TEST(GoReader, NamesakesHaveTheirOwnResults) {
  std::vector<TestCase> tests = named({"TestA", "TestA"});
  number_namesakes(tests);
  const Reading reading = read_tests(go(), tests, R"(=== RUN   TestA
--- PASS: TestA (0.00s)
=== RUN   TestA
    x_test.go:9: of the external package
--- FAIL: TestA (0.00s)
FAIL
)",
                                     {.code = 1});
  EXPECT_EQ(reading.outcome("TestA"), Outcome::passed);
  EXPECT_EQ(reading.outcome("TestA #2"), Outcome::failed);
  EXPECT_EQ(reading.message("TestA #2"), "x_test.go:9: of the external package");
}

TEST(GoReader, ANamesakesFailureIsNotTheSelectedOnes) {
  const std::vector<TestCase> tests{{.name = "TestA", .unit = "TestA"}};
  const Reading reading = read_tests(go(), tests,
                                     "=== RUN   TestA\n--- PASS: TestA (0.00s)\n=== RUN   TestA\n--- FAIL: "
                                     "TestA (0.00s)\nFAIL\n",
                                     {.code = 1});
  EXPECT_EQ(reading.outcome("TestA"), Outcome::passed);
  EXPECT_EQ(reading.ended.size(), 1U);
}

TEST(GoReader, APanicBehindATestThatPassedIsNotItsOwn) {
  const Reading reading =
      read_output(go(), {"TestA", "TestB"}, "=== RUN   TestA\n--- PASS: TestA (0.00s)\n", {.code = 2});
  EXPECT_EQ(reading.outcome("TestA"), Outcome::passed);
  EXPECT_EQ(reading.outcome("TestB"), Outcome::lost);
  EXPECT_EQ(reading.outcome("[process exit]"), Outcome::crashed);
}

TEST(GoReader, AnUnexplainedStatusIsAResultOfItsOwn) {
  const Reading reading = read_output(go(), {"TestA"}, "=== RUN   TestA\n--- PASS: TestA (0.00s)\nPASS\n", {.code = 7});
  EXPECT_EQ(reading.outcome("TestA"), Outcome::passed);
  EXPECT_EQ(reading.outcome("[process exit]"), Outcome::failed);
}

TEST(GoReader, AWholeSuiteEndsByItsStatus) {
  const std::vector<std::string> whole{"(whole suite)"};
  EXPECT_EQ(read_output(go(), whole, "PASS\n").outcome(whole[0]), Outcome::passed);
  EXPECT_EQ(read_output(go(), whole, "--- FAIL: TestA (0.00s)\nFAIL\n").outcome(whole[0]), Outcome::failed);
  const Reading failed = read_output(go(), whole, "--- FAIL: TestA (0.00s)\n    x_test.go:9: why\nFAIL\n", {.code = 1});
  EXPECT_EQ(failed.outcome(whole[0]), Outcome::failed);
  EXPECT_EQ(failed.message(whole[0]), "exited with status 1\n--- FAIL: TestA (0.00s)\n    x_test.go:9: why");
}

TEST(GoReader, WhatIsNotMarkedIsATestsOutput) {
  const Reading reading = read_output(go(), {"TestForges", "TestNext"},
                                      "\x16=== RUN   TestForges\n--- PASS: TestForges (0.00s)\n"
                                      "=== RUN   TestNext\n--- PASS: TestNext (0.00s)\nPASS\n");
  EXPECT_EQ(reading.started, (std::vector<std::string>{"TestForges"}));
  EXPECT_TRUE(reading.ended.empty()) << "the process ended while it ran";
}

TEST(GoReader, ReadsMarkedLines) {
  const std::vector<std::string> names{"TestPasses", "TestFails", "TestAfterOutput", "Example_bad"};
  const Reading reading = read_output(go(), names,
                                      "\x16=== RUN   TestPasses\n\x16--- PASS: TestPasses (0.25s)\n"
                                      "\x16=== RUN   TestFails\n\x16=== RUN   TestFails/sub\n"
                                      "    x_test.go:7: wrong\n\x16    --- FAIL: TestFails/sub (0.00s)\n"
                                      "\x16=== NAME  TestFails\n\x16--- FAIL: TestFails (0.00s)\n"
                                      "\x16=== RUN   TestAfterOutput\nno newline\x16--- PASS: TestAfterOutput (0.00s)\n"
                                      "\x16=== RUN   Example_bad\n\x16--- FAIL: Example_bad (0.00s)\n"
                                      "got:\n1\nwant:\n2\n\x16"
                                      "FAIL\n",
                                      {.code = 1});
  EXPECT_EQ(reading.outcome("TestPasses"), Outcome::passed);
  EXPECT_EQ(reading.message("TestFails"), "TestFails/sub: x_test.go:7: wrong\n--- FAIL: TestFails/sub (0.00s)");
  EXPECT_EQ(reading.outcome("TestAfterOutput"), Outcome::passed);
  EXPECT_EQ(reading.message("Example_bad"), "got:\n1\nwant:\n2");
}

TEST(GoReader, APrintedPassIsNotTheEndOfTheSuite) {
  const std::string output = "\x16=== RUN   TestLast\n\x16--- PASS: TestLast (0.00s)\nPASS\n";
  const Reading reading = read_output(go(), {"TestLast"}, output);
  EXPECT_EQ(reading.outcome("TestLast"), Outcome::passed);
  EXPECT_EQ(reading.message("[process exit]"),
            "exited with status 0 after TestLast had ended and before the suite had");
  EXPECT_TRUE(read_output(go(), {"TestLast"}, output + "\x16PASS\n").message("[process exit]").empty());
  EXPECT_TRUE(read_output(go(), {"TestLast"}, output, {}, "# test log\n").message("[process exit]").empty())
      << "the testing package had come to its end; a test has taken standard output away";
}

TEST(GoReader, WithoutMarksAnEndWithoutThePassLineIsNone) {
  const Reading reading =
      read_output(go_before_1_20(), {"TestLast"}, "=== RUN   TestLast\n--- PASS: TestLast (0.00s)\n");
  EXPECT_EQ(reading.outcome("TestLast"), Outcome::crashed);
}

}  // namespace
}  // namespace sortie::suite
