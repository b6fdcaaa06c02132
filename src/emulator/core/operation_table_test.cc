#include "emulator/core/operation_table.h"

#include <gtest/gtest.h>

namespace sortie::emulator {
namespace {

using Row = OperationRow<int, int>;

int twice(int& number) {
  return number * 2;
}
int thrice(int& number) {
  return number * 3;
}

constexpr Row k_one_file[] = {{"Twice", twice}, {"Halve"}};
constexpr Row k_another[] = {{.name = "Thrice", .handler = thrice, .lacks = "fractions"}, {"Halve", twice}};

TEST(OperationTable, FindsByName) {
  const OperationTable<Row> table{k_one_file, k_another};
  int number = 7;
  ASSERT_NE(table.find("Thrice"), nullptr);
  EXPECT_EQ(table.find("Thrice")->handler(number), 21);
  EXPECT_EQ(table.find("Thric"), nullptr);
  EXPECT_EQ(table.find(""), nullptr);
}

TEST(OperationTable, TheFirstFileSaysWhatANameMeans) {
  const OperationTable<Row> table{k_one_file, k_another};
  EXPECT_EQ(table.find("Halve")->handler, nullptr);
  EXPECT_EQ(table.rows().size(), 4U);
}

TEST(OperationTable, SummarizesEachNameOnceInOrder) {
  const auto summary = OperationTable<Row>{k_one_file, k_another}.summary();
  ASSERT_EQ(summary.size(), 3U);
  EXPECT_EQ(summary[0].name, "Halve");
  EXPECT_FALSE(summary[0].supported);
  EXPECT_EQ(summary[1].lacks, "fractions");
  EXPECT_TRUE(summary[2].supported);
}

}  // namespace
}  // namespace sortie::emulator
