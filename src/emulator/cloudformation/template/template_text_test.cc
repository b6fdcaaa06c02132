#include "emulator/cloudformation/template/template_text.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>

namespace sortie::emulator::cloudformation {
namespace {

namespace json = boost::json;

/// The template as JSON text, or the refusal.
std::string parsed(std::string_view text) {
  const auto value = parse_template_text(text);
  return value ? json::serialize(*value) : value.error().code + ": " + value.error().message;
}

std::string canonical(std::string_view text) {
  return json::serialize(json::parse(text));
}

TEST(TemplateText, ReadsJson) {
  EXPECT_EQ(parsed(R"( {"A": {"B": [1, true, "x"]}} )"), canonical(R"({"A":{"B":[1,true,"x"]}})"));
}

TEST(TemplateText, TakesABraceForJson) {
  EXPECT_EQ(parsed("{A: [x]}"), "ValidationError: Template format error: JSON not well-formed. (line 1, column 2)");
}

TEST(TemplateText, KeepsTheOrderOfMembers) {
  EXPECT_EQ(parsed("Z: 1\nA: 2\nM: 3\n"), canonical(R"({"Z":1,"A":2,"M":3})"));
}

struct ShortTag {
  std::string_view yaml;
  std::string_view json;
};

class ShortTags : public testing::TestWithParam<ShortTag> {};

TEST_P(ShortTags, BecomeTheirLongForm) {
  EXPECT_EQ(parsed("A: " + std::string(GetParam().yaml)), canonical("{\"A\":" + std::string(GetParam().json) + "}"));
}

INSTANTIATE_TEST_SUITE_P(
    Each, ShortTags,
    testing::Values(ShortTag{"!Ref X", R"({"Ref":"X"})"}, ShortTag{"!GetAtt X.Arn", R"({"Fn::GetAtt":["X","Arn"]})"},
                    ShortTag{"!GetAtt X.Outputs.Name", R"({"Fn::GetAtt":["X","Outputs.Name"]})"},
                    ShortTag{"!GetAtt [X, Arn]", R"({"Fn::GetAtt":["X","Arn"]})"},
                    ShortTag{"!Sub \"${X}-y\"", R"({"Fn::Sub":"${X}-y"})"},
                    ShortTag{"!Join [',', [a, !Ref B]]", R"({"Fn::Join":[",",["a",{"Ref":"B"}]]})"},
                    ShortTag{"!Select [0, !GetAZs '']", R"({"Fn::Select":[0,{"Fn::GetAZs":""}]})"},
                    ShortTag{"!Split [',', a]", R"({"Fn::Split":[",","a"]})"},
                    ShortTag{"!FindInMap [M, k, a]", R"({"Fn::FindInMap":["M","k","a"]})"},
                    ShortTag{"!If [C, 1, !Ref 'AWS::NoValue']", R"({"Fn::If":["C",1,{"Ref":"AWS::NoValue"}]})"},
                    ShortTag{"!And [!Condition A, !Not [!Equals [a, b]]]",
                             R"({"Fn::And":[{"Condition":"A"},{"Fn::Not":[{"Fn::Equals":["a","b"]}]}]})"},
                    ShortTag{"!Or [!Condition A, !Condition B]", R"({"Fn::Or":[{"Condition":"A"},{"Condition":"B"}]})"},
                    ShortTag{"!Base64 text", R"({"Fn::Base64":"text"})"},
                    ShortTag{"!Cidr [10.0.0.0/16, 4]", R"({"Fn::Cidr":["10.0.0.0/16",4]})"},
                    ShortTag{"!ImportValue name", R"({"Fn::ImportValue":"name"})"},
                    ShortTag{"!Transform {Name: T}", R"({"Fn::Transform":{"Name":"T"}})"}));

class PlainScalars : public testing::TestWithParam<ShortTag> {};

TEST_P(PlainScalars, AreYaml11AsFarAsTheTextCanBeHadBack) {
  EXPECT_EQ(parsed("A: " + std::string(GetParam().yaml)), canonical("{\"A\":" + std::string(GetParam().json) + "}"));
}

INSTANTIATE_TEST_SUITE_P(Each, PlainScalars,
                         testing::Values(ShortTag{"2012-10-17", R"("2012-10-17")"}, ShortTag{"1.10", R"("1.10")"},
                                         ShortTag{"007", R"("007")"}, ShortTag{"123456789012", "123456789012"},
                                         ShortTag{"yes", "true"}, ShortTag{"'yes'", R"("yes")"},
                                         ShortTag{"No", "false"}, ShortTag{"~", "null"}, ShortTag{"''", R"("")"},
                                         ShortTag{"!!str 12", R"("12")"}, ShortTag{"-5", "-5"},
                                         ShortTag{"99999999999999999999", R"("99999999999999999999")"}));

TEST(TemplateText, KeepsBlockTexts) {
  EXPECT_EQ(parsed("A: |\n  one\n  two\nB: >-\n  one\n  two\n"), canonical(R"({"A":"one\ntwo\n","B":"one two"})"));
}

TEST(TemplateText, TellsWhereItIsMalformed) {
  EXPECT_EQ(parsed("A: [1, 2\nB: }"),
            "ValidationError: Template format error: YAML not well-formed. (line 2, column 2)");
  EXPECT_EQ(parsed("{\"A\": 1,\n \"B\": }"),
            "ValidationError: Template format error: JSON not well-formed. (line 2, column 7)");
}

class WrongStructure : public testing::TestWithParam<std::string_view> {};

TEST_P(WrongStructure, IsUnsupported) {
  EXPECT_EQ(parsed(GetParam()), "ValidationError: Template format error: unsupported structure.");
}

INSTANTIATE_TEST_SUITE_P(Each, WrongStructure,
                         testing::Values("", "  \n", "https://example.com/template.yaml", "- a\n- b\n", "[1]", "12",
                                         "? [a, b]\n: c\n"));

TEST(TemplateText, HasNoAliases) {
  std::string laughs = "A: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n";
  for (char level = 'B'; level < 'K'; ++level) {
    const std::string before(1, static_cast<char>(level + 31));
    laughs += std::string(1, level) + ": &" + std::string(1, static_cast<char>(level + 32)) + " [*" + before + ", *" +
              before + "]\n";
  }
  EXPECT_NE(parsed(laughs).find("aliases are not allowed"), std::string::npos) << parsed(laughs);
}

TEST(TemplateText, RefusesATagThatNobodyKnows) {
  EXPECT_EQ(parsed("A: !Reff B"), "ValidationError: Template format error: Unknown tag !Reff");
}

TEST(TemplateText, LimitsDepth) {
  const std::string deep = std::string(100, '[') + std::string(100, ']');
  EXPECT_TRUE(parsed("A: " + deep).starts_with("ValidationError")) << parsed("A: " + deep);
  EXPECT_TRUE(parsed("{\"A\": " + deep + "}").starts_with("ValidationError"));
  // Deep enough for the parser's own recursion to matter, were there no limit.
  const std::string abyss = "A: " + std::string(500'000, '[');
  EXPECT_TRUE(parsed(abyss).starts_with("ValidationError"));
  const std::string blocks = [] {
    std::string text;
    for (int depth = 0; depth < 2000; ++depth) text += std::string(static_cast<std::size_t>(depth), ' ') + "a:\n";
    return text;
  }();
  EXPECT_TRUE(parsed(blocks).starts_with("ValidationError"));
}

TEST(TemplateText, LimitsTheNumberOfValues) {
  std::string many = "A: [";
  for (int i = 0; i < 60'000; ++i) many += "1,";
  EXPECT_TRUE(parsed(many + "1]").starts_with("ValidationError"));
}

}  // namespace
}  // namespace sortie::emulator::cloudformation
