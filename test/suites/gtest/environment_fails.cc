// A suite whose global environment fails in SetUp (by default) or in TearDown (FAIL_IN=teardown).
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace {

class Environment : public testing::Environment {
  static bool fails_in(const std::string& where) {
    const char* chosen = std::getenv("FAIL_IN");
    return where == (chosen != nullptr ? chosen : "setup");
  }
  void SetUp() override { ASSERT_FALSE(fails_in("setup")) << "no network"; }
  void TearDown() override { EXPECT_FALSE(fails_in("teardown")) << "cannot clean up"; }
};
const auto* const environment = testing::AddGlobalTestEnvironment(new Environment);

TEST(Suite, First) {}
TEST(Suite, Second) {}

}  // namespace
