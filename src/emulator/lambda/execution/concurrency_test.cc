#include "emulator/lambda/execution/concurrency.h"

#include <gtest/gtest.h>

#include <vector>

namespace sortie::emulator::lambda {
namespace {

std::string reason_of(const AwsResult<RunningInvocations::Lease>& refused) {
  return refused ? "admitted" : refused.error().fields.at(0).second;
}

TEST(RunningInvocations, AReservationIsALimit) {
  auto running = std::make_shared<RunningInvocations>();
  const Concurrency two{.region = "r", .name = "f", .reserved = 2};
  auto first = running->admit(two);
  auto second = running->admit(two);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(reason_of(running->admit(two)), "ReservedFunctionConcurrentInvocationLimitExceeded");
  second->end();
  EXPECT_EQ(reason_of(running->admit(two)), "admitted");
}

TEST(RunningInvocations, WhatOthersReservedIsNotThereForTheRest) {
  auto running = std::make_shared<RunningInvocations>();
  const Concurrency one_left{.region = "r", .name = "f", .reserved_elsewhere = k_account_concurrency - 1};
  auto first = running->admit(one_left);
  ASSERT_TRUE(first);
  EXPECT_EQ(reason_of(running->admit(one_left)), "ConcurrentInvocationLimitExceeded");
}

TEST(RunningInvocations, ProvisionedOnesAreTakenFirstAndNotThereForOthers) {
  auto running = std::make_shared<RunningInvocations>();
  const Concurrency provisioned{
      .region = "r", .name = "f", .reserved = 2, .provisioned_total = 1, .provisioned = "f:1", .provisioned_here = 1};
  const Concurrency latest{.region = "r", .name = "f", .reserved = 2, .provisioned_total = 1};
  auto on_demand = running->admit(latest);
  ASSERT_TRUE(on_demand);
  EXPECT_EQ(reason_of(running->admit(latest)), "ReservedFunctionConcurrentInvocationLimitExceeded");
  EXPECT_EQ(reason_of(running->admit(provisioned)), "admitted");
}

TEST(RunningInvocations, LeasesThatGoLeaveNothingBehind) {
  auto running = std::make_shared<RunningInvocations>();
  {
    auto lease = running->admit({.region = "r", .name = "f"});
    ASSERT_TRUE(lease);
    EXPECT_FALSE(running->none());
  }
  EXPECT_TRUE(running->none());
}

}  // namespace
}  // namespace sortie::emulator::lambda
