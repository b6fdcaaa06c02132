#include "suite/namesakes.h"

#include <gtest/gtest.h>

namespace sortie::suite {
namespace {

std::vector<TestCase> numbered() {
  std::vector<TestCase> tests{{.name = "A"}, {.name = "B"}, {.name = "A"}, {.name = "A"}};
  number_namesakes(tests);
  return tests;
}

TEST(Namesakes, HaveNumbersAndOneUnit) {
  const std::vector<TestCase> tests = numbered();
  EXPECT_EQ(
      tests,
      (std::vector<TestCase>{
          {.name = "A", .unit = "A"}, {.name = "B"}, {.name = "A #2", .unit = "A"}, {.name = "A #3", .unit = "A"}}));
  EXPECT_EQ(framework_name(tests[3]), "A");
}

TEST(Namesakes, TakeTurns) {
  Namesakes all(numbered());
  EXPECT_EQ(all.current("A"), "A");
  for (const char* test : {"A", "A #2", "A #3"}) EXPECT_EQ(all.begin("A"), test);
  EXPECT_EQ(all.current("A"), "A #3");
  EXPECT_EQ(all.begin("A"), "");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(all.begin("B"), "B");
  EXPECT_EQ(all.begin("C"), "");
  EXPECT_EQ(all.origin("A #3").index, 2U);
}

TEST(Namesakes, ThatWereNotSelectedAreNobody) {
  Namesakes second({numbered()[2]});
  EXPECT_EQ(second.begin("A"), "");
  EXPECT_EQ(second.begin("A"), "A #2");
  EXPECT_EQ(second.begin("A"), "");
  EXPECT_TRUE(second.knows("A"));
  EXPECT_FALSE(second.knows("B"));
}

}  // namespace
}  // namespace sortie::suite
