#include "emulator/cloudformation/template/evaluate.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>

#include "emulator/cloudformation/template/read_template.h"
#include "emulator/cloudformation/template/template_text.h"
#include "emulator/cloudformation/template/values.h"

namespace sortie::emulator::cloudformation {
namespace {

namespace json = boost::json;

constexpr std::string_view k_template = R"(
Parameters:
  Text: {Type: String, Default: hello}
  Count: {Type: Number, Default: 3}
  List: {Type: CommaDelimitedList, Default: 'a, b,c'}
Mappings:
  M: {us-east-1: {name: mapped, list: [x, y]}}
Conditions:
  IsTrue: !Equals [!Ref Text, hello]
  IsFalse: !Not [!Condition IsTrue]
  Both: !And [!Condition IsTrue, !Not [!Condition IsFalse]]
  Any: !Or [!Condition IsFalse, !Condition IsFalse]
  ByNumber: !Equals [!Ref Count, 3]
  Mapped: !Equals [!FindInMap [M, !Ref 'AWS::Region', name], mapped]
Resources:
  R: {Type: AWS::S3::Bucket}
)";

class Evaluation : public testing::Test {
 protected:
  Evaluation() {
    auto read = load_template(k_template);
    EXPECT_TRUE(read) << read.error().message;
    whole = std::move(*read);
    auto resolved = resolve_parameters(whole, {}, {});
    EXPECT_TRUE(resolved) << resolved.error().message;
    parameters = std::move(*resolved);
  }

  Evaluator evaluator() {
    Evaluator made(whole, parameters, facts,
                   {.resource = [](const std::string& id, const std::string& attribute) -> AwsResult<json::value> {
                      if (attribute.empty()) return json::string("the-" + id);
                      if (attribute == "Unknown") return json::string(k_known_after_apply);
                      return json::string(id + "/" + attribute);
                    },
                    .import = [](const std::string& name) -> AwsResult<std::string> {
                      if (name == "there") return "imported";
                      return invalid("No export named " + name + " found.");
                    }});
    const auto done = made.evaluate_conditions();
    EXPECT_TRUE(done) << done.error().message;
    return made;
  }

  /// The value of a YAML expression as JSON text, or the refusal.
  std::string value_of(std::string_view yaml) {
    const auto document = parse_template_text("V: " + std::string(yaml));
    if (!document) return document.error().message;
    auto made = evaluator();
    const auto value = made.evaluate(document->at("V"));
    return value ? json::serialize(*value) : value.error().message;
  }

