#include "emulator/core/pattern.h"

#include <gtest/gtest.h>

namespace sortie::emulator {
namespace {

struct Case {
  std::string_view pattern;
  std::string_view yes;
  std::string_view no;
};

class Patterns : public testing::TestWithParam<Case> {};

TEST_P(Patterns, MatchTheWholeText) {
  const auto pattern = Pattern::parse(GetParam().pattern);
  ASSERT_TRUE(pattern) << pattern.error();
  EXPECT_TRUE(pattern->matches(GetParam().yes)) << GetParam().yes;
  EXPECT_FALSE(pattern->matches(GetParam().no)) << GetParam().no;
}

INSTANTIATE_TEST_SUITE_P(
    Each, Patterns,
    testing::Values(Case{"[a-z]+", "abc", "abc1"}, Case{"^[a-zA-Z][-a-zA-Z0-9]*$", "a-1", "1-a"},
                    Case{"a|bc|d", "bc", "abc"}, Case{"(ab|cd)*ef", "abcdabef", "abcef"}, Case{"", "", "x"},
                    Case{"a?b", "b", "aab"}, Case{"\\d{3}-\\d{2,}", "123-4567", "123-4"}, Case{"x{2,3}", "xxx", "xxxx"},
                    Case{"x{2,3}y", "xxy", "xy"}, Case{"x{0}y", "y", "xy"},
                    Case{"(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})/(\\d{1,2})", "10.0.0.0/16", "10.0.0/16"},
                    Case{"[^@]+@[^@]+\\.[^@]+", "a@b.c", "a@b"}, Case{"(?=.*[0-9])(?=.*[a-z]).{4,8}", "ab12", "abcd"},
                    Case{"(?!admin$).+", "administrator", "admin"}, Case{"(?:a|b)c", "bc", "c"},
                    Case{"[]a]+", "]a", "b"}, Case{"[a\\-z]+", "a-z", "b"}, Case{"[\\w.-]+", "a_1.b-c", "a b"},
                    Case{"\\S+\\s\\S+", "a b", "ab"}, Case{"foo\\b.*", "foo bar", "foobar"},
                    Case{".*", "any", "li\nne"}, Case{"(a*)*b", "aaab", "aaa"},
                    Case{"arn:aws:iam::\\d{12}:role/.+", "arn:aws:iam::123456789012:role/r", "arn:aws:iam::12:role/r"},
                    Case{"(|a)+", "aa", "b"}, Case{"\\$\\{x\\}", "${x}", "x"},
                    // What PCRE2 would read otherwise.
                    Case{"a\\Z", "a", "a\n"}, Case{"a$", "a", "a\n"}, Case{"[[:alpha:]", ":", "b"},
                    Case{"[.]", ".", "x"}, Case{".", "x", "\r"}, Case{"a}", "a}", "a"}, Case{"a++b", "aab", "aa"},
                    Case{"a*?", "aa", "b"}));

class Malformed : public testing::TestWithParam<std::string_view> {};

TEST_P(Malformed, IsRefused) {
  EXPECT_FALSE(Pattern::parse(GetParam())) << GetParam();
}

INSTANTIATE_TEST_SUITE_P(Each, Malformed,
                         testing::Values("[a", "(a", "a)", "*a", "a{", "a{2,1}", "a\\", "(?<name>a)", "[z-a]", "(a)\\1",
                                         "a{99999}", "a{,3}", "(*UTF)a", "(?i)a", "(?<=a)b", "\\x41", "\\Qa\\E",
                                         "[\\b]", "{2}", "((a{400}){400}){400}"));

TEST(Pattern, TakesNoLongerForWickedExpressions) {
  const auto pattern = Pattern::parse("(a+)+$");
  ASSERT_TRUE(pattern);
  EXPECT_FALSE(pattern->matches(std::string(4096, 'a') + "b"));
  EXPECT_TRUE(pattern->matches(std::string(4096, 'a')));
  std::string nested = "x";
  for (int depth = 0; depth < 20; ++depth) nested = "(?=.*" + nested + ").*";
  const auto looking = Pattern::parse(nested);
  ASSERT_TRUE(looking) << looking.error();
  EXPECT_FALSE(looking->matches(std::string(4096, 'y')));
}

TEST(Pattern, LimitsItsDepth) {
  EXPECT_FALSE(Pattern::parse(std::string(5000, '(') + std::string(5000, ')')));
  EXPECT_FALSE(Pattern::parse("a" + std::string(100'000, '|')));
}

}  // namespace
}  // namespace sortie::emulator
