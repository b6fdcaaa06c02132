#include <fmt/format.h>
#include <gtest/gtest.h>

#include "emulator/iam/iam_test_support.h"

namespace sortie::emulator {
namespace {

TEST_F(IamTest, CreatesARole) {
  const Answer made = create_role("reader", {{"Path", "/team/"}, {"Description", "reads"}});
  EXPECT_EQ(made.status, 200);
  EXPECT_EQ(made.at("CreateRoleResult/Role/Arn"), "arn:aws:iam::123456789012:role/team/reader");
  EXPECT_EQ(made.at("CreateRoleResult/Role/RoleId").substr(0, 4), "AROA");
  EXPECT_EQ(made.at("CreateRoleResult/Role/CreateDate"), "2015-08-30T12:36:00Z");
  EXPECT_EQ(wire::uri_decode(made.at("CreateRoleResult/Role/AssumeRolePolicyDocument")), k_trust_lambda);
  EXPECT_EQ(made.at("ResponseMetadata/RequestId"), "request-1");
  const Answer got = ask("GetRole", {{"RoleName", "reader"}});
  EXPECT_EQ(got.at("GetRoleResult/Role/MaxSessionDuration"), "3600");
  EXPECT_EQ(got.at("GetRoleResult/Role/Description"), "reads");
}

TEST_F(IamTest, RoleNamesAreUniqueWithoutCase) {
  create_role("Reader");
  const Answer again = create_role("reader");
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(again.code(), "EntityAlreadyExists");
  EXPECT_EQ(again.message(), "Role with name reader already exists.");
}

TEST_F(IamTest, SaysWhichRoleIsMissing) {
  const Answer got = ask("GetRole", {{"RoleName", "none"}});
  EXPECT_EQ(got.status, 404);
  EXPECT_EQ(got.code(), "NoSuchEntity");
  EXPECT_EQ(got.message(), "The role with name none cannot be found.");
}

TEST_F(IamTest, ValidatesParameters) {
  EXPECT_EQ(ask("GetRole").message(),
            "1 validation error detected: Value null at 'roleName' failed to satisfy constraint: Member must not be "
            "null");
  EXPECT_EQ(ask("GetRole", {{"RoleName", "a b"}}).message(),
            "The specified value for roleName is invalid. It must contain only alphanumeric characters and/or the "
            "following: +=,.@_-");
  EXPECT_EQ(ask("GetRole", {{"RoleName", std::string(65, 'a')}}).code(), "ValidationError");
  EXPECT_EQ(create_role("r", {{"MaxSessionDuration", "60"}}).message(),
            "1 validation error detected: Value at 'maxSessionDuration' failed to satisfy constraint: Member must have "
            "value greater than or equal to 3600");
  EXPECT_EQ(create_role("r", {{"Path", "nope"}}).code(), "ValidationError");
  EXPECT_EQ(ask("CreateRole", {{"RoleName", "r"}, {"AssumeRolePolicyDocument", "{"}}).code(),
            "MalformedPolicyDocument");
}

TEST_F(IamTest, TrustMayOnlyNameWhoExists) {
  const std::string trust =
      R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:user/ghost"},"Action":"sts:AssumeRole"}})";
  const Answer made = ask("CreateRole", {{"RoleName", "r"}, {"AssumeRolePolicyDocument", trust}});
  EXPECT_EQ(made.message(), "Invalid principal in policy: \"AWS\":\"arn:aws:iam::123456789012:user/ghost\"");
  user("ghost");
  EXPECT_EQ(ask("CreateRole", {{"RoleName", "r"}, {"AssumeRolePolicyDocument", trust}}).status, 200);
}

TEST_F(IamTest, UpdatesARole) {
  create_role("r");
  EXPECT_EQ(ask("UpdateRole", {{"RoleName", "r"}, {"MaxSessionDuration", "7200"}, {"Description", "new"}}).status, 200);
  EXPECT_EQ(ask("UpdateRoleDescription", {{"RoleName", "r"}, {"Description", "newer"}}).status, 200);
  const std::string trust =
      R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}})";
  EXPECT_EQ(ask("UpdateAssumeRolePolicy", {{"RoleName", "r"}, {"PolicyDocument", trust}}).status, 200);
  const Answer got = ask("GetRole", {{"RoleName", "r"}});
  EXPECT_EQ(got.at("GetRoleResult/Role/MaxSessionDuration"), "7200");
  EXPECT_EQ(got.at("GetRoleResult/Role/Description"), "newer");
  EXPECT_FALSE(iam->identities().check_assumable("arn:aws:iam::123456789012:role/r", "lambda.amazonaws.com"));
}

