#include "s3cli/duration.h"

#include <gtest/gtest.h>

namespace sortie::s3cli {
namespace {

using namespace std::chrono_literals;

TEST(Duration, ReadsGosForms) {
  EXPECT_EQ(parse_duration("1h"), 1h);
  EXPECT_EQ(parse_duration("1h30m15s"), 1h + 30min + 15s);
  EXPECT_EQ(parse_duration("1.5h"), 90min);
  EXPECT_EQ(parse_duration(".5s"), 500ms);
  EXPECT_EQ(parse_duration("3600s"), 1h);
  EXPECT_EQ(parse_duration("1500ms"), 1500ms);
  EXPECT_EQ(parse_duration("5µs"), 5us);
  EXPECT_EQ(parse_duration("+7ns"), 7ns);
  EXPECT_EQ(parse_duration("-2m"), -2min);
  EXPECT_EQ(parse_duration("0"), 0ns);
}

TEST(Duration, RefusesEverythingElse) {
  for (const auto* text : {"", "-", "1", "h", "1d", "1h ", " 1h", "1..5h", ".s", "1h-5m", "9999999999h", "1e3s"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace sortie::s3cli
