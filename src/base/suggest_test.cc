#include "base/suggest.h"

#include <gtest/gtest.h>

#include <vector>

namespace sortie {
namespace {

const std::vector<std::string> k_commands = {"run", "list", "package", "invoke", "logs", "serve"};

TEST(Suggest, TheNearestWordIsMeant) {
  EXPECT_EQ(closest("rnu", k_commands), "run");
  EXPECT_EQ(closest("packge", k_commands), "package");
  EXPECT_EQ(closest("LIST", k_commands), "list");
  EXPECT_EQ(closest("inovke", k_commands), "invoke");
}

TEST(Suggest, NothingFarAwayIsMeant) {
  EXPECT_EQ(closest("frobnicate", k_commands), "");
  EXPECT_EQ(closest("", k_commands), "");
  EXPECT_EQ(closest("run", {}), "");
  EXPECT_EQ(closest(std::string(100'000, 'x'), k_commands), "");
}

TEST(Suggest, IsASentenceOrNothing) {
  EXPECT_EQ(did_you_mean("serv", k_commands), "did you mean 'serve'?");
  EXPECT_EQ(did_you_mean("zzzzzz", k_commands), "");
}

}  // namespace
}  // namespace sortie
