#include "emulator/iam/evaluate.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace sortie::emulator::iam {
namespace {

constexpr std::string_view k_account = "123456789012";

class Keys final : public Context {
 public:
  std::map<std::string, std::string> keys{{"aws:username", "alice"}, {"aws:principaltag/team", "blue"}};
  bool find(std::string_view key, std::vector<std::string>& values) const override {
    const auto it = keys.find(std::string(key));
    if (it == keys.end()) return false;
    values.push_back(it->second);
    return true;
  }
};

Principal user() {
  Principal principal;
  principal.kind = Principal::Kind::user;
  principal.account = k_account;
  principal.arn = "arn:aws:iam::123456789012:user/alice";
  principal.user_id = "AIDAALICE";
  principal.name = "alice";
  return principal;
}

Principal session() {
  Principal principal;
  principal.kind = Principal::Kind::assumed_role;
  principal.account = k_account;
  principal.arn = "arn:aws:sts::123456789012:assumed-role/r/s";
  principal.role_arn = "arn:aws:iam::123456789012:role/r";
  principal.user_id = "AROAROLE:s";
  principal.name = "r";
  return principal;
}

Principal root() {
  Principal principal;
  principal.kind = Principal::Kind::root;
  principal.account = k_account;
  principal.arn = "arn:aws:iam::123456789012:root";
  return principal;
}

Principal service() {
  Principal principal;
  principal.kind = Principal::Kind::service;
  principal.name = "lambda.amazonaws.com";
  return principal;
}

std::string allow(std::string_view action, std::string_view resource, std::string_view more = "") {
  return R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":")" + std::string(action) +
         R"(","Resource":")" + std::string(resource) + "\"" + std::string(more) + "}]}";
}

std::string deny(std::string_view action, std::string_view resource) {
  return R"({"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":")" + std::string(action) +
         R"(","Resource":")" + std::string(resource) + "\"}]}";
}

/// A bucket policy with one statement on everything.
std::string grant(std::string_view effect, std::string_view principal) {
  return R"({"Version":"2012-10-17","Statement":[{"Effect":")" + std::string(effect) + "\"," + std::string(principal) +
         R"(,"Action":"s3:*","Resource":"*"}]})";
}

PolicyPtr parse(const std::string& document, PolicyKind kind = PolicyKind::identity) {
  auto policy = parse_policy(document, kind);
  EXPECT_TRUE(policy) << document << ": " << policy.error().message;
  return policy ? *policy : nullptr;
}

struct Situation {
  Principal principal = user();
  std::vector<std::string> identity;
  std::string boundary;
  std::vector<std::string> session_policies;
  std::string resource_policy;
  bool trust = false;
  std::string resource_account{k_account};
  std::string action = "s3:GetObject";
  std::string resource = "arn:aws:s3:::b/k";
};

Verdict judge(const Situation& situation) {
  std::vector<PolicyPtr> identity;
  for (const auto& document : situation.identity) identity.push_back(parse(document));
  std::vector<PolicyPtr> sessions;
  for (const auto& document : situation.session_policies) sessions.push_back(parse(document));
  const PolicyPtr boundary = situation.boundary.empty() ? nullptr : parse(situation.boundary);
  const PolicyPtr resource =
      situation.resource_policy.empty()
          ? nullptr
          : parse(situation.resource_policy, situation.trust ? PolicyKind::trust : PolicyKind::resource);
  const Keys keys;
  return decide({situation.principal, situation.action, situation.resource, situation.resource_account, keys},
                {identity, boundary.get(), sessions, resource.get(), situation.trust});
}

// --- matching actions and resources

struct Match {
  std::string action, resource;
  std::string asked_action, asked_resource;
  bool allowed;
};

class Matching : public testing::TestWithParam<Match> {};

TEST_P(Matching, OfOneStatement) {
  const Match& m = GetParam();
  Situation situation{
      .identity = {allow(m.action, m.resource)}, .action = m.asked_action, .resource = m.asked_resource};
  EXPECT_EQ(judge(situation) == Verdict::allowed, m.allowed)
      << m.action << " " << m.resource << " " << m.asked_resource;
}

const std::string k_key = "arn:aws:s3:::b/k";

