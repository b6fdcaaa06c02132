#include <fmt/format.h>
#include <gtest/gtest.h>

#include "emulator/iam/iam_test_support.h"

namespace sortie::emulator {
namespace {

TEST_F(IamTest, UserKeysLive) {
  const Principal alice = user("alice");
  EXPECT_EQ(alice.arn, "arn:aws:iam::123456789012:user/alice");
  EXPECT_EQ(ask("CreateAccessKey", {{"UserName", "alice"}}).status, 200);
  EXPECT_EQ(ask("CreateAccessKey", {{"UserName", "alice"}}).message(), "Cannot exceed quota for AccessKeysPerUser: 2");
  EXPECT_EQ(ask("ListAccessKeys", {{"UserName", "alice"}}).count("<member>"), 2U);
  const Fields key{{"UserName", "alice"}, {"AccessKeyId", alice.access_key_id}};
  Fields inactive = key;
  inactive.emplace_back("Status", "Inactive");
  EXPECT_EQ(ask("UpdateAccessKey", inactive).status, 200);
  EXPECT_FALSE(iam->identities().find_key(alice.access_key_id)->active);
  EXPECT_EQ(ask("DeleteAccessKey", key).status, 200);
  EXPECT_FALSE(iam->identities().find_key(alice.access_key_id));
  EXPECT_EQ(ask("DeleteAccessKey", key).code(), "NoSuchEntity");
  EXPECT_EQ(ask("DeleteUser", {{"UserName", "alice"}}).message(),
            "Cannot delete entity, must delete access keys first.");
}

TEST_F(IamTest, GetUserIsTheCallerByDefault) {
  const Principal alice = user("alice", k_allow_iam_reads);
  EXPECT_EQ(ask(alice, "GetUser").at("GetUserResult/User/UserName"), "alice");
  EXPECT_EQ(ask("GetUser").at("GetUserResult/User/Arn"), "arn:aws:iam::123456789012:root");
}

TEST_F(IamTest, GroupsGiveTheirPolicies) {
  const Principal alice = user("alice");
  ask("CreateGroup", {{"GroupName", "g"}});
  ask("PutGroupPolicy", {{"GroupName", "g"}, {"PolicyName", "p"}, {"PolicyDocument", k_allow_s3}});
  EXPECT_NE(judge(alice, "s3:GetObject", "arn:aws:s3:::b/k"), "");
  ask("AddUserToGroup", {{"GroupName", "g"}, {"UserName", "alice"}});
  EXPECT_EQ(judge(alice, "s3:GetObject", "arn:aws:s3:::b/k"), "");
  EXPECT_EQ(ask("GetGroup", {{"GroupName", "g"}}).at("GetGroupResult/Users/member/UserName"), "alice");
  EXPECT_EQ(ask("ListGroupsForUser", {{"UserName", "alice"}}).count("<member>"), 1U);
  EXPECT_EQ(ask("DeleteGroup", {{"GroupName", "g"}}).code(), "DeleteConflict");
  ask("RemoveUserFromGroup", {{"GroupName", "g"}, {"UserName", "alice"}});
  EXPECT_NE(judge(alice, "s3:GetObject", "arn:aws:s3:::b/k"), "");
}

TEST_F(IamTest, IsAuthorizedItself) {
  const Principal reader = user("reader", k_allow_iam_reads);
  create_role("r");
  EXPECT_EQ(ask(reader, "GetRole", {{"RoleName", "r"}}).status, 200);
  const Answer denied = ask(reader, "DeleteRole", {{"RoleName", "r"}});
  EXPECT_EQ(denied.status, 403);
  EXPECT_EQ(denied.code(), "AccessDenied");
  EXPECT_EQ(denied.message(),
            "User: arn:aws:iam::123456789012:user/reader is not authorized to perform: iam:DeleteRole on resource: "
            "arn:aws:iam::123456789012:role/r because no identity-based policy allows the iam:DeleteRole action");
}

TEST_F(IamTest, EveryOperationIsDeniedToAStranger) {
  const Principal stranger = user("stranger");
  create_role("r");
  const Fields all{{"RoleName", "r"},
                   {"UserName", "stranger"},
                   {"GroupName", "g"},
                   {"InstanceProfileName", "i"},
                   {"PolicyName", "p"},
                   {"PolicyArn", "arn:aws:iam::123456789012:policy/p"},
                   {"PolicySourceArn", "arn:aws:iam::123456789012:user/stranger"},
                   {"PermissionsBoundary", "arn:aws:iam::aws:policy/AdministratorAccess"},
                   {"PolicyDocument", k_allow_s3},
                   {"AssumeRolePolicyDocument", k_trust_lambda},
                   {"AccessKeyId", "AKIAAAAAAAAAAAAAAAAA"},
                   {"Status", "Active"},
                   {"VersionId", "v1"}};
  for (const char* action : {"CreateRole",
                             "GetRole",
                             "ListRoles",
                             "UpdateRole",
                             "UpdateRoleDescription",
                             "UpdateAssumeRolePolicy",
                             "DeleteRole",
                             "TagRole",
                             "UntagRole",
                             "ListRoleTags",
                             "PutRolePermissionsBoundary",
                             "DeleteRolePermissionsBoundary",
                             "CreateUser",
                             "GetUser",
                             "ListUsers",
                             "DeleteUser",
                             "TagUser",
                             "UntagUser",
                             "ListUserTags",
                             "PutUserPermissionsBoundary",
                             "DeleteUserPermissionsBoundary",
                             "CreateAccessKey",
                             "ListAccessKeys",
                             "UpdateAccessKey",
                             "DeleteAccessKey",
                             "CreateGroup",
                             "GetGroup",
                             "ListGroups",
                             "ListGroupsForUser",
                             "DeleteGroup",
                             "AddUserToGroup",
                             "RemoveUserFromGroup",
                             "PutRolePolicy",
                             "GetRolePolicy",
                             "DeleteRolePolicy",
                             "ListRolePolicies",
                             "AttachRolePolicy",
                             "DetachRolePolicy",
                             "ListAttachedRolePolicies",
                             "PutUserPolicy",
                             "GetUserPolicy",
                             "DeleteUserPolicy",
                             "ListUserPolicies",
                             "AttachUserPolicy",
                             "DetachUserPolicy",
                             "ListAttachedUserPolicies",
                             "PutGroupPolicy",
                             "GetGroupPolicy",
                             "DeleteGroupPolicy",
                             "ListGroupPolicies",
                             "AttachGroupPolicy",
                             "DetachGroupPolicy",
                             "ListAttachedGroupPolicies",
                             "CreatePolicy",
                             "GetPolicy",
                             "ListPolicies",
                             "DeletePolicy",
                             "CreatePolicyVersion",
                             "GetPolicyVersion",
                             "ListPolicyVersions",
                             "SetDefaultPolicyVersion",
                             "DeletePolicyVersion",
                             "ListEntitiesForPolicy",
                             "TagPolicy",
                             "UntagPolicy",
                             "ListPolicyTags",
                             "CreateInstanceProfile",
                             "GetInstanceProfile",
                             "ListInstanceProfiles",
                             "ListInstanceProfilesForRole",
                             "DeleteInstanceProfile",
                             "AddRoleToInstanceProfile",
                             "RemoveRoleFromInstanceProfile",
                             "GetAccountSummary",
                             "ListAccountAliases",
                             "SimulatePrincipalPolicy"}) {
    const Answer answer = ask(stranger, action, all);
    EXPECT_EQ(answer.code(), "AccessDenied") << action << ": " << answer.body;
    EXPECT_NE(answer.message().find(fmt::format("iam:{} ", action)), std::string::npos) << answer.message();
  }
}

TEST_F(IamTest, NamesOperationsItDoesNotHave) {
  const Answer answer = ask("CreateVirtualMFADevice");
  EXPECT_EQ(answer.status, 501);
  EXPECT_EQ(answer.code(), "NotImplemented");
  EXPECT_NE(answer.message().find("iam:CreateVirtualMFADevice"), std::string::npos);
  EXPECT_EQ(ask("").code(), "MissingAction");
}

TEST_F(IamTest, ChangedPoliciesActAtOnce) {
  const Principal alice = user("alice");
  EXPECT_NE(judge(alice, "s3:GetObject", "arn:aws:s3:::b/k"), "");
  ask("PutUserPolicy", {{"UserName", "alice"}, {"PolicyName", "p"}, {"PolicyDocument", k_allow_s3}});
  EXPECT_EQ(judge(alice, "s3:GetObject", "arn:aws:s3:::b/k"), "");
  ask("PutUserPermissionsBoundary",
      {{"UserName", "alice"}, {"PermissionsBoundary", "arn:aws:iam::aws:policy/IAMFullAccess"}});
  EXPECT_TRUE(judge(alice, "s3:GetObject", "arn:aws:s3:::b/k")
                  .ends_with("because no permissions boundary allows the s3:GetObject action"));
  ask("DeleteUserPermissionsBoundary", {{"UserName", "alice"}});
  EXPECT_EQ(judge(alice, "s3:GetObject", "arn:aws:s3:::b/k"), "");
}

TEST_F(IamTest, TagsOfAUserAreVariables) {
  const Principal alice = user(
      "alice",
      R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::${aws:PrincipalTag/Team}/*"}})");
  ask("TagUser", {{"UserName", "alice"}, {"Tags.member.1.Key", "team"}, {"Tags.member.1.Value", "blue"}});
  EXPECT_EQ(judge(alice, "s3:GetObject", "arn:aws:s3:::blue/k"), "");
  EXPECT_NE(judge(alice, "s3:GetObject", "arn:aws:s3:::red/k"), "");
}

TEST_F(IamTest, Simulates) {
  user("alice", k_allow_s3);
  const Answer answer = ask("SimulatePrincipalPolicy", {{"PolicySourceArn", "arn:aws:iam::123456789012:user/alice"},
                                                        {"ActionNames.member.1", "s3:GetObject"},
                                                        {"ActionNames.member.2", "ec2:RunInstances"}});
  EXPECT_EQ(answer.count("<EvalDecision>allowed<"), 1U);
  EXPECT_EQ(answer.count("<EvalDecision>implicitDeny<"), 1U);
}

}  // namespace
}  // namespace sortie::emulator
