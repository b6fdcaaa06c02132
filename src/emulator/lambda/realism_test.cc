#include "emulator/lambda/realism.h"

#include <gtest/gtest.h>

#include "emulator/lambda/lambda_fixture.h"
#include "emulator/lambda/rate_limit.h"

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

}  // namespace
}  // namespace sortie::emulator::lambda
