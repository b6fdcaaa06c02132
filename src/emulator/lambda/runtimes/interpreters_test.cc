#include "emulator/lambda/runtimes/interpreters.h"

#include <gtest/gtest.h>

namespace sortie::emulator::lambda {
namespace {

TEST(Interpreters, RuntimeNames) {
  auto python = parse_managed_runtime("python3.12");
  ASSERT_TRUE(python);
  EXPECT_EQ(python->language, Language::python);
  EXPECT_EQ(python->version, 12);
  auto node = parse_managed_runtime("nodejs20.x");
  ASSERT_TRUE(node);
  EXPECT_EQ(node->language, Language::node);
  EXPECT_EQ(node->version, 20);
  EXPECT_EQ(parse_managed_runtime("java21")->language, Language::java);
  EXPECT_EQ(parse_managed_runtime("java21")->version, 21);
  EXPECT_EQ(parse_managed_runtime("java8.al2")->version, 8);
  for (auto name : {"", "python", "python3.", "python3.x", "python2.7", "nodejs", "nodejs.x", "nodejs20", "nodejs-1.x",
                    "provided.al2023", "java", "java.x", "java8.al3"}) {
    EXPECT_FALSE(parse_managed_runtime(name)) << name;
  }
}

TEST(Interpreters, TheSameVersionThenTheNearestThenTheNewer) {
  using Order = std::vector<std::size_t>;
  EXPECT_EQ(by_nearness({9, 12, 11}, 12), (Order{1, 2, 0}));
  EXPECT_EQ(by_nearness({11, 13}, 12), (Order{1, 0}));
  EXPECT_EQ(by_nearness({10, 10}, 14), (Order{0, 1}));  // the one that PATH has first
  EXPECT_EQ(by_nearness({}, 12), Order{});
}

}  // namespace
}  // namespace sortie::emulator::lambda
