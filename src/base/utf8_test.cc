#include "base/utf8.h"

#include <gtest/gtest.h>

namespace sortie {
namespace {

TEST(Utf8, AcceptsWhatRfc3629Accepts) {
  for (const char* text : {"", "ascii only, more than eight bytes", "\xC2\x80", "\xE0\xA0\x80", "\xED\x9F\xBF",
                           "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF", "long enough \xE2\x82\xAC and on"}) {
    EXPECT_TRUE(is_valid_utf8(text)) << text;
  }
}

TEST(Utf8, RefusesOverlongFormsSurrogatesAndCutSequences) {
  for (const char* bytes : {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF0\x80\x80\x80",
                            "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xE2\x82", "abcdefgh\xE2\x82x"}) {
    EXPECT_FALSE(is_valid_utf8(bytes)) << bytes;
  }
}

TEST(Utf8, FindsTheUnfinishedCharacterAtTheEnd) {
  EXPECT_EQ(incomplete_tail("abc"), 0U);
  EXPECT_EQ(incomplete_tail("abc\xE2"), 1U);
  EXPECT_EQ(incomplete_tail("abc\xE2\x82"), 2U);
  EXPECT_EQ(incomplete_tail("abc\xE2\x82\xAC"), 0U);
  EXPECT_EQ(incomplete_tail("\xF0\x9F\x98"), 3U);
  EXPECT_EQ(incomplete_tail("\x80\x80\x80"), 0U);
  EXPECT_EQ(incomplete_tail("\xED\xA0"), 0U);
}

TEST(Utf8, ReplacesEachInvalidByte) {
  EXPECT_EQ(to_valid_utf8("a\xFF\xFE z"), "a\xEF\xBF\xBD\xEF\xBF\xBD z");
  EXPECT_EQ(to_valid_utf8("\xE2\x82"), "\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(to_valid_utf8("fine"), "fine");
}

}  // namespace
}  // namespace sortie
