#include "emulator/lambda/execution/telemetry.h"

#include <gtest/gtest.h>

#include "emulator/lambda/logging/log_text.h"

namespace sortie::emulator::lambda {
namespace {

std::string subscription(const std::string& uri, const std::string& more = {}) {
  return R"({"schemaVersion":"2022-12-13","types":["platform","function"],"destination":{"protocol":"HTTP","URI":")" +
         uri + "\"}" + more + "}";
}

TEST(Telemetry, Subscriptions) {
  auto taken = parse_subscription(subscription("http://sandbox.localdomain:8080/a/b"));
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->port, 8080);
  EXPECT_EQ(taken->target, "/a/b");
  EXPECT_TRUE(taken->wants(TelemetryKind::platform) && taken->wants(TelemetryKind::function));
  EXPECT_FALSE(taken->wants(TelemetryKind::extension));
  EXPECT_EQ(taken->types(), (std::vector<std::string_view>{"Platform", "Function"}));
  EXPECT_EQ(parse_subscription(subscription("http://sandbox.local"))->port, 80);
  EXPECT_EQ(parse_subscription(subscription("http://sandbox.local:1", R"(,"buffering":{"timeoutMs":25})"))->timeout,
            std::chrono::milliseconds(25));
}

TEST(Telemetry, RefusesWhatCannotBe) {
  for (auto uri : {"", "https://sandbox.localdomain:8080", "http://sandbox.localdomain:9001", "http://sandbox.local:0",
                   "http://sandbox.local:70000", "http://sandbox.local:8080x", "http://example.com:8080",
                   "http://sandbox.local:8080/a b", "http://sandbox.local:8080/\\r\\nX: y"}) {
    EXPECT_FALSE(parse_subscription(subscription(uri))) << uri;
  }
  for (auto more :
       {R"(,"buffering":{"maxItems":999})", R"(,"buffering":{"maxBytes":1})", R"(,"buffering":{"timeoutMs":"25"})"}) {
    EXPECT_FALSE(parse_subscription(subscription("http://sandbox.local:1", more))) << more;
  }
  EXPECT_EQ(parse_subscription("{").error().type, "ValidationError");
}

TEST(Telemetry, OutputIsALineOrAnObject) {
  EXPECT_EQ(output_event(TelemetryKind::function, "T", "hello\n", true),
            R"({"time":"T","type":"function","record":"hello"})");
  EXPECT_EQ(output_event(TelemetryKind::extension, "T", "{\"a\":1}\n", true),
            R"({"time":"T","type":"extension","record":{"a":1}})");
  EXPECT_EQ(output_event(TelemetryKind::function, "T", "{\"a\":1}", false),
            R"({"time":"T","type":"function","record":"{\"a\":1}"})");
  EXPECT_EQ(output_event(TelemetryKind::function, "T", "{broken", true),
            R"({"time":"T","type":"function","record":"{broken"})");
}

TEST(Telemetry, SubscribingIsLogged) {
  EXPECT_EQ(telemetry_line(LogFormat::text, {}, "x", {"Platform", "Function"}),
            "TELEMETRY\tName: x\tState: Subscribed\tTypes: [Platform, Function]");
  EXPECT_TRUE(telemetry_line(LogFormat::json, {}, "x", {"Platform"})
                  .ends_with(R"("record":{"name":"x","state":"Subscribed","types":["platform"]}})"));
}

}  // namespace
}  // namespace sortie::emulator::lambda
