#include "suite/go_list.h"

#include <gtest/gtest.h>

#include "suite/go_executable.h"
#include "suite/whole_suite.h"

namespace sortie::suite {
namespace {

using Names = std::vector<std::string>;

const std::string& executable() {
  static const std::string bytes = go_executable({go_test_function("TestMain"), go_test_function("TestFirst", 12),
                                                  go_test_function("TestSecond"), go_test_function("Example_silent")});
  return bytes;
}

struct List {
  Names names;
  std::size_t notices = 0;
};

/// `{"refused"}` when the list is refused.
List list(const std::string& printed, ExitStatus status = {}, std::string_view bytes = executable()) {
  const auto listed = read_go_list({.standard_output = printed, .status = status, .executable = bytes});
  if (!listed) return {{"refused"}};
  List list{.notices = listed->notices.size()};
  for (const TestCase& test : listed->tests) list.names.push_back(test.name);
  return list;
}

const Names k_both{"TestFirst", "TestSecond"};

TEST(GoList, NoiseTakesNoTestAway) {
  for (const char* printed :
       {"TestFirst\nTestSecond\n", "waiting for the server ...TestFirst\nTestSecond\n",
        "TestReport\nTestFirst\nTestSecond\n", "\x1b[32mup\x1b[0mTestFirst\nTestSecond\nbye",
        "0%\r100%\rTestFirst\r\nTestSecond\r\n", "{\"Test\":\"TestSecond\"}\nTestFirst\ntick TestSecond\n",
        "TestFirst\nTestSecond\nTestFirst\nTestSecond\n",
        "running TestMain\nTestFirst\nok\nTestSecond\nBenchmarkX\n"}) {
    const List read = list(printed);
    EXPECT_EQ(read.names, k_both) << printed;
    EXPECT_EQ(read.notices, 0U) << printed;
  }
}

TEST(GoList, HasTheTestsThatWereNotPrintedToo) {
  const List read = list("TestSecond\nTestFir[progress]\n");
  EXPECT_EQ(read.names, (Names{"TestSecond", "TestFirst"}));
  EXPECT_EQ(read.notices, 1U);
}

TEST(GoList, KnowsExamplesByTheirBeingPrinted) {
  EXPECT_EQ(list("TestFirst\nTestSecond\nExample_silent\n").names,
            (Names{"TestFirst", "TestSecond", "Example_silent"}));
}

TEST(GoList, SaysWhereTestsAre) {
  const auto listed = read_go_list({.standard_output = "TestFirst\nTestSecond\n", .executable = executable()});
  ASSERT_TRUE(listed);
  EXPECT_EQ(listed->tests[0].file, "/src/noise/noise_test.go");
  EXPECT_EQ(listed->tests[0].line, 12);
}

TEST(GoList, ACompleteListIsTakenWhateverTheExitStatus) {
  const List leak = list("TestFirst\nTestSecond\n", {.code = 1});
  EXPECT_EQ(leak.names, k_both);
  EXPECT_EQ(leak.notices, 1U);
  EXPECT_EQ(list("TestFirst\nTestSecond\n", {.signal = 6}).names, k_both);
  EXPECT_EQ(list("no database\n", {.code = 1}).names, Names{"refused"});
}

TEST(GoList, ASuiteThatRunsOrDoesNothingIsOneTest) {
  const Names whole{std::string(k_whole_suite)};
  EXPECT_EQ(list("PASS\n").names, whole);
  EXPECT_EQ(list("--- FAIL: TestFirst (0.00s)\nFAIL\n", {.code = 1}).names, whole);
  EXPECT_EQ(list("did TestFirst\nPASS\n").names, whole);
  EXPECT_EQ(list("no server, nothing to test\n").names, whole);
  EXPECT_EQ(list("no server, nothing to test\n").notices, 1U);
  EXPECT_EQ(list("PASS\n", {}, go_executable({go_test_function("Example_only")})).names, whole);
  EXPECT_TRUE(list("set up\n", {}, go_executable({go_test_function("TestMain")})).names.empty());
}

TEST(GoList, NamesakesOfTwoPackagesAreTwoTestsOfOneUnit) {
  const std::string bytes = go_executable({go_test_function("TestA", 1), go_test_function("TestA", 2)});
  const auto listed = read_go_list({.standard_output = "TestA\nTestA\n", .executable = bytes});
  ASSERT_TRUE(listed);
  ASSERT_EQ(listed->tests.size(), 2U);
  EXPECT_EQ(listed->tests[1].name, "TestA #2");
  EXPECT_EQ(listed->tests[0].unit, "TestA");
  EXPECT_EQ(listed->tests[1].unit, "TestA");
}

TEST(GoList, WithoutFunctionsEachLineHasToBeAName) {
  EXPECT_EQ(list("TestPasses\nTest_x\nTestÜ\nBenchmarkNot\nFuzzSeeds\nExample_good\n", {}, "").names,
            (Names{"TestPasses", "Test_x", "TestÜ", "FuzzSeeds", "Example_good"}));
  EXPECT_EQ(list("set up\nTestPasses\n", {}, "").names, Names{"refused"});
  EXPECT_EQ(list("TestPasses\nTestimony\n", {}, "").names, Names{"refused"});
  EXPECT_EQ(list("TestPasses\nTest with words\n", {}, "").names, Names{"refused"});
  EXPECT_EQ(list("TestPasses\nTestCu", {}, "").names, Names{"refused"});
  EXPECT_EQ(list("TestPasses\n", {.code = 2}, "").names, Names{"refused"});
  EXPECT_TRUE(list("", {}, "").names.empty());
}

}  // namespace
}  // namespace sortie::suite