INSTANTIATE_TEST_SUITE_P(
    All, Matching,
    testing::ValuesIn(std::vector<Match>{
        {"s3:GetObject", "*", "s3:GetObject", k_key, true},
        {"S3:getobject", "*", "s3:GetObject", k_key, true},
        {"s3:*", "*", "s3:GetObject", k_key, true},
        {"*", "*", "s3:GetObject", k_key, true},
        {"s3:Get*", "*", "s3:GetObject", k_key, true},
        {"s3:Get?bject", "*", "s3:GetObject", k_key, true},
        {"s3:*Object", "*", "s3:GetObject", k_key, true},
        {"s?:GetObject", "*", "s3:GetObject", k_key, true},
        {"s3:Put*", "*", "s3:GetObject", k_key, false},
        {"s3:GetObjec", "*", "s3:GetObject", k_key, false},
        {"s3:GetObjectAcl", "*", "s3:GetObject", k_key, false},
        {"ec2:*", "*", "s3:GetObject", k_key, false},
        {"s3:*", "arn:aws:s3:::b/*", "s3:GetObject", k_key, true},
        {"s3:*", "arn:aws:s3:::b/k", "s3:GetObject", k_key, true},
        {"s3:*", "arn:aws:s3:::B/k", "s3:GetObject", k_key, false},
        {"s3:*", "arn:aws:s3:::b", "s3:GetObject", k_key, false},
        {"s3:*", "arn:aws:s3:::b*", "s3:GetObject", k_key, true},
        {"s3:*", "arn:aws:s3:::*", "s3:GetObject", k_key, true},
        {"s3:*", "arn:aws:s3:::*/k", "s3:GetObject", k_key, true},
        {"s3:*", "arn:aws:s3:::b/?", "s3:GetObject", k_key, true},
        {"s3:*", "arn:aws:s3:::b/??", "s3:GetObject", k_key, false},
        {"s3:*", "arn:aws:s3:::b/*", "s3:GetObject", "arn:aws:s3:::b/deep/er/key", true},
        {"s3:*", "arn:aws:s3:::b/*.txt", "s3:GetObject", "arn:aws:s3:::b/x.txt", true},
        {"s3:*", "arn:aws:s3:::b/*.txt", "s3:GetObject", "arn:aws:s3:::b/x.text", false},
        {"s3:*", "arn:aws:s3:::b/${aws:username}/*", "s3:GetObject", "arn:aws:s3:::b/alice/x", true},
        {"s3:*", "arn:aws:s3:::b/${aws:username}/*", "s3:GetObject", "arn:aws:s3:::b/bob/x", false},
        {"s3:*", "arn:aws:s3:::b/${aws:PrincipalTag/team}", "s3:GetObject", "arn:aws:s3:::b/blue", true},
        {"s3:*", "arn:aws:s3:::b/${aws:PrincipalTag/none, 'guest'}", "s3:GetObject", "arn:aws:s3:::b/guest", true},
        {"s3:*", "arn:aws:s3:::b/${aws:PrincipalTag/none}", "s3:GetObject", "arn:aws:s3:::b/", false},
        {"s3:*", "arn:aws:s3:::b/${*}", "s3:GetObject", "arn:aws:s3:::b/*", true},
        {"s3:*", "arn:aws:s3:::b/${*}", "s3:GetObject", "arn:aws:s3:::b/x", false},
        {"s3:*", "arn:aws:s3:::b/${$}{x}", "s3:GetObject", "arn:aws:s3:::b/${x}", true},
        {"lambda:InvokeFunction", "arn:aws:lambda:*:*:function:f*", "lambda:InvokeFunction",
         "arn:aws:lambda:us-east-1:123456789012:function:f1:2", true},
    }));

TEST(Evaluate, NotActionAllowsEverythingElse) {
  const std::string policy =
      R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","NotAction":["s3:Delete*","iam:*"],"Resource":"*"}})";
  EXPECT_EQ(judge({.identity = {policy}}), Verdict::allowed);
  EXPECT_EQ(judge({.identity = {policy}, .action = "s3:DeleteObject"}), Verdict::not_allowed_by_identity);
}

