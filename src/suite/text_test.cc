#include "suite/text.h"

#include <gtest/gtest.h>

namespace sortie::suite {
namespace {

TEST(Utf8, AcceptsWhatRfc3629Accepts) {
  for (const char* text : {"", "ascii only, more than eight bytes", "\xC2\x80", "\xE0\xA0\x80", "\xED\x9F\xBF",
                           "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF", "long enough \xE2\x82\xAC and on"}) {
    EXPECT_TRUE(is_utf8(text)) << text;
  }
}

TEST(Utf8, RefusesOverlongFormsSurrogatesAndCutSequences) {
  for (const char* bytes : {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF0\x80\x80\x80",
                            "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xE2\x82", "abcdefgh\xE2\x82x"}) {
    EXPECT_FALSE(is_utf8(bytes)) << base64_encode(bytes);
  }
}

TEST(Utf8, FindsTheUnfinishedCharacterAtTheEnd) {
  EXPECT_EQ(unfinished_utf8_suffix("abc"), 0U);
  EXPECT_EQ(unfinished_utf8_suffix("abc\xE2"), 1U);
  EXPECT_EQ(unfinished_utf8_suffix("abc\xE2\x82"), 2U);
  EXPECT_EQ(unfinished_utf8_suffix("abc\xE2\x82\xAC"), 0U);
  EXPECT_EQ(unfinished_utf8_suffix("\xF0\x9F\x98"), 3U);
  EXPECT_EQ(unfinished_utf8_suffix("\x80\x80\x80"), 0U);
  EXPECT_EQ(unfinished_utf8_suffix("\xED\xA0"), 0U);
}

TEST(Utf8, ReplacesEachInvalidByte) {
  EXPECT_EQ(replace_invalid_utf8("a\xFF\xFE z"), "a\xEF\xBF\xBD\xEF\xBF\xBD z");
  EXPECT_EQ(replace_invalid_utf8("\xE2\x82"), "\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(replace_invalid_utf8("fine"), "fine");
}

// RFC 4648 section 10.
TEST(Base64, Vectors) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(base64_encode(bytes), text);
    EXPECT_EQ(base64_decode(text), bytes);
  }
  for (const char* bad : {"Zg", "Zg=", "====", "Z===", "Zg==Zg==", "Zm9 ", "Zm\xFFv"}) {
    EXPECT_EQ(base64_decode(bad), std::nullopt) << bad;
  }
}

TEST(Abridge, KeepsHeadAndTailAndSaysHowMuchIsMissing) {
  EXPECT_EQ(abridge("short", 10), "short");
  EXPECT_EQ(abridge("0123456789abcdefghij", 10), "01234\n[... 10 bytes left out ...]\nfghij");
  EXPECT_TRUE(is_utf8(abridge("\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC", 8)));
}

TEST(LineSplitter, TellsWhereLinesAre) {
  LineSplitter splitter;
  EXPECT_TRUE(splitter.feed("begin").empty());
  const auto lines = splitter.feed("ning\r\nnext\nrest");
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].text, "beginning");
  EXPECT_EQ(lines[0].begin, 0U);
  EXPECT_EQ(lines[0].end, 6U);
  EXPECT_EQ(lines[1].text, "next");
  EXPECT_EQ(lines[1].begin, 6U);
  EXPECT_EQ(splitter.take_rest(), "rest");
}

TEST(LineSplitter, KeepsTheEndOfAnEndlessLine) {
  LineSplitter splitter;
  const auto lines = splitter.feed(std::string(10 * LineSplitter::k_line_limit, 'x') + "end\n");
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].text.size(), LineSplitter::k_line_limit);
  EXPECT_TRUE(lines[0].text.ends_with("xend"));
}

TEST(Text, Pieces) {
  EXPECT_EQ(quote_for_go("a.b[c]$|\\"), "a\\.b\\[c\\]\\$\\|\\\\");
  EXPECT_EQ(parse_number("12"), 12);
  for (const char* bad : {"", "-1", "1x", "99999999999999999999"}) EXPECT_EQ(parse_number(bad), std::nullopt) << bad;
  EXPECT_EQ(describe_signal(11), "signal 11 (Segmentation fault)");
  EXPECT_EQ(trim("\t a b\r\n"), "a b");
}

}  // namespace
}  // namespace sortie::suite
