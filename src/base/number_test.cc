#include "base/number.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace sortie {
namespace {

TEST(Number, TakesTheWholeTextOrNothing) {
  EXPECT_EQ(parse_number<int>("12"), 12);
  EXPECT_EQ(parse_number<int>("-12"), -12);
  EXPECT_EQ(parse_number<int>("007"), 7);
  for (const char* text : {"", " ", "12 ", " 12", "+12", "12a", "a12", "1.5", "0x10", "-", "--1", "1,000"}) {
    EXPECT_EQ(parse_number<int>(text), std::nullopt) << text;
  }
}

TEST(Number, IsNothingWhereItsTypeEnds) {
  EXPECT_EQ(parse_number<std::uint8_t>("255"), 255);
  EXPECT_EQ(parse_number<std::uint8_t>("256"), std::nullopt);
  EXPECT_EQ(parse_number<unsigned>("-1"), std::nullopt);
  EXPECT_EQ(parse_number<std::int64_t>("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(parse_number<std::int64_t>("9223372036854775808"), std::nullopt);
}

TEST(Number, ReadsOtherBases) {
  EXPECT_EQ(parse_number<int>("ff", 16), 255);
  EXPECT_EQ(parse_number<int>("755", 8), 0755);
  EXPECT_EQ(parse_number<int>("8", 8), std::nullopt);
}

TEST(Number, ReadsFractions) {
  EXPECT_EQ(parse_number<double>("1.5"), 1.5);
  EXPECT_EQ(parse_number<double>("1e3"), 1000);
  EXPECT_EQ(parse_number<double>("1e999"), std::nullopt);
  EXPECT_EQ(parse_number<double>("1.5s"), std::nullopt);
  EXPECT_EQ(parse_number<double>(""), std::nullopt);
}

TEST(Number, KeepsToLimits) {
  EXPECT_EQ(parse_number_between<int>("1", 1, 3), 1);
  EXPECT_EQ(parse_number_between<int>("3", 1, 3), 3);
  EXPECT_EQ(parse_number_between<int>("0", 1, 3), std::nullopt);
  EXPECT_EQ(parse_number_between<int>("4", 1, 3), std::nullopt);
  EXPECT_EQ(parse_number_between<int>("two", 1, 3), std::nullopt);
}

}  // namespace
}  // namespace sortie
