#include "emulator/cloudformation/template/parameters.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>

#include "emulator/cloudformation/template/read_template.h"

namespace sortie::emulator::cloudformation {
namespace {

/// What becomes of parameter P, declared so, with `given`; or the refusal.
std::string resolved(std::string_view declaration, std::vector<GivenParameter> given,
                     const ParameterTexts& previous = {}) {
  const auto whole =
      load_template("Parameters: {P: " + std::string(declaration) + "}\nResources: {R: {Type: AWS::S3::Bucket}}");
  if (!whole) return whole.error().message;
  const auto texts = resolve_parameters(*whole, given, previous);
  if (!texts) return texts.error().message;
  return boost::json::serialize(parameter_value(whole->parameters[0], texts->at("P")));
}

std::string checked(std::string_view declaration, std::string value) {
  return resolved(declaration, {{"P", std::move(value), false}});
}

TEST(Parameters, TakeTheGivenTheDefaultOrThePrevious) {
  EXPECT_EQ(resolved("{Type: String, Default: d}", {}), R"("d")");
  EXPECT_EQ(checked("{Type: String, Default: d}", "g"), R"("g")");
  EXPECT_EQ(resolved("{Type: String, Default: d}", {{"P", "", true}}, {{"P", "p"}}), R"("p")");
  EXPECT_EQ(resolved("{Type: String, Default: d}", {}, {{"P", "p"}}), R"("d")");
}

TEST(Parameters, AreAskedForByName) {
  EXPECT_EQ(resolved("{Type: String}", {}), "Parameters: [P] must have values");
  EXPECT_EQ(resolved("{Type: String, Default: d}", {{"Q", "x", false}}),
            "Parameters: [Q] do not exist in the template");
  EXPECT_EQ(resolved("{Type: String}", {{"P", "", true}}),
            "Invalid input for parameter key P. Cannot specify usePreviousValue as true for a parameter key not in the "
            "previous template");
}

struct Case {
  std::string_view declaration;
  std::string_view value;
  std::string_view result;
};

class Types : public testing::TestWithParam<Case> {};

TEST_P(Types, AreChecked) {
  EXPECT_EQ(checked(GetParam().declaration, std::string(GetParam().value)), GetParam().result);
}

INSTANTIATE_TEST_SUITE_P(
    Each, Types,
    testing::Values(Case{"{Type: String}", "", R"("")"}, Case{"{Type: Number}", "1.5", R"("1.5")"},
                    Case{"{Type: Number}", "x", "Parameter 'P' must be a number"},
                    Case{"{Type: Number, MinValue: 2}", "1", "Parameter 'P' must be a number not less than 2"},
                    Case{"{Type: Number, MaxValue: 2}", "3", "Parameter 'P' must be a number not greater than 2"},
                    Case{"{Type: String, MinLength: 2}", "a", "Parameter 'P' must contain at least 2 characters"},
                    Case{"{Type: String, MaxLength: 2}", "abc", "Parameter 'P' must contain at most 2 characters"},
                    Case{"{Type: String, AllowedPattern: '[a-z]+'}", "abc", R"("abc")"},
                    Case{"{Type: String, AllowedPattern: '[a-z]+'}", "a1", "Parameter 'P' must match pattern [a-z]+"},
                    Case{"{Type: String, AllowedValues: [a, b]}", "c", "Parameter 'P' must be one of AllowedValues"},
                    Case{"{Type: String, AllowedValues: [a], ConstraintDescription: only a}", "c",
                         "Parameter P failed to satisfy constraint: only a"},
                    Case{"{Type: CommaDelimitedList}", "a, b", R"(["a","b"])"},
                    Case{"{Type: CommaDelimitedList}", "", "[]"},
                    Case{"{Type: CommaDelimitedList, AllowedValues: [a]}", "a,b",
                         "Parameter 'P' must be one of AllowedValues"},
                    Case{"{Type: List<Number>}", "1,2", R"(["1","2"])"},
                    Case{"{Type: List<Number>}", "1,x", "Parameter 'P' must be a number"},
                    Case{"{Type: List<String>}", "a,b", R"(["a","b"])"},
                    Case{"{Type: 'List<AWS::EC2::Subnet::Id>'}", "subnet-1,subnet-2", R"(["subnet-1","subnet-2"])"},
                    Case{"{Type: 'AWS::EC2::KeyPair::KeyName'}", "key", R"("key")"},
                    Case{"{Type: Text}", "x", "Template format error: Unrecognized parameter type: Text"}));

TEST(Parameters, OfSystemsManagerAreNamesThatConstraintsAreAbout) {
  EXPECT_EQ(checked("{Type: 'AWS::SSM::Parameter::Value<List<String>>', AllowedPattern: '/.*'}", "/a,b"),
            R"(["/a","b"])");
  EXPECT_NE(checked("{Type: 'AWS::SSM::Parameter::Value<String>', AllowedPattern: '/.*'}", "a").find("must match"),
            std::string::npos);
  EXPECT_NE(checked("{Type: 'AWS::SSM::Parameter::Value<Number>'}", "x").find("Unrecognized"), std::string::npos);
}

TEST(Parameters, AreNotShownWithNoEcho) {
  const auto whole = load_template(
      "Parameters: {P: {Type: String, NoEcho: true}, Q: {Type: String}}\n"
      "Resources: {R: {Type: AWS::S3::Bucket}}");
  ASSERT_TRUE(whole);
  EXPECT_EQ(shown_parameter(*whole, "P", "secret"), "****");
  EXPECT_EQ(shown_parameter(*whole, "Q", "open"), "open");
}

TEST(Parameters, SurviveAPatternThatCannotBe) {
  EXPECT_NE(checked("{Type: String, AllowedPattern: '[a'}", "x").find("not a regular expression"), std::string::npos);
}

}  // namespace
}  // namespace sortie::emulator::cloudformation
