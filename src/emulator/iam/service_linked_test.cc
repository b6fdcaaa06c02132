#include <gtest/gtest.h>

#include "emulator/iam/iam_test_support.h"
#include "emulator/iam/statement_places.h"

namespace sortie::emulator {
namespace {

using iam::statement_places;

TEST(StatementPlaces, LieBetweenTheBraces) {
  const auto places = statement_places("{\"Version\":\"x\",\n \"Statement\": [{\"Sid\":\"}{\"},\n  {\"Sid\":\"b\"}]}");
  ASSERT_EQ(places.size(), 2U);
  EXPECT_EQ(places[0].start.line, 2U);
  EXPECT_EQ(places[0].start.column, 17U);
  EXPECT_EQ(places[0].end.column, 28U);
  EXPECT_EQ(places[1].start.line, 3U);
  EXPECT_EQ(places[1].end.column, 14U);
}

TEST(StatementPlaces, AStatementMayStandAlone) {
  const auto places = statement_places(R"({"Id":"Statement","Statement":{"Condition":{"a":{}}}})");
  ASSERT_EQ(places.size(), 1U);
  EXPECT_EQ(places[0].start.column, 32U);
  EXPECT_EQ(places[0].end.column, 53U);
}

TEST_F(IamTest, AServiceHasItsRole) {
  const Answer made = ask("CreateServiceLinkedRole", {{"AWSServiceName", "batch.amazonaws.com"}});
  EXPECT_EQ(made.at("CreateServiceLinkedRoleResult/Role/Arn"),
            "arn:aws:iam::123456789012:role/aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch");
  EXPECT_EQ(ask("CreateServiceLinkedRole", {{"AWSServiceName", "batch.amazonaws.com"}}).code(), "InvalidInput");
  const Answer refused = ask("DeleteRole", {{"RoleName", "AWSServiceRoleForBatch"}});
  EXPECT_EQ(refused.code(), "UnmodifiableEntity");
  const std::string task = ask("DeleteServiceLinkedRole", {{"RoleName", "AWSServiceRoleForBatch"}})
                               .at("DeleteServiceLinkedRoleResult/DeletionTaskId");
  EXPECT_EQ(ask("GetServiceLinkedRoleDeletionStatus", {{"DeletionTaskId", task}})
                .at("GetServiceLinkedRoleDeletionStatusResult/Status"),
            "SUCCEEDED");
  EXPECT_EQ(ask("GetRole", {{"RoleName", "AWSServiceRoleForBatch"}}).code(), "NoSuchEntity");
  EXPECT_EQ(ask("GetServiceLinkedRoleDeletionStatus", {{"DeletionTaskId", task + "0"}}).code(), "NoSuchEntity");
}

TEST_F(IamTest, OnlySomeServicesTakeASuffix) {
  EXPECT_EQ(ask("CreateServiceLinkedRole", {{"AWSServiceName", "autoscaling.amazonaws.com"}, {"CustomSuffix", "x"}})
                .at("CreateServiceLinkedRoleResult/Role/RoleName"),
            "AWSServiceRoleForAutoScaling_x");
  EXPECT_EQ(
      ask("CreateServiceLinkedRole", {{"AWSServiceName", "batch.amazonaws.com"}, {"CustomSuffix", "x"}}).message(),
      "Custom suffix is not allowed for batch.amazonaws.com");
  EXPECT_EQ(ask("CreateServiceLinkedRole", {{"AWSServiceName", "nothing.amazonaws.com"}}).code(), "NotImplemented");
}

TEST_F(IamTest, ServiceCredentialsArePerServiceAndUser) {
  user("alice");
  const Fields of{{"UserName", "alice"}, {"ServiceName", "codecommit.amazonaws.com"}};
  const Answer made = ask("CreateServiceSpecificCredential", of);
  const std::string path = "CreateServiceSpecificCredentialResult/ServiceSpecificCredential/";
  EXPECT_EQ(made.at(path + "ServiceUserName"), "alice-at-123456789012");
  const std::string id = made.at(path + "ServiceSpecificCredentialId");
  ask("UpdateServiceSpecificCredential",
      {{"UserName", "alice"}, {"ServiceSpecificCredentialId", id}, {"Status", "Inactive"}});
  iam.reset();
  iam = std::make_unique<Iam>(clock, *store, "123456789012");  // it is kept
  const Answer listed = ask("ListServiceSpecificCredentials", {{"UserName", "alice"}});
  EXPECT_EQ(listed.count("<Status>Inactive</Status>"), 1U);
  EXPECT_EQ(listed.count("ServicePassword"), 0U);
  EXPECT_EQ(ask("CreateServiceSpecificCredential", of).status, 200);
  EXPECT_EQ(ask("CreateServiceSpecificCredential", of).code(), "LimitExceeded");
}

}  // namespace
}  // namespace sortie::emulator
