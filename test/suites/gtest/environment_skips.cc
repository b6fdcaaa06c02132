// An environment that skips everything.
#include <gtest/gtest.h>

namespace {

struct NoServer : testing::Environment {
  void SetUp() override { GTEST_SKIP() << "no server here"; }
};
auto* const environment = testing::AddGlobalTestEnvironment(new NoServer);

TEST(Client, Connects) {}
TEST(Client, Sends) {}
TEST(Codec, Decodes) {}

}  // namespace
