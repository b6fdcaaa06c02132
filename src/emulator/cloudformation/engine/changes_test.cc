#include "emulator/cloudformation/engine/changes.h"

#include "emulator/cloudformation/engine/engine_test_support.h"
#include "emulator/cloudformation/engine/template_checks.h"

namespace sortie::emulator::cloudformation {
namespace {

namespace json = boost::json;
using testing_support::parameter;

class ChangesTest : public testing_support::EngineTest {
 protected:
  AwsResult<Preview> preview_of(const Stack& stack, const Definition& next) {
    const auto whole = load_template(next.template_body, next.values());
    if (!whole) return std::unexpected(whole.error());
    return preview(stack, next, *whole, engine->facts_of(stack), engine->exports_of(k_region));
  }
  /// `Modify A False`, one line for each change.
  Lines changes(const Stack& stack, const Definition& next) {
    const auto found = preview_of(stack, next);
    EXPECT_TRUE(found) << found.error().message;
    Lines lines;
    for (const json::value& change : found.value_or(Preview()).changes) {
      const json::object& one = change.as_object();
      std::string line(one.at("Action").as_string());
      line += " " + std::string(one.at("LogicalResourceId").as_string());
      if (const auto* replacement = one.if_contains("Replacement")) line += " " + std::string(replacement->as_string());
      lines.push_back(std::move(line));
    }
    return lines;
  }
};

TEST_F(ChangesTest, AddsEverythingToANewStack) {
  Stack fresh;
  fresh.id = id_of("n");
  fresh.name = "n";
  fresh.region = k_region;
  EXPECT_EQ(changes(fresh, definition(parameter("A", "/a", "x") + parameter("B", "/b", "!Ref A"))),
            (Lines{"Add A", "Add B"}));
}

TEST_F(ChangesTest, IsNothingForTheSameTemplate) {
  const auto what = definition(parameter("A", "/a", "x") + parameter("B", "/b", "!Ref A"));
  Stack& stack = created("s", what);
  const auto found = preview_of(stack, what);
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->empty());
}

TEST_F(ChangesTest, ModifiesInPlaceOrReplacesByTheProperty) {
  Stack& stack = created("s", definition(parameter("A", "/a", "x") + parameter("B", "/b", "x")));
  EXPECT_EQ(changes(stack, definition(parameter("A", "/a", "y") + parameter("B", "/b2", "x"))),
            (Lines{"Modify A False", "Modify B True"}));
}

TEST_F(ChangesTest, MayReplaceWhatANewNameOfAnotherIsIn) {
  const std::string second = parameter("B", "!Sub '${A}x'", "v");
  Stack& stack = created("s", definition(parameter("A", "/a", "x") + second));
  EXPECT_EQ(changes(stack, definition(parameter("A", "/a2", "x") + second)),
            (Lines{"Modify A True", "Modify B Conditional"}));
}

TEST_F(ChangesTest, ModifiesInPlaceWhatUsesANewNameOfAnotherAsAValue) {
  const std::string second = parameter("B", "/b", "!Ref A");
  Stack& stack = created("s", definition(parameter("A", "/a", "x") + second));
  EXPECT_EQ(changes(stack, definition(parameter("A", "/a2", "x") + second)),
            (Lines{"Modify A True", "Modify B False"}));
}

TEST_F(ChangesTest, RemovesWhatTheTemplateDoesNotHave) {
  Stack& stack =
      created("s", definition(parameter("A", "/a", "x") + parameter("K", "/k", "x", ", DeletionPolicy: Retain")));
  const auto found = preview_of(stack, definition(parameter("A", "/a", "x")));
  ASSERT_TRUE(found);
  ASSERT_EQ(found->changes.size(), 1U);
  EXPECT_EQ(found->changes[0].as_object().at("Action"), "Remove");
  EXPECT_EQ(found->changes[0].as_object().at("PolicyAction"), "Retain");
}

TEST_F(ChangesTest, SeesPoliciesMetadataAndOutputs) {
  const auto plain = definition(parameter("A", "/a", "x"));
  Stack& stack = created("s", plain);
  EXPECT_EQ(changes(stack, definition(parameter("A", "/a", "x", ", DeletionPolicy: Retain"))), Lines{"Modify A False"});
  EXPECT_EQ(changes(stack, definition(parameter("A", "/a", "x", ", Metadata: {M: 1}"))), Lines{"Modify A False"});
  const auto outputs = preview_of(stack, definition(parameter("A", "/a", "x"), "  O: {Value: v}\n"));
  ASSERT_TRUE(outputs);
  EXPECT_TRUE(outputs->outputs_changed);
  EXPECT_TRUE(outputs->changes.empty());
}

TEST_F(ChangesTest, FindsMistakesBeforeAnythingIsMade) {
  Stack& stack = created("s", definition(parameter("A", "/a", "x")));
  EXPECT_FALSE(preview_of(stack, definition(parameter("A", "/a", "!GetAtt A.Nothing"))));
  EXPECT_FALSE(preview_of(stack, definition(parameter("A", "/a", "!Select [9, [a]]"))));
}

TEST(Capabilities, AreNeededForIamAndForMacros) {
  const auto needed = [](const std::string& text) {
    const auto whole = load_template(text);
    EXPECT_TRUE(whole) << whole.error().message;
    return needed_capabilities(whole.value()).capabilities;
  };
  using Names = std::vector<std::string>;
  const std::string policy = "Properties: {AssumeRolePolicyDocument: {}";
  EXPECT_EQ(needed("Resources:\n" + parameter("A", "/a", "x")), Names());
  EXPECT_EQ(needed("Resources: {R: {Type: AWS::IAM::Role, " + policy + "}}}"), Names{"CAPABILITY_IAM"});
  EXPECT_EQ(needed("Resources: {R: {Type: AWS::IAM::Role, " + policy + ", RoleName: r}}}"),
            Names{"CAPABILITY_NAMED_IAM"});
  EXPECT_EQ(needed("Transform: AWS::LanguageExtensions\nResources:\n" + parameter("A", "/a", "x")),
            Names{"CAPABILITY_AUTO_EXPAND"});
}

TEST(Capabilities, AreCheckedAgainstThoseGiven) {
  const auto whole =
      load_template("Resources: {R: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}, RoleName: r}}}");
  ASSERT_TRUE(whole);
  EXPECT_EQ(check_capabilities(*whole, {"CAPABILITY_IAM"}, false).error().code, "InsufficientCapabilitiesException");
  EXPECT_TRUE(check_capabilities(*whole, {"CAPABILITY_NAMED_IAM"}, false));
  EXPECT_TRUE(check_allowed_types(*whole, {"AWS::IAM::*"}));
  EXPECT_FALSE(check_allowed_types(*whole, {"AWS::S3::*"}));
}

}  // namespace
}  // namespace sortie::emulator::cloudformation
