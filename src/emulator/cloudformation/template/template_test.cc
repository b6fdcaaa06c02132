#include "emulator/cloudformation/template/template.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>

#include "emulator/cloudformation/template/read_template.h"
#include "emulator/cloudformation/template/references.h"

namespace sortie::emulator::cloudformation {
namespace {

std::string refusal(std::string_view text) {
  const auto whole = load_template(text);
  return whole ? "(accepted)" : whole.error().message;
}

constexpr std::string_view k_whole = R"(
AWSTemplateFormatVersion: 2010-09-09
Description: all of it
Metadata: {a: b}
Parameters:
  Name: {Type: String, Default: 12, NoEcho: true, AllowedValues: [12, x], MinLength: 1, Description: d}
Mappings: {M: {k: {a: v}}}
Conditions: {C: !Equals [!Ref Name, x]}
Resources:
  B: {Type: AWS::S3::Bucket, Condition: C, DeletionPolicy: Retain, UpdateReplacePolicy: Delete, Metadata: {m: n}}
  P: {Type: AWS::S3::BucketPolicy, DependsOn: [B], Properties: {Bucket: x}}
Outputs:
  O: {Value: !Ref P, Description: says, Export: {Name: e}}
)";

TEST(Template, ReadsEverySection) {
  const auto whole = load_template(k_whole);
  ASSERT_TRUE(whole) << whole.error().message;
  EXPECT_EQ(whole->description, "all of it");
  ASSERT_EQ(whole->parameters.size(), 1U);
  EXPECT_EQ(whole->parameters[0].default_value, "12");
  EXPECT_TRUE(whole->parameters[0].no_echo);
  EXPECT_EQ(whole->parameters[0].allowed_values, (std::vector<std::string>{"12", "x"}));
  ASSERT_EQ(whole->resources.size(), 2U);
  EXPECT_EQ(whole->resources[0].condition, "C");
  EXPECT_EQ(whole->resources[0].deletion_policy, "Retain");
  EXPECT_EQ(whole->resources[1].depends_on, std::vector<std::string>{"B"});
  ASSERT_EQ(whole->outputs.size(), 1U);
  EXPECT_EQ(whole->outputs[0].export_name.as_string(), "e");
}

struct Wrong {
  std::string_view text;
  std::string_view message;
};

class WrongTemplates : public testing::TestWithParam<Wrong> {};

TEST_P(WrongTemplates, AreRefusedInAwsWords) {
  EXPECT_EQ(refusal(GetParam().text), GetParam().message);
}

constexpr std::string_view k_resource = "\nResources: {R: {Type: AWS::S3::Bucket}}";
#define WITH_RESOURCE(text) text "\nResources: {R: {Type: AWS::S3::Bucket}}"

INSTANTIATE_TEST_SUITE_P(
    Sections, WrongTemplates,
    testing::Values(
        Wrong{"Foo: 1\nBar: 2", "Invalid template property or properties [Foo, Bar]"},
        Wrong{"Description: x", "Template format error: At least one Resources member must be defined."},
        Wrong{"Resources: {}", "Template format error: At least one Resources member must be defined."},
        Wrong{"Resources: ~", "[/Resources] 'null' values are not allowed in templates"},
        Wrong{WITH_RESOURCE("Description: [a]"), "Template format error: Description member is not a string."},
        Wrong{WITH_RESOURCE("AWSTemplateFormatVersion: 2011-01-01"),
              "Template format error: unsupported value for AWSTemplateFormatVersion."},
        Wrong{WITH_RESOURCE("Mappings: {M: x}"), "Template format error: Every Mappings member M must be a map"},
        Wrong{WITH_RESOURCE("Mappings: {M: {k: x}}"), "Template format error: Every Mappings member k must be a map"},
        Wrong{WITH_RESOURCE("Mappings: {M: {k: {a: {b: c}}}}"),
              "Template format error: Every Mappings attribute must be a String or a List."}));

INSTANTIATE_TEST_SUITE_P(
    Resources, WrongTemplates,
    testing::Values(
        Wrong{"Resources: {R: x}", "Template format error: Any Resources member must be an object."},
        Wrong{"Resources: {R: {}}",
              "Template format error: [/Resources/R] Every Resources object must contain a Type member."},
        Wrong{"Resources: {R-1: {Type: AWS::S3::Bucket}}",
              "Template format error: Resource name R-1 is non alphanumeric."},
        Wrong{"Resources: {R: {Type: AWS::S3::Bucket, Invalid: 1}}", "Invalid template resource property 'Invalid'"},
        Wrong{"Resources: {R: {Type: AWS::S3::Bucket, Properties: {Tags: [{Key: ~}]}}}",
              "[/Resources/R/Properties/Tags/0/Key] 'null' values are not allowed in templates"},
        Wrong{"Resources: {R: {Type: AWS::S3::Bucket, DeletionPolicy: Forget}}",
              "Template format error: Unrecognized DeletionPolicy Forget"},
        Wrong{"Resources: {R: {Type: AWS::S3::Bucket, DependsOn: X}}",
              "Template format error: Unresolved resource dependencies [X] in the Resources block of the template"},
        Wrong{"Resources: {R: {Type: AWS::S3::Bucket, Condition: X}}",
              "Template format error: Unresolved condition dependency X in the Resources block of the template"},
        Wrong{"Resources: {R: {Type: AWS::S3::Bucket, Properties: {A: !Ref Z, B: !Ref Y}}}",
              "Template format error: Unresolved resource dependencies [Y, Z] in the Resources block of the template"},
        Wrong{"Resources: {R: {Type: AWS::S3::Bucket, Properties: {A: !Sub '${Y}'}}}",
              "Template format error: Unresolved resource dependencies [Y] in the Resources block of the template"},
        Wrong{"Resources: {R: {Type: AWS::S3::Bucket, Properties: {A: !GetAtt Y.Arn}}}",
              "Template error: instance of Fn::GetAtt references undefined resource Y"},
        Wrong{"Resources: {R: {Type: AWS::S3::Bucket, Properties: {A: !If [C, 1, 2]}}}",
              "Template error: unresolved condition dependency C in Fn::If"},
        Wrong{"Resources: {R: {Type: AWS::S3::Bucket, Properties: {A: !If [C, 1]}}}",
              "Template error: Fn::If requires a list argument with three elements"},
        Wrong{"Resources: {R: {Type: AWS::S3::Bucket, Properties: {A: !Sub [a, b, c]}}}",
              "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a "
              "string as first argument, and an optional second argument to specify a mapping of values to replace in "
              "the string"},
        Wrong{"Resources: {R: {Type: AWS::S3::Bucket, Properties: {A: !Sub '${a b}'}}}",
              "Template error: variable names in Fn::Sub syntax must contain only alphanumeric characters, "
              "underscores, periods, and colons"},
        Wrong{"Resources:\n  A: {Type: AWS::S3::Bucket, DependsOn: B}\n  B: {Type: AWS::S3::Bucket, DependsOn: A}\n"
              "  C: {Type: AWS::S3::Bucket, DependsOn: A}",
              "Circular dependency between resources: [A, B]"},
        Wrong{"Resources: {A: {Type: AWS::S3::Bucket, Properties: {Tags: !GetAtt A.Arn}}}",
              "Circular dependency between resources: [A]"}));

INSTANTIATE_TEST_SUITE_P(
    Others, WrongTemplates,
    testing::Values(
        Wrong{WITH_RESOURCE("Outputs: {O: {Value: ~}}"),
              "[/Outputs/O/Value] 'null' values are not allowed in templates"},
        Wrong{WITH_RESOURCE("Outputs: {O: {Description: x}}"),
              "Template format error: Every Outputs member must contain a Value object"},
        Wrong{WITH_RESOURCE("Outputs: {O: {Value: !Ref X}}"),
              "Template format error: Unresolved resource dependencies [X] in the Outputs block of the template"},
        Wrong{WITH_RESOURCE("Outputs: {O: {Value: x, Foo: y}}"), "Invalid template output property 'Foo'"},
        Wrong{WITH_RESOURCE("Parameters: {P: {Default: x}}"),
              "Template format error: [/Parameters/P] Every Parameters object must contain a Type member."},
        Wrong{WITH_RESOURCE("Parameters: {P: {Type: String, Default: [x]}}"),
              "Template format error: Every Default member must be a string."},
        Wrong{WITH_RESOURCE("Parameters: {P: {Type: String, AllowedValues: x}}"),
              "Template format error: Every AllowedValues member must be a list."},
        Wrong{WITH_RESOURCE("Parameters: {P: {Type: String, Foo: x}}"), "Invalid template parameter property 'Foo'"},
        Wrong{WITH_RESOURCE("Parameters: {P-1: {Type: String}}"),
              "Template format error: Parameter name P-1 is non alphanumeric."},
        Wrong{WITH_RESOURCE("Conditions: {C: !Equals [!Ref R, x]}"),
              "Template format error: Unresolved dependencies [R]. Cannot reference resources in the Conditions block "
              "of the template"},
        Wrong{WITH_RESOURCE("Conditions: {C: !Not [!Condition D]}"),
              "Template format error: Unresolved condition dependency D in the Conditions block of the template"},
        Wrong{WITH_RESOURCE("Conditions: {C: !Equals [!ImportValue x, y]}"),
              "Template error: Cannot use Fn::ImportValue in Conditions"},
        Wrong{WITH_RESOURCE("Conditions: {C: !Not [!Condition D], D: !Not [!Condition C]}"),
              "Template error: Circular dependencies in conditions: [C, D]"},
        Wrong{WITH_RESOURCE("Transform: AWS::Serverless-2016-10-31"),
              "The embedded AWS does not implement the transform AWS::Serverless-2016-10-31. AWS does."}));

TEST(Template, LimitsCounts) {
  std::string text = "Resources:\n";
  for (int i = 0; i <= 500; ++i) text += "  R" + std::to_string(i) + ": {Type: AWS::S3::Bucket}\n";
  EXPECT_EQ(refusal(text), "Template format error: Number of resources, 501, is greater than maximum allowed, 500");
  EXPECT_EQ(refusal("Description: " + std::string(1025, 'x') + std::string(k_resource)),
            "Template format error: 'Description' length is greater than 1024.");
}

TEST(Template, MakesResourcesAfterWhatTheyNeed) {
  const auto whole = load_template(R"(
Resources:
  D: {Type: AWS::S3::Bucket, DependsOn: C}
  C: {Type: AWS::S3::Bucket, Properties: {Name: !Sub '${A.Arn}-x'}}
  B: {Type: AWS::S3::Bucket}
  A: {Type: AWS::S3::Bucket, Properties: {Name: !Join ['', [!Ref B, !Ref 'AWS::Region']]}}
)");
  ASSERT_TRUE(whole) << whole.error().message;
  EXPECT_EQ(creation_order(*whole), (std::vector<std::string>{"B", "A", "C", "D"}));
  EXPECT_EQ(dependencies_of(*whole, *whole->find_resource("A")), std::vector<std::string>{"B"});
}

TEST(Template, LooksThroughLongChainsInTime) {
  constexpr int k_length = 10'000;
  std::string text = "Resources: {R: {Type: AWS::S3::Bucket}}\nConditions:\n";
  for (int i = 0; i < k_length; ++i) {
    text += "  C" + std::to_string(i) + ": !Not [!Condition C" + std::to_string(i + 1) + "]\n";
  }
  const auto whole = load_template(text + "  C" + std::to_string(k_length) + ": !Equals [a, a]\n");
  ASSERT_TRUE(whole) << whole.error().message;
  EXPECT_EQ(condition_order(*whole).front(), "C" + std::to_string(k_length));
  EXPECT_EQ(refusal(text + "  C" + std::to_string(k_length) + ": !Not [!Condition C9999]\n"),
            "Template error: Circular dependencies in conditions: [C10000, C9999]");
}

TEST(Template, SplitsSubstitutions) {
  const auto pieces = split_sub("a${B}c${!Literal}d${ E.F }$x");
  ASSERT_TRUE(pieces);
  std::string shown;
  for (const SubPiece& piece : *pieces)
    shown += (piece.variable ? "<" : "'") + piece.text + (piece.variable ? ">" : "'");
  EXPECT_EQ(shown, "'a'<B>'c${Literal}d'<E.F>'$x'");
}

}  // namespace
}  // namespace sortie::emulator::cloudformation
