#include "emulator/core/validation.h"

#include <gtest/gtest.h>

#include <array>

namespace sortie::emulator {
namespace {

TEST(Validation, CountsWithTheRightPlural) {
  Violations violations;
  EXPECT_TRUE(violations.empty());
  violations.add("roleName", "a b", constraint::pattern("[\\w]*"));
  EXPECT_FALSE(violations.empty());
  EXPECT_EQ(violations.sentence(),
            "1 validation error detected: Value 'a b' at 'roleName' failed to satisfy constraint: Member must satisfy "
            "regular expression pattern: [\\w]*");
  violations.add_missing("policyArn");
  violations.add_unshown("password", constraint::max_length(128));
  EXPECT_EQ(violations.sentence(),
            "3 validation errors detected: Value 'a b' at 'roleName' failed to satisfy constraint: Member must satisfy "
            "regular expression pattern: [\\w]*; Value null at 'policyArn' failed to satisfy constraint: Member must "
            "not be null; Value at 'password' failed to satisfy constraint: Member must have length less than or equal "
            "to 128");
}

TEST(Validation, SaysOneViolationAsItIs) {
  EXPECT_EQ(violation("limit", "0", constraint::min_value(1)),
            "1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: Member must have value "
            "greater than or equal to 1");
  EXPECT_EQ(missing_violation("name"),
            "1 validation error detected: Value null at 'name' failed to satisfy constraint: Member must not be null");
  EXPECT_EQ(
      unshown_violation("name", constraint::min_length(1)),
      "1 validation error detected: Value at 'name' failed to satisfy constraint: Member must have length greater "
      "than or equal to 1");
}

TEST(Validation, KnowsTheConstraintsInAwssWords) {
  EXPECT_EQ(constraint::length_between(1, 128), "Member must have length between 1 and 128");
  EXPECT_EQ(constraint::max_value(50), "Member must have value less than or equal to 50");
  EXPECT_EQ(constraint::one_of(std::array{"Random", "ByLogStream"}),
            "Member must satisfy enum value set: [Random, ByLogStream]");
  EXPECT_EQ(constraint::one_of(std::array{1, 3}), "Member must satisfy enum value set: [1, 3]");
}

}  // namespace
}  // namespace sortie::emulator
