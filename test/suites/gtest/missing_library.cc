// Linked to libsortie_test_missing.so, which build.sh removes.
#include <gtest/gtest.h>

extern "C" int from_the_missing_library();

TEST(Missing, Library) {
  EXPECT_EQ(from_the_missing_library(), 1);
}
