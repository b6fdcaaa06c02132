#include "emulator/logs/filter_pattern.h"

#include <gtest/gtest.h>

namespace sortie::emulator::logs {
namespace {

bool matches(std::string_view pattern, std::string_view message) {
  const auto parsed = FilterPattern::parse(pattern);
  EXPECT_TRUE(parsed.has_value()) << pattern << ": " << (parsed ? "" : parsed.error());
  return parsed && parsed->matches(message);
}

std::string refused(std::string_view pattern) {
  const auto parsed = FilterPattern::parse(pattern);
  EXPECT_FALSE(parsed.has_value()) << pattern;
  return parsed ? "" : parsed.error();
}

TEST(FilterPattern, AnEmptyPatternMatchesEverything) {
  EXPECT_TRUE(matches("", "anything"));
  EXPECT_TRUE(matches("  ", ""));
}

TEST(FilterPattern, TermsMustAllBeThereAndCaseCounts) {
  EXPECT_TRUE(matches("ERROR disk", "disk: ERROR 5"));
  EXPECT_FALSE(matches("ERROR disk", "ERROR 5"));
  EXPECT_FALSE(matches("ERROR", "error"));
}

TEST(FilterPattern, QuotedPhrasesKeepSpacesAndEscapes) {
  EXPECT_TRUE(matches(R"("END RequestId: 7")", "END RequestId: 7\n"));
  EXPECT_FALSE(matches(R"("END RequestId: 7")", "END  RequestId: 7"));
  EXPECT_TRUE(matches(R"("say \"hi\"")", R"(say "hi" now)"));
}

TEST(FilterPattern, MinusExcludesAndQuestionMarkMeansOr) {
  EXPECT_TRUE(matches("ERROR -timeout", "ERROR disk"));
  EXPECT_FALSE(matches("ERROR -timeout", "ERROR timeout"));
  EXPECT_TRUE(matches("?WARN ?ERROR", "WARN x"));
  EXPECT_FALSE(matches("?WARN ?ERROR", "INFO x"));
  EXPECT_FALSE(matches("-\"a b\"", "x a b y"));
}

TEST(FilterPattern, OddCharactersWantQuotes) {
  EXPECT_EQ(refused("a:b"), "Invalid character(s) in term 'a:b'");
  refused("\"open");
  refused("-");
  refused(std::string(1025, 'a'));
}

TEST(FilterPattern, JsonComparesStringsNumbersAndLiterals) {
  const std::string_view event = R"({"a":"xyz","n":5,"f":1.5,"t":true,"z":null,"l":[{"k":"v"},2],"o":{"p.q":"r"}})";
  EXPECT_TRUE(matches(R"({ $.a = "xyz" })", event));
  EXPECT_TRUE(matches(R"({ $.a = "x*" })", event));
  EXPECT_TRUE(matches(R"({ $.a != "q" })", event));
  EXPECT_TRUE(matches("{ $.n >= 5 }", event));
  EXPECT_FALSE(matches("{ $.n > 5 }", event));
  EXPECT_TRUE(matches("{ $.f = 15e-1 }", event));
  EXPECT_TRUE(matches("{ $.t IS TRUE }", event));
  EXPECT_TRUE(matches("{ $.z IS NULL }", event));
  EXPECT_TRUE(matches("{ $.nope NOT EXISTS }", event));
  EXPECT_TRUE(matches(R"({ $.l[0].k = "v" })", event));
  EXPECT_TRUE(matches(R"({ $.l[*].k = v })", event));
  EXPECT_TRUE(matches(R"({ $.o["p.q"] = r })", event));
  EXPECT_FALSE(matches(R"({ $.nope != "x" })", event));
}

TEST(FilterPattern, JsonJoinsConditions) {
  const std::string_view event = R"({"a":1,"b":2})";
  EXPECT_TRUE(matches("{ $.a = 1 && $.b = 2 }", event));
  EXPECT_TRUE(matches("{ ($.a = 9 || $.b = 2) && $.a = 1 }", event));
  EXPECT_FALSE(matches("{ $.a = 9 || $.b = 9 }", event));
  EXPECT_TRUE(matches("{$.a=9||$.b=2}", event));
}

TEST(FilterPattern, JsonNeverMatchesText) {
  EXPECT_FALSE(matches("{ $.a NOT EXISTS }", "plain text"));
}

TEST(FilterPattern, BrokenJsonPatternsAreRefused) {
  for (const auto* pattern : {"{ }", "{ $ }", "{ $.a }", "{ $.a = }", "{ ($.a = 1 }", "{ $.a = 1 && }",
                              "{ $.a[x] = 1 }", "{ $.a IS MAYBE }", "{ $.a = \"x }"}) {
    refused(pattern);
  }
  refused("{ " + std::string(40, '(') + "$.a = 1" + std::string(40, ')') + " }");
}

TEST(FilterPattern, SpaceDelimitedFieldsMatchByPosition) {
  const std::string_view line = R"(127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534)";
  EXPECT_TRUE(matches("[ip, id, user, when, request, status = 4*, bytes]", line));
  EXPECT_TRUE(matches("[ip, ..., status = 404, bytes > 1000]", line));
  EXPECT_FALSE(matches("[ip, ..., status = 5*, bytes]", line));
  EXPECT_FALSE(matches("[a, b]", line));
  EXPECT_TRUE(matches("[..., status = 404 || status = 500, bytes]", line));
  EXPECT_TRUE(matches("[ip, id, user = \"frank\", ...]", line));
}

TEST(FilterPattern, RegularExpressions) {
  EXPECT_TRUE(matches("%AUTHORIZED%", "UNAUTHORIZED REQUEST"));
  EXPECT_TRUE(matches("%^[hc]at%", "cat"));
  EXPECT_FALSE(matches("%^[hc]at%", "a cat"));
  EXPECT_TRUE(matches("%[hc]at$%", "a hat"));
  EXPECT_TRUE(matches("%colou?r%", "color"));
  EXPECT_TRUE(matches("%a{3,5}b%", "xaaaab"));
  EXPECT_FALSE(matches("%^a{3,5}b%", "aab"));
  EXPECT_TRUE(matches(R"(%\d+ ms|never%)", "took 12 ms"));
  EXPECT_TRUE(matches(R"({ $.ip = %10\.0\.\d+% })", R"({"ip":"10.0.12"})"));
  EXPECT_TRUE(matches(R"(%a\n[\]x]%)", "an]"));
  EXPECT_TRUE(matches("%a.b%", "a\nb"));
  EXPECT_FALSE(matches("%a$%", "a\n"));
  EXPECT_TRUE(matches("%a^b$c%", "a^b$c"));
  EXPECT_FALSE(matches("%a*a*a*a*a*a*a*a*a*a*b%", std::string(20000, 'a')));
  refused("%(a)%");
  refused("%a+?%");
  refused("%a{,3}%");
  refused("%(?i)a%");
  refused("%a{200}%");
  refused("%[a%");
}

}  // namespace
}  // namespace sortie::emulator::logs
