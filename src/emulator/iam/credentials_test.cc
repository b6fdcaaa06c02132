#include <gtest/gtest.h>

#include "emulator/iam/iam_test_support.h"

namespace sortie::emulator {
namespace {

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

  AwsResult<AssumedRole> assume(const Principal& caller) {
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

TEST_F(AssumeTest, TransitiveTagsAreHandedOnAndCannotBeChanged) {
  request.tags = {{"team", "blue"}, {"own", "1"}};
  request.transitive_tags = {"team"};
  const auto first = assume(alice);
  ASSERT_TRUE(first) << first.error().message;
  const Principal session = iam->identities().find_key(first->principal.access_key_id)->principal;
  ask("PutRolePolicy",
      {{"RoleName", "r"},
       {"PolicyName", "chain"},
       {"PolicyDocument",
        R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:*","Resource":"*"}})"}});
  request.tags = {{"TEAM", "red"}};
  request.transitive_tags = {};
  const auto changed = assume(session);
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().code, "InvalidParameterValue");
  EXPECT_EQ(changed.error().message,
            "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from "
            "the calling session.");
  request.tags = {{"other", "2"}};
  const auto second = assume(session);
  ASSERT_TRUE(second) << second.error().message;
  const std::vector<std::pair<std::string, std::string>> expected = {{"other", "2"}, {"team", "blue"}};
  EXPECT_EQ(second->principal.session_tags, expected);
  EXPECT_EQ(second->principal.transitive_tags, std::vector<std::string>{"team"});
  iam = std::make_unique<Iam>(clock, *store, "123456789012");
  const Principal third = iam->identities().find_key(second->principal.access_key_id)->principal;
  EXPECT_EQ(third.transitive_tags, std::vector<std::string>{"team"}) << "after a restart too";
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
