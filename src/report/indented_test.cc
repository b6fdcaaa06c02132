#include "report/indented.h"

#include <gtest/gtest.h>

#include "report/text.h"

namespace sortie::report {
namespace {

std::string indented(std::string_view text, std::size_t piece, bool colour = false) {
  std::string out;
  Indented lines(2, colour, [&out](std::string_view block) { out += block; });
  for (std::size_t at = 0; at < text.size(); at += piece) lines.feed(text.substr(at, piece));
  lines.finish();
  return out;
}

TEST(Indented, EveryLineButEmptyOnes) {
  EXPECT_EQ(indented("a\n\nb\nc", 100), "  a\n\n  b\n  c\n");
  EXPECT_EQ(indented("", 100), "");
  EXPECT_EQ(indented("\n", 100), "\n");
}

TEST(Indented, PiecesMakeNoDifference) {
  const std::string text = "gr\u00fcn \x1b[31mred\x1b[0m\r\n\xff\x01\n\n\u20ac\U0001F600 end";
  for (const bool colour : {true, false}) {
    const std::string whole = indented(text, text.size(), colour);
    for (std::size_t piece = 1; piece < text.size(); ++piece) EXPECT_EQ(indented(text, piece, colour), whole) << piece;
  }
}

TEST(Indented, ALineOfAnyLengthStaysOneLineInBoundedMemory) {
  std::string text;
  for (int i = 0; i < 60'000; ++i) text += i % 3 == 0 ? "\u20ac" : i % 3 == 1 ? "\x1b[1m" : "x";
  const std::string expected = "  " + printable(text, true) + "\n";
  for (const std::size_t piece : {1000U, 4093U, 70'001U}) EXPECT_EQ(indented(text, piece, true), expected) << piece;
  const std::string returns(200'000, '\r');
  EXPECT_EQ(indented(returns + "\n", 999), "  " + printable(returns + "\n", false));
}

}  // namespace
}  // namespace sortie::report
