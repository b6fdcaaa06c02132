#include "emulator/iam/iam_test_support.h"

// Who stays who: renames, unique ids in policies, last uses, sessions across restarts.

namespace sortie::emulator {
namespace {

std::string trusting(const std::string& arn) {
  return R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":")" + arn +
         R"("},"Action":"sts:AssumeRole"}]})";
}

class IdentityTest : public IamTest {
 protected:
  static constexpr const char* k_ann = "arn:aws:iam::123456789012:user/ann";

  std::string assume(const Principal& caller) {
    Call call;
    call.account = "123456789012";
    call.principal = caller;
    AssumeRoleRequest request;
    request.role_arn = "arn:aws:iam::123456789012:role/guest";
    request.session_name = "visit";
    const auto assumed = iam->sessions().assume_role(call, request);
    return assumed ? "" : assumed.error().code;
  }

  void make_guest() { ask("CreateRole", {{"RoleName", "guest"}, {"AssumeRolePolicyDocument", trusting(k_ann)}}); }

  std::string shown_trust() {
    return wire::uri_decode(ask("GetRole", {{"RoleName", "guest"}}).at("GetRoleResult/Role/AssumeRolePolicyDocument"))
        .value_or("");
  }
};

TEST_F(IdentityTest, AUserMadeAgainUnderTheSameNameIsNotTrusted) {
  Principal ann = user("ann");
  make_guest();
  EXPECT_EQ(assume(ann), "");
  ask("DeleteAccessKey", {{"UserName", "ann"}, {"AccessKeyId", ann.access_key_id}});
  EXPECT_EQ(ask("DeleteUser", {{"UserName", "ann"}}).status, 200);
  EXPECT_NE(shown_trust().find(ann.user_id), std::string::npos);
  EXPECT_EQ(assume(user("ann")), "AccessDenied");
}

TEST_F(IdentityTest, ARenamedUserStaysTrustedAndIsShownByTheNewName) {
  const Principal ann = user("ann");
  make_guest();
  EXPECT_NE(shown_trust().find(k_ann), std::string::npos);
  EXPECT_EQ(ask("UpdateUser", {{"UserName", "ann"}, {"NewUserName", "anna"}, {"NewPath", "/x/"}}).status, 200);
  EXPECT_NE(shown_trust().find("user/x/anna"), std::string::npos);
  EXPECT_EQ(assume(iam->identities().find_key(ann.access_key_id)->principal), "");
}

TEST_F(IdentityTest, ResourcePoliciesAreKeptByIdToo) {
  const Principal ann = user("ann");
  const std::string kept = iam->authorizer().stored_policy(trusting(k_ann));
  EXPECT_NE(kept.find(ann.user_id), std::string::npos);
  EXPECT_EQ(iam->authorizer().shown_policy(kept), trusting(k_ann));
  const std::string other = trusting("arn:aws:iam::222222222222:user/ann");
  EXPECT_EQ(iam->authorizer().stored_policy(other), other);
  EXPECT_EQ(iam->authorizer().stored_policy("no json"), "no json");
}

TEST_F(IdentityTest, NobodysIdIsNoPrincipal) {
  const Answer answer =
      ask("CreateRole", {{"RoleName", "r"}, {"AssumeRolePolicyDocument", trusting("AIDAAAAAAAAAAAAAAAAAA")}});
  EXPECT_EQ(answer.code(), "MalformedPolicyDocument");
}

TEST_F(IdentityTest, SessionsOfARenamedUserGoOn) {
  Call call;
  call.principal = user("ann");
  const auto session = iam->sessions().session_token(call, std::chrono::hours(1));
  ask("UpdateUser", {{"UserName", "ann"}, {"NewUserName", "anna"}});
  EXPECT_EQ(iam->identities().find_key(session->access_key_id)->principal.name, "anna");
}

TEST_F(IdentityTest, RenamesDoNotTakeNamesThatAreTaken) {
  user("ann");
  user("bob");
  EXPECT_EQ(ask("UpdateUser", {{"UserName", "ann"}, {"NewUserName", "BOB"}}).code(), "EntityAlreadyExists");
  EXPECT_EQ(ask("UpdateUser", {{"UserName", "ann"}, {"NewUserName", "Ann"}}).status, 200);
  EXPECT_EQ(ask("GetUser", {{"UserName", "ann"}}).at("GetUserResult/User/UserName"), "Ann");
}

