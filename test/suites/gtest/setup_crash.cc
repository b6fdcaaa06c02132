// A suite's set-up that crashes between suites that are well.
#include <gtest/gtest.h>

#include <cstdlib>

TEST(A, One) {}
TEST(B, One) {}
TEST(C, Skipped) {
  GTEST_SKIP();
}
struct NeedsDb : testing::Test {
  static void SetUpTestSuite() { std::abort(); }
};
TEST_F(NeedsDb, Query) {}
TEST_F(NeedsDb, Store) {}
TEST(Later, One) {}
TEST(Later, Two) {}
