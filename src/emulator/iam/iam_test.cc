#include "emulator/iam/iam.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "emulator/core/test_support.h"
#include "wire/uri.h"
#include "wire/xml.h"

namespace sortie::emulator {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

const std::string k_trust_lambda =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]})";
const std::string k_allow_s3 =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]})";
const std::string k_allow_iam_reads =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:Get*","iam:List*"],"Resource":"*"}]})";

/// What IAM answered.
struct Answer {
  int status = 0;
  std::string body;

  /// The text of the element at the path `A/B/C` below the root.
  [[nodiscard]] std::string at(std::string_view path) const {
    const auto document = wire::XmlDocument::parse(body);
    if (!document) return "(not XML)";
    wire::XmlNode node = document->root();
    while (!path.empty()) {
      const auto slash = path.find('/');
      node = node.child(path.substr(0, slash));
      path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    }
    return node.text();
  }
  [[nodiscard]] std::string code() const { return at("Error/Code"); }
  [[nodiscard]] std::string message() const { return at("Error/Message"); }
  [[nodiscard]] std::size_t count(std::string_view text) const {
    std::size_t found = 0;
    for (auto at = body.find(text); at != std::string::npos; at = body.find(text, at + 1)) ++found;
    return found;
  }
};

class IamTest : public testing::Test {
 protected:
  IamTest() : iam(std::make_unique<Iam>(clock, *store, "123456789012")) {
    root = iam->identities().find_key(iam->root_key().access_key_id)->principal;
  }

  Answer ask(const Principal& caller, const std::string& action, Fields fields = {}) {
    fields.emplace_back("Action", action);
    fields.emplace_back("Version", "2010-05-08");
    Call call;
    call.service = "iam";
    call.region = "us-east-1";
    call.account = "123456789012";
    call.request_id = "request-1";
    call.principal = caller;
    call.request.method = "POST";
    call.request.body = wire::build_query(fields);
    auto response = testing_support::run(iam->handle(std::move(call)));
    return {response.status, testing_support::text_of(response)};
  }
  Answer ask(const std::string& action, Fields fields = {}) { return ask(root, action, std::move(fields)); }

  Answer create_role(const std::string& name, Fields more = {}) {
    more.emplace_back("RoleName", name);
    more.emplace_back("AssumeRolePolicyDocument", k_trust_lambda);
    return ask("CreateRole", std::move(more));
  }

  /// A user with one inline policy, or none, as a caller.
  Principal user(const std::string& name, const std::string& policy = "") {
    ask("CreateUser", {{"UserName", name}});
    if (!policy.empty()) ask("PutUserPolicy", {{"UserName", name}, {"PolicyName", "p"}, {"PolicyDocument", policy}});
    const std::string id =
        ask("CreateAccessKey", {{"UserName", name}}).at("CreateAccessKeyResult/AccessKey/AccessKeyId");
    return iam->identities().find_key(id)->principal;
  }

  /// What the caller is told about `action` on `resource`: empty when allowed.
  std::string judge(const Principal& caller, const std::string& action, const std::string& resource) {
    Call call;
    call.account = "123456789012";
    call.region = "us-east-1";
    call.principal = caller;
    const auto verdict = iam->authorizer().authorize(call, {action, resource, "", "", {}});
    return verdict ? "" : verdict.error().message;
  }

  Principal session_of(const std::string& role_arn) {
    const auto credentials =
        iam->identities().assume_for_service(role_arn, "lambda.amazonaws.com", "fn", std::chrono::hours(1));
    EXPECT_TRUE(credentials) << credentials.error().message;
    return iam->identities().find_key(credentials->access_key_id)->principal;
  }

  FakeClock clock;
  std::unique_ptr<Store> store = Store::ephemeral().value();
  std::unique_ptr<Iam> iam;
  Principal root;
};

// --- roles

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

// --- managed policies

