#include "suite/gtest_list.h"

#include <gtest/gtest.h>

#include "suite/whole_suite.h"

namespace sortie::suite {
namespace {

constexpr const char* k_list = R"({"tests": 4, "name": "AllTests", "testsuites": [
  {"name": "S", "tests": 2, "testsuite": [{"name": "Fail", "file": "a.cc", "line": 9},
                                          {"name": "DISABLED_D", "file": "a.cc", "line": 11}]},
  {"name": "Ty\/0", "tests": 1, "testsuite": [{"name": "X", "type_param": "int", "file": "a.cc", "line": 19}]},
  {"name": "I\/DISABLED_P", "tests": 1, "testsuite": [{"name": "Q\/0", "value_param": "1", "file": "a.cc", "line": 15}]}]})";

TEST(GtestList, ReadsJson) {
  const auto listed = read_gtest_list({.result_file = k_list});
  ASSERT_TRUE(listed);
  EXPECT_EQ(listed->tests, (std::vector<TestCase>{{"S.Fail", "a.cc", 9},
                                                  {"S.DISABLED_D", "a.cc", 11, true},
                                                  {"Ty/0.X", "a.cc", 19},
                                                  {"I/DISABLED_P.Q/0", "a.cc", 15, true}}));
}

TEST(GtestList, ReadsTheTextOfOldVersions) {
  const auto listed = read_gtest_list(
      {.standard_output = "Running main() from gtest_main.cc\nS.\n  A\n  DISABLED_B\nTy/0.  # TypeParam = int\n  X\n"
                          "I/P.\n  Q/0  # GetParam() = 1\n"});
  ASSERT_TRUE(listed);
  EXPECT_EQ(listed->tests, (std::vector<TestCase>{{"S.A"}, {"S.DISABLED_B", "", 0, true}, {"Ty/0.X"}, {"I/P.Q/0"}}));
}

TEST(GtestList, DecodesTheBytesThatOlderVersionsEscape) {
  const std::string old =
      R"({"testsuites": [{"name": "Gr\u00C3\u00B6\u00c3\u009Fe", "testsuite": [{"name": "bl\\u00C3\u0001"}]}]})";
  const std::string present = "{\"testsuites\": [{\"name\": \"Größe\", \"testsuite\": [{\"name\": \"ünï\"}]}]}";
  ASSERT_TRUE(read_gtest_list({.result_file = old}));
  EXPECT_EQ(read_gtest_list({.result_file = old})->tests[0].name, "Größe.bl\\u00C3\x01");
  EXPECT_EQ(read_gtest_list({.result_file = present})->tests[0].name, "Größe.ünï");
  EXPECT_EQ(decode_byte_escapes("\\"), "\\");
  EXPECT_EQ(decode_byte_escapes("\\u00"), "\\u00");
  EXPECT_EQ(decode_byte_escapes("\\u00zz\\u00e9"), "\\u00zz\xe9");
}

TEST(GtestList, RefusesAFailedOrForeignList) {
  EXPECT_FALSE(read_gtest_list({.status = {.code = 127}}));
  EXPECT_FALSE(read_gtest_list({.status = {.signal = 6}}));
  EXPECT_FALSE(read_gtest_list({.result_file = "{\"testsuites\": 7}"}));
  EXPECT_FALSE(read_gtest_list({.result_file = "{"}));
  EXPECT_FALSE(read_gtest_list({.result_file = "[1]"}));
}

TEST(GtestList, ACompleteListIsTakenWhateverTheExitStatus) {
  const auto listed = read_gtest_list({.result_file = k_list, .status = {.code = 23}});
  ASSERT_TRUE(listed);
  EXPECT_EQ(listed->tests.size(), 4U);
  ASSERT_EQ(listed->notices.size(), 1U);
  EXPECT_NE(listed->notices[0].find("exit status 23"), std::string::npos);
  EXPECT_NE(read_gtest_list({.result_file = k_list, .status = {.signal = 6}})->notices[0].find("signal 6"),
            std::string::npos);
}

TEST(GtestList, TestsOfOneNameHaveNumbers) {
  const auto listed = read_gtest_list(
      {.result_file =
           R"({"testsuites": [{"name": "S", "testsuite": [{"name": "T"}, {"name": "T"}, {"name": "U"}]}]})"});
  ASSERT_TRUE(listed);
  EXPECT_EQ(listed->tests, (std::vector<TestCase>{
                               {.name = "S.T", .unit = "S.T"}, {.name = "S.T #2", .unit = "S.T"}, {.name = "S.U"}}));
}

TEST(GtestList, DisabledTestsAreRunWhenTheUserSaysSo) {
  auto disabled = [](std::vector<std::string> args) {
    return read_gtest_list({.result_file = k_list, .args = std::move(args)})->tests[1].disabled;
  };
  EXPECT_TRUE(disabled({"--verbose"}));
  EXPECT_FALSE(disabled({"--gtest_also_run_disabled_tests"}));
  EXPECT_FALSE(disabled({"--gtest_also_run_disabled_tests=1"}));
  EXPECT_TRUE(disabled({"--gtest_also_run_disabled_tests=0"}));
}

TEST(GtestList, ASuiteThatDoesNotHeedItsArgumentsIsOneTest) {
  auto is_whole = [](const ListOutput& output) {
    const auto listed = read_gtest_list(output);
    return listed && is_whole_suite(listed->tests) && listed->notices.size() == 1;
  };
  const std::string ran = R"({"tests": 0, "failures": 0, "disabled": 0, "name": "AllTests", "testsuites": []})";
  EXPECT_TRUE(is_whole({.result_file = ran}));
  EXPECT_TRUE(is_whole({.result_file = ran, .status = {.code = 23}}));
  const std::string_view present = "gtest_list_tests [  SKIPPED ] ";
  EXPECT_TRUE(is_whole({.standard_output = "hello\n", .executable = present}));
  EXPECT_TRUE(is_whole({.executable = "linked to libgtest.so"}));
  EXPECT_FALSE(is_whole({.result_file = R"({"tests": 0, "name": "AllTests", "testsuites": []})"}));
  EXPECT_FALSE(is_whole({.standard_output = "hello\n", .executable = "gtest_list_tests of 1.8"}));
}

TEST(GtestList, TextOfTheSuitesOwnIsToldFromNamesOrRefused) {
  auto names = [](const std::string& text) {
    const auto listed = read_gtest_list({.standard_output = text});
    if (!listed) return std::string("refused");
    std::string names;
    for (const TestCase& test : listed->tests) names += test.name + " ";
    return names;
  };
  EXPECT_EQ(names("Connecting to the server.\nready.\nS.\n  A\nT.\n  B\nbye\n"), "S.A T.B ");
  EXPECT_EQ(names("Connecting ...S.\n  A\n"), "refused");
  EXPECT_EQ(names("v1.S.\n  A\n"), "refused");
  EXPECT_EQ(names("S.\n  A\nconnected\n  B\n"), "refused");
  EXPECT_EQ(names("S.\n  A\n  B"), "refused");
  EXPECT_EQ(names("Running main() from gtest_main.cc\n"), "");
}

}  // namespace
}  // namespace sortie::suite
