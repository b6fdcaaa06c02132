// Dies between tests: in the set-up of a test suite, or in its tear-down (DIE_IN=teardown).
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>

namespace {

bool dies_in(const char* place) {
  const char* chosen = std::getenv("DIE_IN");
  return std::strcmp(chosen != nullptr ? chosen : "setup", place) == 0;
}

struct NeedsDb : testing::Test {
  static void SetUpTestSuite() {
    if (dies_in("setup")) std::abort();
    if (dies_in("setup_exit")) std::exit(3);
  }
  static void TearDownTestSuite() {
    if (dies_in("teardown")) std::abort();
    if (dies_in("teardown_exit")) std::exit(0);
  }
};

}  // namespace

TEST(A, One) {}
TEST(B, One) {}
TEST(C, Skipped) {
  GTEST_SKIP();
}
TEST_F(NeedsDb, Query) {}
TEST_F(NeedsDb, Update) {}
TEST(Later, One) {}
TEST(Later, Two) {}
TEST(Later, Three) {}
