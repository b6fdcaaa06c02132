#include <gtest/gtest.h>

#include "emulator/iam/iam_test_support.h"

namespace sortie::emulator {
namespace {

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

}  // namespace
}  // namespace sortie::emulator
