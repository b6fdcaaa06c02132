#include "emulator/lambda/options/realism.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "emulator/lambda/execution/rate_limit.h"
#include "emulator/lambda/lambda_fixture.h"
#include "emulator/lambda/logging/late_logs.h"

namespace sortie::emulator::lambda {
namespace {

TEST(RateLimit, LetsThroughWhatTheRateAllows) {
  RateLimit limit(2);
  const RateLimit::TimePoint start{std::chrono::hours(1)};
  EXPECT_TRUE(limit.take(start));
  EXPECT_TRUE(limit.take(start));
  EXPECT_FALSE(limit.take(start));
  EXPECT_TRUE(limit.take(start + std::chrono::milliseconds(500)));
  EXPECT_FALSE(limit.take(start + std::chrono::milliseconds(600)));
  EXPECT_TRUE(RateLimit().take(start));
}

class LambdaRealism : public LambdaTest {
 protected:
  LambdaRealism() { options.realism.emplace(); }
};

TEST_F(LambdaRealism, RolesAreNotThereAtOnce) {
  iam.created = clock.now();
  auto refused = create("f");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.member("message"), "The role defined for the function cannot be assumed by Lambda.");
  iam.created = clock.now() - options.realism->role_propagation;
  EXPECT_EQ(create("f").status, 201);
}

TEST_F(LambdaRealism, FunctionsArePendingForAWhile) {
  options.realism->create_time = std::chrono::milliseconds(200);
  EXPECT_EQ(create("f").status, 201);
  EXPECT_EQ(call("GET", "/2015-03-31/functions/f/configuration").member("State"), "Pending");
  EXPECT_EQ(invoke("f").status, 409);
  wait_settled("f");
}

TEST_F(LambdaRealism, ControlCallsAreCounted) {
  options.realism->control_calls_per_second = 1;
  EXPECT_EQ(call("GET", "/2015-03-31/functions").status, 200);
  auto refused = call("GET", "/2015-03-31/functions");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.member("Reason"), "CallerRateLimitExceeded");
}

TEST_F(LambdaRealism, LogsComeLateAndWhole) {
  options.realism->create_time = std::chrono::milliseconds(1);
  options.realism->native_cold_start = std::chrono::milliseconds(1);
  options.realism->least_log_delay = std::chrono::milliseconds(100);
  options.realism->most_log_delay = std::chrono::milliseconds(200);
  make_function("f");
  EXPECT_EQ(invoke("f", "1").body, "1");
  EXPECT_EQ(logs.all().find("REPORT "), std::string::npos);
  EXPECT_TRUE(run_until([&] { return logs.all().find("REPORT ") != std::string::npos; }));
}

TEST_F(LambdaRealism, NothingOfTheLogIsLostAtTheEnd) {
  options.realism->create_time = std::chrono::milliseconds(1);
  options.realism->native_cold_start = std::chrono::milliseconds(1);
  make_function("f");
  invoke("f", "1");
  run(service->shutdown());
  EXPECT_NE(logs.all().find("REPORT "), std::string::npos);
}

TEST_F(LambdaRealism, InvocationsAreCounted) {
  options.realism->create_time = std::chrono::milliseconds(1);
  options.realism->native_cold_start = std::chrono::milliseconds(1);
  options.realism->calls_per_second_per_environment = 1;
  make_function("f");
  ASSERT_EQ(call("PUT", "/2017-10-31/functions/f/concurrency", R"({"ReservedConcurrentExecutions":1})").status, 200);
  EXPECT_EQ(invoke("f", "1").body, "1");
  auto refused = invoke("f", "1");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.member("Reason"), "ReservedFunctionInvocationRateLimitExceeded");
}

TEST_F(LambdaRealism, ColdStartsTakeTheirTime) {
  options.realism->create_time = std::chrono::milliseconds(1);
  options.realism->native_cold_start = std::chrono::hours(1);
  make_function("f");
  bool answered = false;
  auto wait = [](Lambda& service, Call call, bool& done) -> Task<void> {
    co_await exchange(service, std::move(call));
    done = true;
  };
  asio::co_spawn(io, wait(lambda(), make_call("POST", "/2015-03-31/functions/f/invocations", "1"), answered),
                 asio::detached);
  EXPECT_FALSE(run_until([&] { return answered; }, std::chrono::seconds(1)));
  EXPECT_TRUE(logs.streams.empty());
}

TEST(LateLogs, ComeOutOfOrderAndWhole) {
  Realism realism;
  realism.least_log_delay = std::chrono::milliseconds(0);
  realism.most_log_delay = std::chrono::milliseconds(40);
  realism.log_piece_events = 1;
  asio::io_context io;
  FakeLogs logs;
  LateLogs late(io.get_executor(), logs, realism, 1);
  std::vector<LogEvent> events;
  std::string in_order;
  for (char c = 'a'; c <= 'z'; ++c) {
    events.push_back({SystemTime{}, std::string(1, c)});
    in_order.push_back(c);
  }
  late.put("us-east-1", "g", "s", std::move(events));
  EXPECT_TRUE(logs.all().empty());
  io.run();
  auto seen = logs.all();
  EXPECT_NE(seen, in_order);
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(seen, in_order);
}

}  // namespace
}  // namespace sortie::emulator::lambda