TEST_F(IamTest, ListsRolesInPages) {
  for (const char* name : {"d", "b", "e", "a", "c"}) create_role(name);
  create_role("other", {{"Path", "/other/"}});
  const Answer first = ask("ListRoles", {{"MaxItems", "4"}});
  EXPECT_EQ(first.count("<member>"), 4U);
  EXPECT_EQ(first.at("ListRolesResult/IsTruncated"), "true");
  const Answer rest = ask("ListRoles", {{"Marker", first.at("ListRolesResult/Marker")}});
  EXPECT_EQ(rest.count("<member>"), 2U);
  EXPECT_EQ(rest.at("ListRolesResult/IsTruncated"), "false");
  EXPECT_EQ(ask("ListRoles", {{"PathPrefix", "/other/"}}).count("<member>"), 1U);
  EXPECT_EQ(ask("ListRoles", {{"MaxItems", "0"}}).code(), "ValidationError");
  EXPECT_EQ(ask("ListRoles", {{"Marker", "!"}}).code(), "ValidationError");
}

TEST_F(IamTest, DeletesOnlyEmptyRoles) {
  create_role("r");
  ask("PutRolePolicy", {{"RoleName", "r"}, {"PolicyName", "p"}, {"PolicyDocument", k_allow_s3}});
  ask("AttachRolePolicy", {{"RoleName", "r"}, {"PolicyArn", "arn:aws:iam::aws:policy/AdministratorAccess"}});
  EXPECT_EQ(ask("DeleteRole", {{"RoleName", "r"}}).message(), "Cannot delete entity, must detach all policies first.");
  ask("DetachRolePolicy", {{"RoleName", "r"}, {"PolicyArn", "arn:aws:iam::aws:policy/AdministratorAccess"}});
  EXPECT_EQ(ask("DeleteRole", {{"RoleName", "r"}}).message(), "Cannot delete entity, must delete policies first.");
  ask("DeleteRolePolicy", {{"RoleName", "r"}, {"PolicyName", "p"}});
  ask("CreateInstanceProfile", {{"InstanceProfileName", "i"}});
  ask("AddRoleToInstanceProfile", {{"InstanceProfileName", "i"}, {"RoleName", "r"}});
  EXPECT_EQ(ask("DeleteRole", {{"RoleName", "r"}}).code(), "DeleteConflict");
  ask("RemoveRoleFromInstanceProfile", {{"InstanceProfileName", "i"}, {"RoleName", "r"}});
  EXPECT_EQ(ask("DeleteRole", {{"RoleName", "r"}}).status, 200);
  EXPECT_EQ(ask("GetRole", {{"RoleName", "r"}}).code(), "NoSuchEntity");
}

TEST_F(IamTest, KeepsInlinePolicies) {
  create_role("r");
  EXPECT_EQ(ask("PutRolePolicy", {{"RoleName", "r"}, {"PolicyName", "p"}, {"PolicyDocument", "{}"}}).code(),
            "MalformedPolicyDocument");
  EXPECT_EQ(ask("PutRolePolicy", {{"RoleName", "r"}, {"PolicyName", "p"}, {"PolicyDocument", k_allow_s3}}).status, 200);
  const Answer got = ask("GetRolePolicy", {{"RoleName", "r"}, {"PolicyName", "p"}});
  EXPECT_EQ(wire::uri_decode(got.at("GetRolePolicyResult/PolicyDocument")), k_allow_s3);
  EXPECT_EQ(ask("ListRolePolicies", {{"RoleName", "r"}}).at("ListRolePoliciesResult/PolicyNames/member"), "p");
  EXPECT_EQ(ask("DeleteRolePolicy", {{"RoleName", "r"}, {"PolicyName", "p"}}).status, 200);
  EXPECT_EQ(ask("GetRolePolicy", {{"RoleName", "r"}, {"PolicyName", "p"}}).message(),
            "The role policy with name p cannot be found.");
}

