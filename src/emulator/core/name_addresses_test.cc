#include "emulator/core/name_addresses.h"

#include <gtest/gtest.h>

namespace sortie::emulator {
namespace {

using Address = std::array<std::uint8_t, 4>;

TEST(NameAddresses, GivesEachNameOneOfItsOwn) {
  NameAddresses names;
  EXPECT_EQ(names.of("s3.amazonaws.com"), (Address{198, 18, 0, 1}));
  EXPECT_EQ(names.of("lambda.us-east-1.amazonaws.com"), (Address{198, 18, 0, 2}));
  EXPECT_EQ(names.of("S3.AmazonAWS.com."), (Address{198, 18, 0, 1}));
}

TEST(NameAddresses, SharesTheLastWhenAllAreGiven) {
  NameAddresses names;
  for (int i = 0; i < 131'070; ++i) names.of("n" + std::to_string(i));
  EXPECT_EQ(names.of("one more"), (Address{198, 19, 255, 254}));
  EXPECT_EQ(names.of("another"), (Address{198, 19, 255, 254}));
  EXPECT_EQ(names.of("n0"), (Address{198, 18, 0, 1}));
}

TEST(NameAddresses, KnowsItsBlock) {
  EXPECT_TRUE(NameAddresses::holds(0xc6120001));
  EXPECT_TRUE(NameAddresses::holds(0xc613ffff));
  EXPECT_FALSE(NameAddresses::holds(0xc6140000));
  EXPECT_FALSE(NameAddresses::holds(0x7f000001));
}

}  // namespace
}  // namespace sortie::emulator
