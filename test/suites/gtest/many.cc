// 5,000 tests; the last of every thousand fails.
#include <gtest/gtest.h>

namespace {

class Many : public testing::TestWithParam<int> {};
TEST_P(Many, Test) {
  EXPECT_NE(GetParam() % 1000, 999);
}
INSTANTIATE_TEST_SUITE_P(All, Many, testing::Range(0, 5000));

}  // namespace
