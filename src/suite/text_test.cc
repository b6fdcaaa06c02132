#include "suite/text.h"

#include <gtest/gtest.h>

#include "base/utf8.h"

namespace sortie::suite {
namespace {

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
  EXPECT_TRUE(is_valid_utf8(abridge("\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC", 8)));
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
