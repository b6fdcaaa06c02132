#include "run/filter.h"

#include <gtest/gtest.h>

namespace sortie::run {
namespace {

TEST(Filter, PatternsAddUpAndExclamationTakesAway) {
  const Filter filter({"A.*", "suite_b::*", "!*Slow"});
  EXPECT_TRUE(filter.chooses({"suite_a", "A.one"}));
  EXPECT_FALSE(filter.chooses({"suite_a", "B.one"}));
  EXPECT_TRUE(filter.chooses({"suite_b", "B.one"}));
  EXPECT_FALSE(filter.chooses({"suite_b", "B.Slow"}));
}

TEST(Filter, OnlyExclusionsTakeAwayFromEverything) {
  const Filter filter({"!A.*"});
  EXPECT_FALSE(filter.chooses({"s", "A.one"}));
  EXPECT_TRUE(filter.chooses({"s", "B.one"}));
}

TEST(Filter, NoPatternsChooseEverything) {
  EXPECT_TRUE(Filter({}).chooses({"s", "t"}));
}

}  // namespace
}  // namespace sortie::run