TEST_F(IamTest, VersionsManagedPolicies) {
  const Answer made = ask("CreatePolicy", {{"PolicyName", "p"}, {"PolicyDocument", k_allow_s3}});
  const std::string arn = made.at("CreatePolicyResult/Policy/Arn");
  EXPECT_EQ(arn, "arn:aws:iam::123456789012:policy/p");
  EXPECT_EQ(ask("CreatePolicy", {{"PolicyName", "p"}, {"PolicyDocument", k_allow_s3}}).message(),
            "A policy called p already exists. Duplicate names are not allowed.");
  const Answer second = ask("CreatePolicyVersion", {{"PolicyArn", arn}, {"PolicyDocument", k_allow_iam_reads}});
  EXPECT_EQ(second.at("CreatePolicyVersionResult/PolicyVersion/VersionId"), "v2");
  EXPECT_EQ(second.at("CreatePolicyVersionResult/PolicyVersion/IsDefaultVersion"), "false");
  EXPECT_EQ(ask("DeletePolicyVersion", {{"PolicyArn", arn}, {"VersionId", "v1"}}).code(), "DeleteConflict");
  EXPECT_EQ(ask("DeletePolicy", {{"PolicyArn", arn}}).code(), "DeleteConflict");
  EXPECT_EQ(ask("SetDefaultPolicyVersion", {{"PolicyArn", arn}, {"VersionId", "v2"}}).status, 200);
  EXPECT_EQ(ask("GetPolicy", {{"PolicyArn", arn}}).at("GetPolicyResult/Policy/DefaultVersionId"), "v2");
  const Answer got = ask("GetPolicyVersion", {{"PolicyArn", arn}, {"VersionId", "v2"}});
  EXPECT_EQ(wire::uri_decode(got.at("GetPolicyVersionResult/PolicyVersion/Document")), k_allow_iam_reads);
  EXPECT_EQ(ask("ListPolicyVersions", {{"PolicyArn", arn}}).count("<member>"), 2U);
  EXPECT_EQ(ask("GetPolicyVersion", {{"PolicyArn", arn}, {"VersionId", "v9"}}).code(), "NoSuchEntity");
  EXPECT_EQ(ask("GetPolicyVersion", {{"PolicyArn", arn}, {"VersionId", "9"}}).code(), "ValidationError");
  EXPECT_EQ(ask("DeletePolicyVersion", {{"PolicyArn", arn}, {"VersionId", "v1"}}).status, 200);
  EXPECT_EQ(ask("DeletePolicy", {{"PolicyArn", arn}}).status, 200);
  EXPECT_EQ(ask("GetPolicy", {{"PolicyArn", arn}}).message(), "Policy " + arn + " was not found.");
}

TEST_F(IamTest, HasFiveVersionsAtMost) {
  const std::string arn =
      ask("CreatePolicy", {{"PolicyName", "p"}, {"PolicyDocument", k_allow_s3}}).at("CreatePolicyResult/Policy/Arn");
  for (int i = 2; i <= 5; ++i) {
    EXPECT_EQ(ask("CreatePolicyVersion", {{"PolicyArn", arn}, {"PolicyDocument", k_allow_s3}}).status, 200);
  }
  EXPECT_EQ(ask("CreatePolicyVersion", {{"PolicyArn", arn}, {"PolicyDocument", k_allow_s3}}).code(), "LimitExceeded");
}

TEST_F(IamTest, ListsPoliciesByScope) {
  ask("CreatePolicy", {{"PolicyName", "p"}, {"PolicyDocument", k_allow_s3}});
  EXPECT_EQ(ask("ListPolicies", {{"Scope", "Local"}}).count("<member>"), 1U);
  EXPECT_GT(ask("ListPolicies", {{"Scope", "AWS"}}).count("<member>"), 10U);
  EXPECT_EQ(ask("ListPolicies", {{"OnlyAttached", "true"}}).count("<member>"), 0U);
  EXPECT_EQ(ask("ListPolicies", {{"Scope", "Mine"}}).code(), "ValidationError");
}

TEST_F(IamTest, CannotChangeAwsPolicies) {
  const std::string arn = "arn:aws:iam::aws:policy/AdministratorAccess";
  EXPECT_EQ(ask("DeletePolicy", {{"PolicyArn", arn}}).code(), "AccessDenied");
  EXPECT_EQ(ask("CreatePolicyVersion", {{"PolicyArn", arn}, {"PolicyDocument", k_allow_s3}}).code(), "AccessDenied");
}

// --- users and groups

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

// --- authorization

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

// --- sessions

class SessionTest : public IamTest {
 protected:
  SessionTest() {
    create_role("r");
    ask("PutRolePolicy", {{"RoleName", "r"}, {"PolicyName", "p"}, {"PolicyDocument", k_allow_s3}});
  }
  const std::string role = "arn:aws:iam::123456789012:role/r";
};

TEST_F(SessionTest, OfAFunctionHasItsRolesRights) {
  const Principal fn = session_of(role);
  EXPECT_EQ(fn.arn, "arn:aws:sts::123456789012:assumed-role/r/fn");
  EXPECT_EQ(judge(fn, "s3:GetObject", "arn:aws:s3:::b/k"), "");
  EXPECT_EQ(judge(fn, "iam:GetRole", "*"),
            "User: arn:aws:sts::123456789012:assumed-role/r/fn is not authorized to perform: iam:GetRole on resource: "
            "* because no identity-based policy allows the iam:GetRole action");
}

TEST_F(SessionTest, NeedsTheServiceToBeTrusted) {
  const auto ec2 = iam->identities().assume_for_service(role, "ec2.amazonaws.com", "x", std::chrono::hours(1));
  ASSERT_FALSE(ec2);
  EXPECT_EQ(ec2.error().code, "AccessDenied");
  EXPECT_EQ(iam->identities().check_assumable(role + "x", "lambda.amazonaws.com").error().code, "NoSuchEntity");
}

