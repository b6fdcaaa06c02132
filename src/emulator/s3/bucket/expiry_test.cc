#include "emulator/s3/bucket/expiry.h"

#include <gtest/gtest.h>

#include "wire/date.h"

namespace sortie::emulator::s3 {
namespace {

Object object_of(const std::string& key, std::uint64_t size = 1) {
  Object object;
  object.key = key;
  object.size = size;
  object.modified = *wire::parse_iso8601("2026-01-01T12:00:00Z");
  object.traits.tags = {{"kind", "log"}};
  return object;
}

std::string rule(const std::string& id, const std::string& filter, const std::string& expiration) {
  return "<Rule><ID>" + id + "</ID><Status>Enabled</Status><Filter>" + filter + "</Filter><Expiration>" + expiration +
         "</Expiration></Rule>";
}

TEST(Expiry, IsTheMidnightAfterTheDays) {
  EXPECT_EQ(expiration_of(rule("r 1", "", "<Days>1</Days>"), object_of("k")),
            "expiry-date=\"Sat, 03 Jan 2026 00:00:00 GMT\", rule-id=\"r%201\"");
}

TEST(Expiry, TheEarliestRuleThatMatchesCounts) {
  const std::string rules =
      rule("late", "", "<Days>9</Days>") + rule("early", "<Prefix>logs/</Prefix>", "<Days>2</Days>");
  EXPECT_TRUE(expiration_of(rules, object_of("logs/a"))->contains("early"));
  EXPECT_TRUE(expiration_of(rules, object_of("other"))->contains("late"));
}

TEST(Expiry, ConditionsNarrow) {
  const std::string both = "<And><Prefix>a</Prefix><Tag><Key>kind</Key><Value>log</Value></Tag></And>";
  EXPECT_TRUE(expiration_of(rule("r", both, "<Days>1</Days>"), object_of("a")));
  EXPECT_FALSE(expiration_of(rule("r", both, "<Days>1</Days>"), object_of("b")));
  const std::string large = "<ObjectSizeGreaterThan>10</ObjectSizeGreaterThan>";
  EXPECT_FALSE(expiration_of(rule("r", large, "<Days>1</Days>"), object_of("a", 10)));
  EXPECT_TRUE(expiration_of(rule("r", large, "<Days>1</Days>"), object_of("a", 11)));
  EXPECT_FALSE(
      expiration_of(rule("r", "", "<ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker>"), object_of("a")));
}

}  // namespace
}  // namespace sortie::emulator::s3
