#include "emulator/iam/context_keys.h"
#include "emulator/iam/iam_test_support.h"

namespace sortie::emulator {
namespace {

const std::string k_team_policy =
    R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::${aws:username}/*",)"
    R"("Condition":{"StringEquals":{"aws:PrincipalTag/team":["${aws:PrincipalAccount, 'x'}","red"]}}}})";
const std::string k_deny_s3 =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]})";

std::string decision(const Answer& answer, const std::string& result) {
  return answer.at(result + "/EvaluationResults/member/EvalDecision");
}

TEST(ContextKeys, AreThoseOfConditionsAndVariables) {
  std::vector<std::string> keys;
  iam::add_context_keys(k_team_policy, keys);
  iam::add_context_keys("no json", keys);
  iam::add_context_keys(R"({"Statement":[{"Resource":"${*}${AWS:userName}"},7]})", keys);
  EXPECT_EQ(keys, (std::vector<std::string>{"aws:username", "aws:PrincipalTag/team", "aws:PrincipalAccount"}));
}

TEST_F(IamTest, CustomPoliciesAreSimulated) {
  const Fields question{{"PolicyInputList.member.1", k_allow_s3},
                        {"ActionNames.member.1", "s3:GetObject"},
                        {"ResourceArns.member.1", "arn:aws:s3:::b/k"}};
  const Answer allowed = ask("SimulateCustomPolicy", question);
  EXPECT_EQ(decision(allowed, "SimulateCustomPolicyResult"), "allowed");
  EXPECT_EQ(allowed.count("<SourcePolicyId>PolicyInputList.1</SourcePolicyId>"), 2U);  // in all, and for the resource
  Fields denied = question;
  denied.emplace_back("PolicyInputList.member.2", k_deny_s3);
  const Answer deny = ask("SimulateCustomPolicy", denied);
  EXPECT_EQ(decision(deny, "SimulateCustomPolicyResult"), "explicitDeny");
  EXPECT_EQ(deny.count("<SourcePolicyId>PolicyInputList.2</SourcePolicyId>"), 2U);
  EXPECT_EQ(deny.count("<SourcePolicyId>PolicyInputList.1</SourcePolicyId>"), 0U);
}

TEST_F(IamTest, ASimulatedBoundaryNarrows) {
  const Answer answer = ask("SimulateCustomPolicy", {{"PolicyInputList.member.1", k_allow_s3},
                                                     {"PermissionsBoundaryPolicyInputList.member.1", k_allow_iam_reads},
                                                     {"ActionNames.member.1", "s3:GetObject"}});
  EXPECT_EQ(decision(answer, "SimulateCustomPolicyResult"), "implicitDeny");
  EXPECT_EQ(answer.count("<AllowedByPermissionsBoundary>false</AllowedByPermissionsBoundary>"), 1U);
}

TEST_F(IamTest, MissingContextIsNamedAndGivenContextCounts) {
  Fields question{{"PolicyInputList.member.1", k_team_policy},
                  {"ActionNames.member.1", "s3:GetObject"},
                  {"ResourceArns.member.1", "arn:aws:s3:::ann/k"}};
  const Answer missing = ask("SimulateCustomPolicy", question);
  EXPECT_EQ(decision(missing, "SimulateCustomPolicyResult"), "implicitDeny");
  EXPECT_EQ(missing.count("<member>aws:username</member>"), 2U);  // in all, and for the resource
  for (const auto& [name, value] : Fields{{"aws:username", "ann"}, {"aws:PrincipalTag/team", "red"}}) {
    const std::string entry = "ContextEntries.member." + std::to_string(question.size());
    question.emplace_back(entry + ".ContextKeyName", name);
    question.emplace_back(entry + ".ContextKeyValues.member.1", value);
  }
  EXPECT_EQ(decision(ask("SimulateCustomPolicy", question), "SimulateCustomPolicyResult"), "allowed");
}

TEST_F(IamTest, GroupsAndWrongQuestions) {
  ask("CreateGroup", {{"GroupName", "crew"}});
  ask("PutGroupPolicy", {{"GroupName", "crew"}, {"PolicyName", "p"}, {"PolicyDocument", k_allow_s3}});
  const Answer answer = ask("SimulatePrincipalPolicy", {{"PolicySourceArn", "arn:aws:iam::123456789012:group/crew"},
                                                        {"ActionNames.member.1", "s3:GetObject"}});
  EXPECT_EQ(decision(answer, "SimulatePrincipalPolicyResult"), "allowed");
  EXPECT_EQ(ask("SimulateCustomPolicy", {{"PolicyInputList.member.1", "{}"}, {"ActionNames.member.1", "s3:a"}}).code(),
            "InvalidInput");
  EXPECT_EQ(ask("SimulateCustomPolicy", {{"ActionNames.member.1", "s3:a"}}).code(), "ValidationError");
  EXPECT_EQ(
      ask("SimulateCustomPolicy", {{"PolicyInputList.member.1", k_allow_s3}, {"ActionNames.member.1", "a"}}).code(),
      "InvalidInput");
}

}  // namespace
}  // namespace sortie::emulator
