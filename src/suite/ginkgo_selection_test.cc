#include "suite/ginkgo_selection.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <regex>

namespace sortie::suite {
namespace {

TestCase spec(const std::string& text, const std::string& name = "") {
  TestCase test{.name = name.empty() ? text : name};
  test.handle = encode_handle({.function = "TestX", .description = "My suite (1)", .text = text}, test.name);
  return test;
}

std::vector<TestCase> specs(const std::vector<std::string>& texts) {
  std::vector<TestCase> tests;
  for (const std::string& text : texts) tests.push_back(spec(text));
  return tests;
}

bool matches(const std::vector<TestCase>& tests, const std::string& text) {
  return std::ranges::any_of(ginkgo_focus(tests),
                             [&](const std::string& pattern) { return std::regex_search(text, std::regex(pattern)); });
}

TEST(GinkgoSelection, HandlesSurvive) {
  for (const auto& [text, name, exact] :
       {std::tuple("a b", "a b", true), std::tuple("a  b", "a b #2", true), std::tuple("a b", "a b #2", false)}) {
    TestCase test{.name = name};
    test.handle = encode_handle({.function = "TestX", .description = "two\nlines", .text = text, .exact = exact}, name);
    const GinkgoHandle handle = decode_handle(test);
    EXPECT_EQ(handle.function, "TestX");
    EXPECT_EQ(handle.description, "two\nlines");
    EXPECT_EQ(handle.text, text);
    EXPECT_EQ(handle.exact, exact);
  }
}

TEST(GinkgoSelection, MatchesExactlyTheChosen) {
  const std::vector<TestCase> tests = specs({"cache stores", "cache stores more", "a [b] (c). d", "a\tb\n c^$|\\"});
  for (const TestCase& test : tests) {
    EXPECT_TRUE(matches(tests, "My suite (1) " + test.name)) << test.name;
    EXPECT_TRUE(matches(tests, "My suite (1) [Top Level] " + test.name)) << test.name;
  }
  for (const char* other :
       {"My suite (1) remote cache stores", "My suite (1) cache store", "Other My suite (1) cache stores",
        "My suite (1) cache stores more of it", "My suite (1) cache stores  more"}) {
    EXPECT_FALSE(matches(tests, other)) << other;
  }
}

TEST(GinkgoSelection, KnowsTextsWithoutTheirBlanks) {
  TestCase test{.name = "a b #2"};
  test.handle = encode_handle({.description = "S", .text = "a b", .exact = false}, test.name);
  EXPECT_TRUE(matches({test}, "S a  b"));
  EXPECT_TRUE(matches({test}, "S [Top Level] a\nb "));
  EXPECT_FALSE(matches({test}, "S c a b"));
}

TEST(GinkgoSelection, SharesWhatIsEqual) {
  std::vector<std::string> texts;
  for (int i = 0; i < 6000; ++i) texts.push_back("handles case " + std::to_string(i));
  const std::vector<TestCase> tests = specs(texts);
  ASSERT_EQ(ginkgo_focus(tests).size(), 1U);
  EXPECT_LT(ginkgo_focus(tests)[0].size(), 200U);
  for (const int i : {0, 9, 10, 599, 600, 5999})
    EXPECT_TRUE(matches(tests, "My suite (1) handles case " + std::to_string(i)));
  for (const char* other : {"6000", "00", "59990", ""})
    EXPECT_FALSE(matches(tests, std::string("My suite (1) handles case ") + other));
}

TEST(GinkgoSelection, IsNeverNestedTooDeepForGo) {
  std::vector<std::string> texts;
  for (std::size_t i = 1; i <= 400; ++i) texts.push_back(std::string(i, 'a') + "b");
  const std::string pattern = ginkgo_focus(specs(texts))[0];
  int depth = 0;
  int deepest = 0;
  for (const char c : pattern) {
    depth += c == '(' ? 1 : c == ')' ? -1 : 0;
    deepest = std::max(deepest, depth);
  }
  EXPECT_LT(deepest, 300);
}

TEST(GinkgoSelection, KeepsCharactersWhole) {
  const std::vector<TestCase> tests = specs({"Größe", "Grüße", "日本", "日曜"});
  const std::string pattern = ginkgo_focus(tests)[0];
  EXPECT_EQ(pattern, "^My suite \\(1\\) (?:\\[Top Level\\] )?(?:Gr(?:[öü]ße)|日(?:[曜本]))$");
}

}  // namespace
}  // namespace sortie::suite
