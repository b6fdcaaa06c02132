#include "sandbox/user.h"

#include <gtest/gtest.h>

namespace sortie::sandbox {
namespace {

TEST(ChooseRange, TakesTheWantedOneWhereAllIdsAreMapped) {
  EXPECT_EQ(choose_range("         0          0 4294967295\n", 1'879'048'192), 1'879'048'192U);
}

TEST(ChooseRange, TakesTheEndOfALargeExtentInAContainer) {
  EXPECT_EQ(choose_range("0 100000 1000000\n", 1'879'048'192), 1'000'000U - 65536U);
}

TEST(ChooseRange, FindsNoneInASmallMap) {
  EXPECT_EQ(choose_range("0 1000 1\n1 100000 65536\n", 1'879'048'192), 0U);
  EXPECT_EQ(choose_range("", 1'879'048'192), 0U);
  EXPECT_EQ(choose_range("no numbers", 1'879'048'192), 0U);
}

}  // namespace
}  // namespace sortie::sandbox
