#include "run/capture.h"

#include <gtest/gtest.h>

namespace sortie::run {
namespace {

TEST(Capture, KeepsEverythingThatFits) {
  Capture capture(100);
  capture.append("hello ");
  capture.append("world");
  EXPECT_EQ(capture.text(), "hello world");
  EXPECT_EQ(capture.total(), 11U);
}

TEST(Capture, KeepsBeginningAndEndAndCountsTheRest) {
  Capture capture(10);
  for (int i = 0; i < 1000; ++i) capture.append("abcdefghij");
  EXPECT_EQ(capture.text(), "abcde\n... 9990 bytes left out ...\nfghij");
  EXPECT_EQ(capture.total(), 10'000U);
}

TEST(Capture, OnePieceLargerThanTheLimit) {
  Capture capture(4);
  capture.append("0123456789");
  EXPECT_EQ(capture.text(), "01\n... 6 bytes left out ...\n89");
}

TEST(Capture, NulBytesAreBytes) {
  Capture capture(100);
  capture.append(std::string_view("a\0b", 3));
  EXPECT_EQ(capture.text(), std::string("a\0b", 3));
}

}  // namespace
}  // namespace sortie::run