TEST_F(IamTest, InlinePoliciesHaveAQuota) {
  create_role("r");
  const std::string big = fmt::format(
      R"({{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::{}"}}]}})",
      std::string(10'200, 'b'));
  const Answer answer = ask("PutRolePolicy", {{"RoleName", "r"}, {"PolicyName", "p"}, {"PolicyDocument", big}});
  EXPECT_EQ(answer.code(), "LimitExceeded");
  EXPECT_EQ(answer.message(), "Maximum policy size of 10240 bytes exceeded for role r");
}

TEST_F(IamTest, AttachesManagedPolicies) {
  create_role("r");
  const std::string arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
  EXPECT_EQ(ask("AttachRolePolicy", {{"RoleName", "r"}, {"PolicyArn", arn}}).status, 200);
  EXPECT_EQ(ask("AttachRolePolicy", {{"RoleName", "r"}, {"PolicyArn", arn}}).status, 200);
  const Answer list = ask("ListAttachedRolePolicies", {{"RoleName", "r"}});
  EXPECT_EQ(list.count("<member>"), 1U);
  EXPECT_EQ(list.at("ListAttachedRolePoliciesResult/AttachedPolicies/member/PolicyName"),
            "AWSLambdaBasicExecutionRole");
  EXPECT_EQ(ask("GetPolicy", {{"PolicyArn", arn}}).at("GetPolicyResult/Policy/AttachmentCount"), "1");
  EXPECT_EQ(
      ask("ListEntitiesForPolicy", {{"PolicyArn", arn}}).at("ListEntitiesForPolicyResult/PolicyRoles/member/RoleName"),
      "r");
  EXPECT_EQ(ask("AttachRolePolicy", {{"RoleName", "r"}, {"PolicyArn", arn + "X"}}).message(),
            "Policy " + arn + "X does not exist or is not attachable.");
  EXPECT_EQ(ask("AttachRolePolicy", {{"RoleName", "r"}, {"PolicyArn", "some-policy-name-of-enough-length"}}).message(),
            "Invalid ARN:  Could not be parsed!");
}

TEST_F(IamTest, TagsRoles) {
  const Answer made = create_role("r", {{"Tags.member.1.Key", "team"}, {"Tags.member.1.Value", "blue"}});
  EXPECT_EQ(made.at("CreateRoleResult/Role/Tags/member/Value"), "blue");
  ask("TagRole", {{"RoleName", "r"},
                  {"Tags.member.1.Key", "team"},
                  {"Tags.member.1.Value", "red"},
                  {"Tags.member.2.Key", "x"},
                  {"Tags.member.2.Value", "y"}});
  EXPECT_EQ(ask("ListRoleTags", {{"RoleName", "r"}}).at("ListRoleTagsResult/Tags/member/Value"), "red");
  ask("UntagRole", {{"RoleName", "r"}, {"TagKeys.member.1", "team"}});
  EXPECT_EQ(ask("ListRoleTags", {{"RoleName", "r"}}).at("ListRoleTagsResult/Tags/member/Key"), "x");
  EXPECT_EQ(create_role("s", {{"Tags.member.1.Key", "a"},
                              {"Tags.member.1.Value", "1"},
                              {"Tags.member.2.Key", "A"},
                              {"Tags.member.2.Value", "2"}})
                .message(),
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.");
}

}  // namespace
}  // namespace sortie::emulator
