#include "s3cli/content_range.h"

#include <gtest/gtest.h>

namespace sortie::s3cli {
namespace {

TEST(ContentRange, IsRead) {
  const auto range = read_content_range("bytes 5-9/18446744073709551615");
  ASSERT_TRUE(range);
  EXPECT_EQ(range->first, 5U);
  EXPECT_EQ(range->last, 9U);
  EXPECT_EQ(range->size, 18446744073709551615U);
}

TEST(ContentRange, MustMakeSense) {
  for (const auto* text : {"", "bytes", "bytes ", "items 0-1/2", "bytes 0-1", "bytes 0-1/*", "bytes */2", "bytes 1-0/2",
                           "bytes 0-2/2", "bytes 0-1/2 ", "bytes -1-1/2", "bytes 0-1/18446744073709551616"}) {
    EXPECT_FALSE(read_content_range(text)) << text;
  }
}

}  // namespace
}  // namespace sortie::s3cli