  Template whole;
  ParameterTexts parameters;
  StackFacts facts{"123456789012", "us-east-1", "arn:aws:cloudformation:us-east-1:123456789012:stack/s/1", "s", {}};
};

struct Example {
  std::string_view expression;
  std::string_view value;
};

class Functions : public Evaluation, public testing::WithParamInterface<Example> {};

TEST_P(Functions, GiveWhatTheyShould) {
  EXPECT_EQ(value_of(GetParam().expression), GetParam().value);
}

INSTANTIATE_TEST_SUITE_P(
    References, Functions,
    testing::Values(Example{"!Ref Text", R"("hello")"}, Example{"!Ref Count", R"("3")"},
                    Example{"!Ref List", R"(["a","b","c"])"}, Example{"!Ref R", R"("the-R")"},
                    Example{"!GetAtt R.Arn", R"("R/Arn")"}, Example{"!GetAtt [R, Arn]", R"("R/Arn")"},
                    Example{"!Ref AWS::AccountId", R"("123456789012")"}, Example{"!Ref AWS::Region", R"("us-east-1")"},
                    Example{"!Ref AWS::Partition", R"("aws")"}, Example{"!Ref AWS::URLSuffix", R"("amazonaws.com")"},
                    Example{"!Ref AWS::StackName", R"("s")"},
                    Example{"!Ref AWS::StackId", R"("arn:aws:cloudformation:us-east-1:123456789012:stack/s/1")"},
                    Example{"!Ref AWS::NotificationARNs", "[]"},
                    Example{"{a: !Ref 'AWS::NoValue', b: 1}", R"({"b":1})"},
                    Example{"[1, !Ref 'AWS::NoValue', 2]", "[1,2]"}));

INSTANTIATE_TEST_SUITE_P(Texts, Functions,
                         testing::Values(Example{"!Join ['-', [a, !Ref Text, 1, true]]", R"("a-hello-1-true")"},
                                         Example{"!Join [',', !Ref List]", R"("a,b,c")"},
                                         Example{"!Join ['', []]", R"("")"},
                                         Example{"!Join [',', [!Ref 'AWS::NoValue', Sample]]", R"("Sample")"},
                                         Example{"!Join [',', [!If [IsFalse, x, !Ref 'AWS::NoValue']]]", R"("")"},
                                         Example{"!Sub 'x${Text}y${R}z${R.Arn}w${AWS::Region}${!Not}'",
                                                 R"("xhelloythe-RzR/Arnwus-east-1${Not}")"},
                                         Example{"!Sub ['${A}${Text}', {A: !Ref Count}]", R"("3hello")"},
                                         Example{"!Split ['|', 'a|b|']", R"(["a","b",""])"},
                                         Example{"!Base64 hello", R"("aGVsbG8=")"},
                                         Example{"!Base64 {'Fn::Sub': '${Text}'}", R"("aGVsbG8=")"}));

INSTANTIATE_TEST_SUITE_P(
    Lists, Functions,
    testing::Values(Example{"!Select [1, [a, b]]", R"("b")"}, Example{"!Select ['2', !Ref List]", R"("c")"},
                    Example{"!Select [!FindInMap [M, us-east-1, name], [a]]",
                            "Template error: Fn::Select requires a list argument with two elements: an integer index "
                            "and a list"},
                    Example{"!Select [3, !Ref List]",
                            "Template error: Fn::Select cannot select nonexistent value at index 3"},
                    Example{"!Select [0, !GetAZs '']", R"("us-east-1a")"},
                    Example{"!GetAZs eu-west-1", R"(["eu-west-1a","eu-west-1b","eu-west-1c"])"},
                    Example{"!Cidr [10.0.0.0/24, 3, 6]", R"(["10.0.0.0/26","10.0.0.64/26","10.0.0.128/26"])"},
                    Example{"!Cidr ['2001:db8::/56', 2, 64]", R"(["2001:db8::/64","2001:db8:0:1::/64"])"}));

INSTANTIATE_TEST_SUITE_P(
    MapsAndTruths, Functions,
    testing::Values(Example{"!FindInMap [M, !Ref 'AWS::Region', name]", R"("mapped")"},
                    Example{"!FindInMap [M, us-east-1, list]", R"(["x","y"])"},
                    Example{"!FindInMap [M, mars, name]", "Template error: Unable to get mapping for M::mars::name"},
                    Example{"!FindInMap [X, a, b]",
                            "Template error: Mapping named 'X' is not present in the 'Mappings' section of template."},
                    Example{"!If [IsTrue, 1, 2]", "1"}, Example{"!If [IsFalse, 1, [2]]", "[2]"},
                    Example{"!If [ByNumber, same, other]", R"("same")"}, Example{"!If [Both, y, n]", R"("y")"},
                    Example{"!If [Any, y, n]", R"("n")"}, Example{"!If [Mapped, y, n]", R"("y")"},
                    Example{"!ImportValue there", R"("imported")"},
                    Example{"!ImportValue gone", "No export named gone found."}));

INSTANTIATE_TEST_SUITE_P(
    Malformed, Functions,
    testing::Values(
        Example{
            "!Join [a]",
            "Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list "
            "of strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined."},
        Example{"!Split [a]",
                "Template error: every Fn::Split object requires two parameters, (1) a string delimiter and (2) a "
                "string to be split or a function that returns a string to be split."},
        Example{"!Base64 [a]", "Template error: every Fn::Base64 object must have a String-typed value."},
        Example{"{'Fn::Nothing': a}", "Template format error: Encountered unsupported function: Fn::Nothing"},
        Example{"!Length [a]",
                "Template format error: Encountered unsupported function: Fn::Length: it needs the transform "
                "AWS::LanguageExtensions"}));

TEST_F(Evaluation, ImportsByAName) {
  EXPECT_EQ(value_of("!ImportValue {'Fn::Sub': ['th${X}', {X: ere}]}"), R"("imported")");
}

TEST_F(Evaluation, HasLanguageExtensionsWhereTheyAreDeclared) {
  whole.transforms = {"AWS::LanguageExtensions"};
  EXPECT_EQ(value_of("!Length {Ref: List}"), "3");
  EXPECT_EQ(value_of("{'Fn::ToJsonString': {a: !Ref Text}}"), R"("{\"a\":\"hello\"}")");
  EXPECT_EQ(value_of("!FindInMap [M, mars, name, {DefaultValue: else}]"), R"("else")");
}

TEST_F(Evaluation, LetsTheUnknownFlowThrough) {
  const std::string unknown = "\"" + std::string(k_known_after_apply) + "\"";
  EXPECT_EQ(value_of("!Select [5, !Split [',', !GetAtt R.Unknown]]"), unknown);
  EXPECT_EQ(value_of("!Base64 {'Fn::GetAtt': R.Unknown}"), unknown);
  EXPECT_EQ(value_of("!Sub 'a-${R.Unknown}'"), "\"a-" + std::string(k_known_after_apply) + "\"");
}

TEST_F(Evaluation, LimitsTexts) {
  parameters["Text"] = std::string(4000, 'x');
  std::string many = "!Join ['', [";
  for (int i = 0; i < 300; ++i) many += "!Ref Text, ";
  EXPECT_EQ(value_of(many + "'']]"), "Template error: Fn::Join makes a text of more than 1 MB");
}

TEST_F(Evaluation, LimitsAllValuesTogether) {
  parameters["Text"] = std::string(4000, 'x');
  std::string large = "[";
  for (int i = 0; i < 6000; ++i) large += "!Ref Text, ";
  EXPECT_EQ(value_of(large + "'']"), "Template error: the values of the template are more than 16 MB");
}

TEST_F(Evaluation, FollowsLongChainsOfConditions) {
  std::string text = "Resources: {R: {Type: AWS::S3::Bucket}}\nConditions:\n";
  for (int i = 0; i < 10'000; ++i) {
    text += "  C" + std::to_string(i) + ": !Not [!Condition C" + std::to_string(i + 1) + "]\n";
  }
  const auto chain = load_template(text + "  C10000: !Equals [a, a]\n");
  ASSERT_TRUE(chain) << chain.error().message;
  Evaluator conditions(*chain, parameters, facts, {});
  ASSERT_TRUE(conditions.evaluate_conditions());
  EXPECT_TRUE(conditions.condition("C0"));
  EXPECT_FALSE(conditions.condition("C9999"));
}

TEST_F(Evaluation, ChecksRules) {
  const auto read = load_template(R"(
Rules:
  Prod:
    RuleCondition: !Equals [prod, prod]
    Assertions:
      - {Assert: !Contains [[a, b], c], AssertDescription: c is not allowed}
Resources: {R: {Type: AWS::S3::Bucket}}
)");
  ASSERT_TRUE(read) << read.error().message;
  Evaluator rules(*read, parameters, facts, {});
  const auto done = rules.evaluate_conditions();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().message, "Rule Prod failed: c is not allowed");
}

TEST(Cidr, RefusesWhatDoesNotFit) {
  EXPECT_FALSE(cidr_blocks("10.0.0.0/24", 5, 6));
  EXPECT_FALSE(cidr_blocks("10.0.0.0/33", 1, 6));
  EXPECT_FALSE(cidr_blocks("ten/8", 1, 6));
  EXPECT_FALSE(cidr_blocks("10.0.0.0/8", 257, 8));
  EXPECT_FALSE(cidr_blocks("10.0.0.0/8", 1, 0));
  EXPECT_EQ(cidr_blocks("10.1.2.3/16", 1, 8).value(), std::vector<std::string>{"10.1.0.0/24"});
}

}  // namespace
}  // namespace sortie::emulator::cloudformation
