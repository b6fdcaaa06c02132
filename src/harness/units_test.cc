#include "harness/units.h"

#include <gtest/gtest.h>

namespace sortie::harness {
namespace {

using suite::TestCase;

std::vector<std::string> names_of(const std::vector<TestCase>& tests) {
  std::vector<std::string> names;
  for (const TestCase& test : tests) names.push_back((test.unasked ? "(" + test.name + ")" : test.name));
  return names;
}

const std::vector<TestCase> k_all{{.name = "a1", .unit = "a"}, {.name = "x"},
                                  {.name = "a2", .unit = "a"}, {.name = "off", .disabled = true, .unit = "a"},
                                  {.name = "a3", .unit = "a"}, {.name = "y"}};

TEST(HarnessUnits, AreSplitWhole) {
  const auto units = split_units(k_all);
  ASSERT_EQ(units.size(), 3U);
  EXPECT_EQ(names_of(units[0]), (std::vector<std::string>{"a1", "a2", "off", "a3"}));
  EXPECT_EQ(names_of(units[1]), std::vector<std::string>{"x"});
}

TEST(HarnessUnits, BringWhatIsNeededAndNoMore) {
  EXPECT_EQ(names_of(with_needed({k_all[2], k_all[5]}, k_all)), (std::vector<std::string>{"(a1)", "a2", "y"}));
  EXPECT_EQ(names_of(with_needed({k_all[4]}, k_all)), (std::vector<std::string>{"(a1)", "(a2)", "a3"}));
  EXPECT_EQ(names_of(with_needed({k_all[5], k_all[1]}, k_all)), (std::vector<std::string>{"y", "x"}));
}

}  // namespace
}  // namespace sortie::harness
