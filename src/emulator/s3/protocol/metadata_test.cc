#include "emulator/s3/protocol/metadata.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace sortie::emulator::s3 {
namespace {

TEST(Metadata, AsciiIsAnsweredAsItIs) {
  EXPECT_EQ(mail_safe("plain = text_?"), "plain = text_?");
  EXPECT_EQ(mail_safe(""), "");
}

/// As AWS was seen to answer.
TEST(Metadata, OtherTextIsAnsweredInEncodedWords) {
  EXPECT_EQ(mail_safe("non-ascii-%E2%80%94_\u2014_\u00e9_"), "=?UTF-8?Q?non-ascii-%E2%80%94=5F=E2=80=94=5F=C3=A9=5F?=");
}

/// The example of the user guide: the header's bytes are read as ISO 8859-1.
TEST(Metadata, OfHeadersIsEachByteACharacter) {
  EXPECT_EQ(mail_safe(text_of_header("\u00c4M\u00c4Z\u00d5\u00d1 S3")), "=?UTF-8?B?w4PChE3Dg8KEWsODwpXDg8KRIFMz?=");
}

TEST(Metadata, LongTextIsSeveralWords) {
  std::string text;
  for (int i = 0; i < 40; ++i) text += "\u20ac!?";
  const std::string safe = mail_safe(text);
  std::string_view rest = safe;
  std::size_t words = 0;
  while (!rest.empty()) {
    const auto word = rest.substr(0, rest.find(' '));
    EXPECT_TRUE(word.starts_with("=?UTF-8?") && word.ends_with("?=")) << word;
    EXPECT_LE(word.size(), 75U);
    rest.remove_prefix(std::min(word.size() + 1, rest.size()));
    ++words;
  }
  EXPECT_GT(words, 1U);
}

TEST(Metadata, BytesThatAreNoTextAreStillAnswered) {
  EXPECT_TRUE(is_header_text(mail_safe("\xff\xfe")));
  EXPECT_TRUE(mail_safe("\xff\xfe").starts_with("=?UTF-8?"));
}

TEST(Metadata, WhatNoHeaderCanCarryIsLeftOutAndCounted) {
  http::Response response;
  add_kept_headers(response, {{"x-amz-meta-a", "1\r\n2"}, {"x-amz-meta-b", "fine"}, {"cache-control", "no\ncache"}});
  EXPECT_EQ(response.headers.get("x-amz-meta-a"), std::nullopt);
  EXPECT_EQ(response.headers.get("x-amz-meta-b"), "fine");
  EXPECT_EQ(response.headers.get("cache-control"), std::nullopt);
  EXPECT_EQ(response.headers.get("x-amz-missing-meta"), "1");
}

}  // namespace
}  // namespace sortie::emulator::s3