TEST(Evaluate, NotResourceAllowsEveryOtherResource) {
  const std::string policy =
      R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","NotResource":"arn:aws:s3:::secret/*"}})";
  EXPECT_EQ(judge({.identity = {policy}}), Verdict::allowed);
  EXPECT_EQ(judge({.identity = {policy}, .resource = "arn:aws:s3:::secret/k"}), Verdict::not_allowed_by_identity);
}

TEST(Evaluate, ConditionsOfOneStatementMustAllHold) {
  const auto with = [](std::string_view conditions) { return allow("s3:*", "*", conditions); };
  EXPECT_EQ(
      judge({.identity = {with(R"(,"Condition":{"StringEquals":{"aws:username":"alice"},"Null":{"x:y":"true"}})")}}),
      Verdict::allowed);
  EXPECT_EQ(judge({.identity = {with(R"(,"Condition":{"StringEquals":{"aws:username":"alice","x:y":"z"}})")}}),
            Verdict::not_allowed_by_identity);
}

// --- the decision

struct Decision {
  std::string what;
  Situation situation;
  Verdict verdict;
};

void PrintTo(const Decision& decision, std::ostream* out) {
  *out << decision.what;
}

class Deciding : public testing::TestWithParam<Decision> {};

TEST_P(Deciding, FollowsAwsLogic) {
  EXPECT_EQ(judge(GetParam().situation), GetParam().verdict) << GetParam().what;
}

const std::string k_all = allow("*", "*");
const std::string k_s3 = allow("s3:*", "*");
const std::string k_none = allow("ec2:*", "*");
const std::string k_no_s3 = deny("s3:*", "*");
const std::string k_user_arn = R"("Principal":{"AWS":"arn:aws:iam::123456789012:user/alice"})";
const std::string k_role_arn = R"("Principal":{"AWS":"arn:aws:iam::123456789012:role/r"})";
const std::string k_session_arn = R"("Principal":{"AWS":"arn:aws:sts::123456789012:assumed-role/r/s"})";
const std::string k_account_arn = R"("Principal":{"AWS":"123456789012"})";
const std::string k_everyone = R"("Principal":"*")";

INSTANTIATE_TEST_SUITE_P(
    Identity, Deciding,
    testing::ValuesIn(std::vector<Decision>{
        {"nothing allows", {}, Verdict::not_allowed_by_identity},
        {"identity allows", {.identity = {k_s3}}, Verdict::allowed},
        {"one of several allows", {.identity = {k_none, k_s3}}, Verdict::allowed},
        {"a deny wins", {.identity = {k_s3, k_no_s3}}, Verdict::denied_by_identity},
        {"a deny wins in any order", {.identity = {k_no_s3, k_s3}}, Verdict::denied_by_identity},
        {"boundary allows too", {.identity = {k_s3}, .boundary = k_all}, Verdict::allowed},
        {"boundary does not allow", {.identity = {k_s3}, .boundary = k_none}, Verdict::not_allowed_by_boundary},
        {"boundary denies", {.identity = {k_s3}, .boundary = k_no_s3}, Verdict::denied_by_boundary},
        {"a boundary alone allows nothing", {.boundary = k_all}, Verdict::not_allowed_by_identity},
        {"session policy allows too",
         {.principal = session(), .identity = {k_s3}, .session_policies = {k_all}},
         Verdict::allowed},
        {"session policy does not allow",
         {.principal = session(), .identity = {k_s3}, .session_policies = {k_none}},
         Verdict::not_allowed_by_session},
        {"session policy denies",
         {.principal = session(), .identity = {k_s3}, .session_policies = {k_no_s3}},
         Verdict::denied_by_session},
        {"any session policy is enough",
         {.principal = session(), .identity = {k_s3}, .session_policies = {k_none, k_all}},
         Verdict::allowed},
        {"a session policy alone allows nothing",
         {.principal = session(), .session_policies = {k_all}},
         Verdict::not_allowed_by_identity},
        {"root needs no policy", {.principal = root()}, Verdict::allowed},
    }));

INSTANTIATE_TEST_SUITE_P(
    ResourceInOwnAccount, Deciding,
    testing::ValuesIn(std::vector<Decision>{
        {"naming the user is enough", {.resource_policy = grant("Allow", k_user_arn)}, Verdict::allowed},
        {"naming the user's unique id is enough",
         {.resource_policy = grant("Allow", R"("Principal":{"AWS":"AIDAALICE"})")},
         Verdict::allowed},
        {"naming another user is not",
         {.resource_policy = grant("Allow", R"("Principal":{"AWS":"arn:aws:iam::123456789012:user/bob"})")},
         Verdict::not_allowed_by_identity},
        {"a user named is not narrowed by the boundary",
         {.boundary = k_none, .resource_policy = grant("Allow", k_user_arn)},
         Verdict::allowed},
        {"naming the account only delegates",
         {.resource_policy = grant("Allow", k_account_arn)},
         Verdict::not_allowed_by_identity},
        {"everyone includes the user", {.resource_policy = grant("Allow", k_everyone)}, Verdict::allowed},
        {"naming the role is enough",
         {.principal = session(), .resource_policy = grant("Allow", k_role_arn)},
         Verdict::allowed},
        {"naming the role is narrowed by the boundary",
         {.principal = session(), .boundary = k_none, .resource_policy = grant("Allow", k_role_arn)},
         Verdict::not_allowed_by_boundary},
        {"naming the role is narrowed by the session",
         {.principal = session(), .session_policies = {k_none}, .resource_policy = grant("Allow", k_role_arn)},
         Verdict::not_allowed_by_session},
        {"naming the session is not narrowed by the boundary",
         {.principal = session(), .boundary = k_none, .resource_policy = grant("Allow", k_session_arn)},
         Verdict::allowed},
        {"naming the session is not narrowed by the session policy",
         {.principal = session(), .session_policies = {k_none}, .resource_policy = grant("Allow", k_session_arn)},
         Verdict::allowed},
        {"everyone is narrowed for a session",
         {.principal = session(), .boundary = k_none, .resource_policy = grant("Allow", k_everyone)},
         Verdict::not_allowed_by_boundary},
        {"a deny of everyone",
         {.identity = {k_s3}, .resource_policy = grant("Deny", k_everyone)},
         Verdict::denied_by_resource},
        {"a deny of the account",
         {.identity = {k_s3}, .resource_policy = grant("Deny", k_account_arn)},
         Verdict::denied_by_resource},
        {"a deny of the role",
         {.principal = session(), .identity = {k_s3}, .resource_policy = grant("Deny", k_role_arn)},
         Verdict::denied_by_resource},
        {"a deny of someone else",
         {.identity = {k_s3}, .resource_policy = grant("Deny", k_role_arn)},
         Verdict::allowed},
        {"root is denied too",
         {.principal = root(), .resource_policy = grant("Deny", k_everyone)},
         Verdict::denied_by_resource},
        {"an identity deny beats a resource allow",
         {.identity = {k_no_s3}, .resource_policy = grant("Allow", k_user_arn)},
         Verdict::denied_by_identity},
        {"NotPrincipal spares those it names",
         {.identity = {k_s3},
          .resource_policy = grant("Deny", R"("NotPrincipal":{"AWS":"arn:aws:iam::123456789012:user/alice"})")},
         Verdict::allowed},
        {"NotPrincipal hits the others",
         {.identity = {k_s3},
          .resource_policy = grant("Deny", R"("NotPrincipal":{"AWS":"arn:aws:iam::123456789012:user/bob"})")},
         Verdict::denied_by_resource},
        {"NotPrincipal of the account spares root alone",
         {.identity = {k_s3}, .resource_policy = grant("Deny", R"("NotPrincipal":{"AWS":"123456789012"})")},
         Verdict::denied_by_resource},
        {"NotPrincipal of the account spares root",
         {.principal = root(), .resource_policy = grant("Deny", R"("NotPrincipal":{"AWS":"123456789012"})")},
         Verdict::allowed},
    }));

INSTANTIATE_TEST_SUITE_P(
    Others, Deciding,
    testing::ValuesIn(std::vector<Decision>{
        {"anonymous without a policy", {.principal = Principal{}}, Verdict::not_allowed_by_resource},
        {"anonymous where everyone may",
         {.principal = Principal{}, .resource_policy = grant("Allow", k_everyone)},
         Verdict::allowed},
        {"anonymous where the account may",
         {.principal = Principal{}, .resource_policy = grant("Allow", k_account_arn)},
         Verdict::not_allowed_by_resource},
        {"a service that is named",
         {.principal = service(),
          .resource_policy = grant("Allow", R"("Principal":{"Service":"lambda.amazonaws.com"})")},
         Verdict::allowed},
        {"a service that is not",
         {.principal = service(), .resource_policy = grant("Allow", R"("Principal":{"Service":"ec2.amazonaws.com"})")},
         Verdict::not_allowed_by_resource},
        {"another account: identity alone",
         {.identity = {k_s3}, .resource_account = "999999999999"},
         Verdict::not_allowed_by_resource},
        {"another account: resource alone",
         {.resource_policy = grant("Allow", k_user_arn), .resource_account = "999999999999"},
         Verdict::not_allowed_by_identity},
        {"another account: both",
         {.identity = {k_s3}, .resource_policy = grant("Allow", k_account_arn), .resource_account = "999999999999"},
         Verdict::allowed},
        {"another account: root needs the resource",
         {.principal = root(), .resource_account = "999999999999"},
         Verdict::not_allowed_by_resource},
    }));

std::string trust(std::string_view principal) {
  return R"({"Version":"2012-10-17","Statement":{"Effect":"Allow",)" + std::string(principal) +
         R"(,"Action":"sts:AssumeRole"}})";
}

Situation assume(Principal principal, std::string document, std::vector<std::string> identity = {}) {
  return {.principal = std::move(principal),
          .identity = std::move(identity),
          .resource_policy = std::move(document),
          .trust = true,
          .action = "sts:AssumeRole",
          .resource = "arn:aws:iam::123456789012:role/other"};
}

INSTANTIATE_TEST_SUITE_P(
    Trust, Deciding,
    testing::ValuesIn(std::vector<Decision>{
        {"the user is trusted", assume(user(), trust(k_user_arn)), Verdict::allowed},
        {"the account is trusted, identity allows", assume(user(), trust(k_account_arn), {k_all}), Verdict::allowed},
        {"the account is trusted, identity does not", assume(user(), trust(k_account_arn)),
         Verdict::not_allowed_by_identity},
        {"identity allows, trust does not", assume(user(), trust(k_role_arn), {k_all}),
         Verdict::not_allowed_by_resource},
        {"the role is trusted", assume(session(), trust(k_role_arn)), Verdict::allowed},
        {"the role is trusted, identity denies", assume(session(), trust(k_role_arn), {deny("sts:*", "*")}),
         Verdict::denied_by_identity},
        {"the service is trusted", assume(service(), trust(R"("Principal":{"Service":"lambda.amazonaws.com"})")),
         Verdict::allowed},
        {"another service is trusted", assume(service(), trust(R"("Principal":{"Service":"ec2.amazonaws.com"})")),
         Verdict::not_allowed_by_resource},
    }));

TEST(Evaluate, SaysWhyInAwsWords) {
  const Keys keys;
  const Principal alice = user();
  const AccessRequest s3{alice, "s3:GetObject", "arn:aws:s3:::b/k", k_account, keys};
  const AccessRequest lambda{alice, "lambda:ListFunctions", "*", k_account, keys};
  EXPECT_EQ(denial_sentence(s3, Verdict::not_allowed_by_identity),
            "User: arn:aws:iam::123456789012:user/alice is not authorized to perform: s3:GetObject on resource: "
            "\"arn:aws:s3:::b/k\" because no identity-based policy allows the s3:GetObject action");
  EXPECT_EQ(denial_sentence(lambda, Verdict::denied_by_resource),
            "User: arn:aws:iam::123456789012:user/alice is not authorized to perform: lambda:ListFunctions on "
            "resource: * with an explicit deny in a resource-based policy");
  EXPECT_TRUE(denial_sentence(s3, Verdict::not_allowed_by_boundary)
                  .ends_with("because no permissions boundary allows the s3:GetObject action"));
  EXPECT_TRUE(denial_sentence(s3, Verdict::denied_by_session).ends_with("with an explicit deny in a session policy"));
}

}  // namespace
}  // namespace sortie::emulator::iam