TEST_F(IdentityTest, RenamedGroupsKeepTheirMembers) {
  user("ann");
  ask("CreateGroup", {{"GroupName", "crew"}});
  ask("AddUserToGroup", {{"GroupName", "crew"}, {"UserName", "ann"}});
  EXPECT_EQ(ask("UpdateGroup", {{"GroupName", "crew"}, {"NewGroupName", "team"}}).status, 200);
  EXPECT_EQ(ask("GetGroup", {{"GroupName", "team"}}).count("<UserName>ann</UserName>"), 1U);
  EXPECT_EQ(ask("GetGroup", {{"GroupName", "crew"}}).code(), "NoSuchEntity");
}

TEST_F(IdentityTest, UsesAreRememberedAcrossRestarts) {
  Call call;
  call.principal = user("ann");
  call.region = "eu-west-1";
  call.service = "s3";
  const Fields of{{"AccessKeyId", call.principal.access_key_id}};
  EXPECT_EQ(ask("GetAccessKeyLastUsed", of).count("<ServiceName>N/A</ServiceName>"), 1U);
  iam->identities().note_use(call);
  iam = std::make_unique<Iam>(clock, *store, "123456789012");
  EXPECT_EQ(ask("GetAccessKeyLastUsed", of).count("<Region>eu-west-1</Region>"), 1U);
}

TEST_F(IdentityTest, RolesAreUsedByTheirSessions) {
  create_role("runner");
  Call call;
  call.principal = session_of("arn:aws:iam::123456789012:role/runner");
  call.region = "eu-west-1";
  EXPECT_EQ(ask("GetRole", {{"RoleName", "runner"}}).count("<LastUsedDate>"), 0U);
  iam->identities().note_use(call);
  EXPECT_EQ(ask("GetRole", {{"RoleName", "runner"}}).count("<LastUsedDate>"), 1U);
}

TEST_F(IdentityTest, SessionsThatExpiredBeforeARestartAreStillKnown) {
  create_role("runner");
  const auto session = iam->identities().assume_for_service("arn:aws:iam::123456789012:role/runner",
                                                            "lambda.amazonaws.com", "fn", std::chrono::hours(1));
  clock.advance(std::chrono::hours(2));
  iam = std::make_unique<Iam>(clock, *store, "123456789012");
  const auto key = iam->identities().find_key(session->access_key_id);
  ASSERT_TRUE(key);
  EXPECT_LT(*key->expires, clock.now());
  clock.advance(std::chrono::hours(24));
  iam = std::make_unique<Iam>(clock, *store, "123456789012");
  EXPECT_FALSE(iam->identities().find_key(session->access_key_id));
}

TEST_F(IdentityTest, AliasesAndPasswordPolicySurvive) {
  EXPECT_EQ(ask("CreateAccountAlias", {{"AccountAlias", "the-team"}}).status, 200);
  EXPECT_EQ(ask("CreateAccountAlias", {{"AccountAlias", "a--b"}}).code(), "ValidationError");
  EXPECT_EQ(ask("UpdateAccountPasswordPolicy", {{"MinimumPasswordLength", "5"}}).code(), "ValidationError");
  ask("UpdateAccountPasswordPolicy", {{"MinimumPasswordLength", "9"}});
  iam = std::make_unique<Iam>(clock, *store, "123456789012");
  EXPECT_EQ(ask("ListAccountAliases").count("<member>the-team</member>"), 1U);
  EXPECT_EQ(ask("GetAccountPasswordPolicy").count("<MinimumPasswordLength>9</MinimumPasswordLength>"), 1U);
  EXPECT_EQ(ask("DeleteAccountAlias", {{"AccountAlias", "other"}}).code(), "NoSuchEntity");
}

TEST_F(IdentityTest, DetailsAreListedInPagesAndByKind) {
  user("ann", k_allow_s3);
  create_role("runner");
  ask("CreateGroup", {{"GroupName", "crew"}});
  const Answer first = ask("GetAccountAuthorizationDetails", {{"MaxItems", "2"}});
  EXPECT_EQ(first.at("GetAccountAuthorizationDetailsResult/IsTruncated"), "true");
  EXPECT_EQ(first.count("<RoleName>"), 0U);
  const Answer second = ask("GetAccountAuthorizationDetails",
                            {{"MaxItems", "2"}, {"Marker", first.at("GetAccountAuthorizationDetailsResult/Marker")}});
  EXPECT_EQ(second.count("<RoleName>runner</RoleName>"), 1U);
  EXPECT_EQ(second.at("GetAccountAuthorizationDetailsResult/IsTruncated"), "false");
  EXPECT_EQ(ask("GetAccountAuthorizationDetails", {{"Filter.member.1", "Group"}}).count("<UserName>"), 0U);
  EXPECT_EQ(ask("GetAccountAuthorizationDetails", {{"Filter.member.1", "X"}}).code(), "ValidationError");
}

}  // namespace
}  // namespace sortie::emulator
