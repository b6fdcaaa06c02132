#include "emulator/logs/live_tail.h"

#include <gtest/gtest.h>

#include <array>

#include "emulator/core/test_support.h"
#include "emulator/logs/log_store.h"
#include "wire/event_stream.h"

namespace sortie::emulator::logs {
namespace {

using testing_support::run;

class LiveTailTest : public testing::Test {
 protected:
  static LiveTailRequest request(std::string_view pattern = "") {
    return {{{7, "1:/g"}}, {"arn"}, {}, {}, std::string(pattern), *FilterPattern::parse(pattern)};
  }

  static Stream stream(const std::string& name, std::int64_t group = 7) {
    Stream made;
    made.group = group;
    made.name = name;
    return made;
  }

  void write(const Stream& to, const std::vector<std::string>& messages) {
    std::vector<LogEvent> events;
    for (const std::string& message : messages) events.push_back({SystemTime{}, message});
    tails_.written(to, events, 1);
  }

  /// The next frame's type and payload.
  static std::pair<std::string, std::string> next(http::Body& body, wire::EventStreamDecoder& decoder) {
    for (;;) {
      auto message = decoder.next();
      EXPECT_TRUE(message);
      if (*message) return {std::string((*message)->event_type()), (*message)->payload};
      std::array<char, 4096> bytes;
      const auto count = run(body.read(bytes));
      EXPECT_TRUE(count && *count > 0);
      decoder.feed(std::string_view(bytes.data(), *count));
    }
  }

  LiveTails tails_{std::chrono::milliseconds(1)};
  wire::EventStreamDecoder decoder_;
};

TEST_F(LiveTailTest, TellsWhatWasWrittenMeanwhile) {
  http::Body body = tails_.open(request("hit"), "r");
  EXPECT_EQ(next(body, decoder_).first, "initial-response");
  EXPECT_EQ(next(body, decoder_).first, "sessionStart");
  write(stream("s"), {"a hit", "other"});
  write(stream("s", 8), {"hit in another group"});
  const auto [type, payload] = next(body, decoder_);
  EXPECT_EQ(type, "sessionUpdate");
  EXPECT_NE(payload.find("a hit"), std::string::npos);
  EXPECT_EQ(payload.find("other"), std::string::npos);
  EXPECT_EQ(payload.find("another"), std::string::npos);
  EXPECT_NE(next(body, decoder_).second.find(R"("sessionResults":[])"), std::string::npos);
}

TEST_F(LiveTailTest, StreamsAreChosenByNameOrPrefix) {
  LiveTailRequest by_prefix = request();
  by_prefix.prefixes = {"web-"};
  http::Body body = tails_.open(std::move(by_prefix), "r");
  next(body, decoder_);
  next(body, decoder_);
  write(stream("db-1"), {"no"});
  write(stream("web-1"), {"yes"});
  const std::string payload = next(body, decoder_).second;
  EXPECT_NE(payload.find("yes"), std::string::npos);
  EXPECT_EQ(payload.find("no\""), std::string::npos);
}

TEST_F(LiveTailTest, MoreThanItTellsIsSampled) {
  http::Body body = tails_.open(request(), "r");
  next(body, decoder_);
  next(body, decoder_);
  write(stream("s"), std::vector<std::string>(501, "x"));
  EXPECT_NE(next(body, decoder_).second.find(R"("sampled":true)"), std::string::npos);
  EXPECT_NE(next(body, decoder_).second.find(R"("sampled":false)"), std::string::npos);
}

TEST_F(LiveTailTest, EndsWithItsBody) {
  {
    const http::Body body = tails_.open(request(), "r");
    EXPECT_FALSE(tails_.idle());
  }
  write(stream("s"), {"x"});
  EXPECT_TRUE(tails_.idle());
}

}  // namespace
}  // namespace sortie::emulator::logs