TEST_F(SessionTest, EndsWithItsRole) {
  const Principal fn = session_of(role);
  ask("DeleteRolePolicy", {{"RoleName", "r"}, {"PolicyName", "p"}});
  ask("DeleteRole", {{"RoleName", "r"}});
  EXPECT_FALSE(iam->identities().find_key(fn.access_key_id));
  create_role("r");
  EXPECT_FALSE(iam->identities().find_key(fn.access_key_id)) << "a role of the same name is another role";
}

TEST_F(SessionTest, SurvivesARestart) {
  const Principal fn = session_of(role);
  const auto before = iam->identities().find_key(fn.access_key_id);
  const std::string root_secret = iam->root_key().secret_access_key;
  iam = std::make_unique<Iam>(clock, *store, "123456789012");
  const auto after = iam->identities().find_key(fn.access_key_id);
  ASSERT_TRUE(after);
  EXPECT_EQ(after->secret_access_key, before->secret_access_key);
  EXPECT_EQ(after->session_token, before->session_token);
  EXPECT_EQ(after->expires, before->expires);
  EXPECT_EQ(judge(after->principal, "s3:GetObject", "arn:aws:s3:::b/k"), "");
  EXPECT_EQ(iam->root_key().secret_access_key, root_secret);
  EXPECT_EQ(ask("GetRolePolicy", {{"RoleName", "r"}, {"PolicyName", "p"}}).status, 200);
}

class AssumeTest : public SessionTest {
 protected:
  /// Trusts the account, asks for an external id.
  AssumeTest() {
    ask("UpdateAssumeRolePolicy",
        {{"RoleName", "r"},
         {"PolicyDocument",
          R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":["sts:AssumeRole","sts:TagSession"],"Condition":{"StringEquals":{"sts:ExternalId":"secret"}}}]})"}});
    request.role_arn = role;
    request.session_name = "s";
    request.external_id = "secret";
  }

  Outcome<AssumedRole> assume(const Principal& caller) {
    Call call;
    call.account = "123456789012";
    call.principal = caller;
    return iam->sessions().assume_role(call, request);
  }

  AssumeRoleRequest request;
  Principal alice =
      user("alice", R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:*","Resource":"*"}})");
};

TEST_F(AssumeTest, TakesTrustAndPermission) {
  const auto assumed = assume(alice);
  ASSERT_TRUE(assumed) << assumed.error().message;
  EXPECT_EQ(assumed->credentials.expires, clock.now() + std::chrono::hours(1));
  EXPECT_EQ(assumed->credentials.access_key_id.substr(0, 4), "ASIA");
  const auto refused = assume(user("bob"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(
      refused.error().message,
      "User: arn:aws:iam::123456789012:user/bob is not authorized to perform: sts:AssumeRole on resource: " + role);
}

TEST_F(AssumeTest, ChecksTheExternalId) {
  request.external_id = "guess";
  EXPECT_FALSE(assume(alice));
}

TEST_F(AssumeTest, IsNotForRoot) {
  EXPECT_EQ(assume(root).error().message, "Roles may not be assumed by root accounts.");
}

TEST_F(AssumeTest, KeepsToTheRolesDuration) {
  request.duration = std::chrono::hours(2);
  EXPECT_EQ(assume(alice).error().code, "ValidationError");
}

TEST_F(AssumeTest, SessionPoliciesNarrow) {
  request.policy = R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}})";
  const auto assumed = assume(alice);
  ASSERT_TRUE(assumed);
  EXPECT_EQ(judge(assumed->principal, "s3:GetObject", "arn:aws:s3:::b/k"), "");
  EXPECT_TRUE(judge(assumed->principal, "s3:PutObject", "arn:aws:s3:::b/k")
                  .ends_with("because no session policy allows the s3:PutObject action"));
}

TEST_F(AssumeTest, ManagedSessionPoliciesMustExist) {
  request.policy_arns = {"arn:aws:iam::aws:policy/None"};
  EXPECT_EQ(assume(alice).error().code, "NoSuchEntity");
}

TEST_F(AssumeTest, SessionTagsNeedTheirOwnPermission) {
  request.tags = {{"team", "blue"}};
  const auto assumed = assume(alice);
  ASSERT_TRUE(assumed) << assumed.error().message;
  EXPECT_EQ(assumed->principal.session_tags.size(), 1U);
  ask("PutUserPolicy",
      {{"UserName", "alice"},
       {"PolicyName", "p"},
       {"PolicyDocument",
        R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}})"}});
  EXPECT_TRUE(assume(alice).error().message.find("sts:TagSession") != std::string::npos);
}

TEST_F(AssumeTest, GetSessionTokenIsForLongTermKeys) {
  Call call;
  call.account = "123456789012";
  call.principal = alice;
  const auto credentials = iam->sessions().session_token(call, std::chrono::hours(1));
  ASSERT_TRUE(credentials);
  call.principal = iam->identities().find_key(credentials->access_key_id)->principal;
  EXPECT_EQ(call.principal.arn, alice.arn);
  EXPECT_EQ(iam->sessions().session_token(call, std::chrono::hours(1)).error().code, "AccessDenied");
}

}  // namespace
}  // namespace sortie::emulator
