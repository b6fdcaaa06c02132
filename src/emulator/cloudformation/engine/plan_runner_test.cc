#include "emulator/cloudformation/engine/plan_runner.h"

#include "emulator/cloudformation/engine/engine_test_support.h"
#include "emulator/core/test_support.h"

namespace sortie::emulator::cloudformation {
namespace {

class PlanRunnerTest : public testing::Test {
 protected:
  static Step put(const std::string& name) {
    return {.service = "ssm", .request = ssm_request("PutParameter", {{"Name", name}})};
  }
  /// The reason of the failure, empty for success.
  std::string run(Plan plan) {
    std::string reason = "not ended";
    asio::co_spawn(
        io_,
        [](EngineContext& context, Plan steps, ResourceState& state, std::string& to) -> Task<void> {
          to = co_await run_plan(context, std::make_shared<Call>(), std::move(steps), state);
        }(context_, std::move(plan), state_, reason),
        [](std::exception_ptr error) {
          if (error) std::rethrow_exception(error);
        });
    io_.restart();
    io_.run();
    return reason;
  }
  static Plan plan_of(Step one, Step other) {
    Plan plan;
    plan.push_back(std::move(one));
    plan.push_back(std::move(other));
    return plan;
  }

  asio::io_context io_;
  FakeClock clock_;
  std::unique_ptr<Store> store_ = Store::ephemeral().value();
  testing_support::ScriptedServices services_;
  testing_support::NoObjects objects_;
  EngineContext context_{io_.get_executor(), clock_, *store_, services_, objects_, {}};
  ResourceState state_;
};

TEST_F(PlanRunnerTest, StopsAtTheFirstFailure) {
  services_.fail("ssm PutParameter /a", "too bad");
  const std::string reason = run(plan_of(put("/a"), put("/b")));
  EXPECT_TRUE(reason.starts_with("Resource handler returned message: \"too bad (Service: Ssm, Status Code: 400"))
      << reason;
  EXPECT_EQ(services_.calls, std::vector<std::string>{"ssm PutParameter /a"});
}

TEST_F(PlanRunnerTest, KnowsWhatExistsAfterAFailure) {
  services_.fail("ssm PutParameter /b", "too bad");
  Step first = put("/a");
  first.creates = true;
  run(plan_of(std::move(first), put("/b")));
  EXPECT_TRUE(state_.exists);
  state_ = {};
  services_.fail("ssm PutParameter /a", "too bad");
  Step failing = put("/a");
  failing.creates = true;
  run(plan_of(std::move(failing), put("/b")));
  EXPECT_FALSE(state_.exists);
}

TEST_F(PlanRunnerTest, GoesOnAfterToleratedErrors) {
  services_.fail("ssm PutParameter /a", "too bad");
  Step first = put("/a");
  first.tolerated = {"ValidationException"};
  EXPECT_EQ(run(plan_of(std::move(first), put("/b"))), "");
  EXPECT_EQ(services_.calls.size(), 2U);
}

TEST_F(PlanRunnerTest, RunsWhatAnAnswerAsksForBeforeTheRest) {
  Step first = put("/a");
  first.then = [](const Reply&, ResourceState& state) {
    state.attributes["Seen"] = true;
    Plan more;
    more.push_back(put("/between"));
    return more;
  };
  EXPECT_EQ(run(plan_of(std::move(first), put("/b"))), "");
  EXPECT_EQ(services_.calls,
            (std::vector<std::string>{"ssm PutParameter /a", "ssm PutParameter /between", "ssm PutParameter /b"}));
  EXPECT_TRUE(state_.attributes.contains("Seen"));
}

TEST_F(PlanRunnerTest, FailsWhereAnAnswerIsFoundToBeAFailure) {
  Step first = put("/a");
  first.then = [](const Reply&, ResourceState& state) {
    state.failure = "not what it should be";
    return Plan();
  };
  EXPECT_EQ(run(plan_of(std::move(first), put("/b"))), "not what it should be");
  EXPECT_EQ(state_.failure, "");
}

TEST_F(PlanRunnerTest, PollsUntilThereIsAnAnswer) {
  int polls = 0;
  Step waiting{.service = "lambda"};
  waiting.await_reply = [&polls]() -> std::optional<Reply> {
    if (++polls < 3) return std::nullopt;
    return Reply{.service = "lambda", .body = "answer"};
  };
  waiting.then = [](const Reply& reply, ResourceState& state) {
    state.physical_id = reply.body;
    return Plan();
  };
  EXPECT_EQ(run(plan_of(std::move(waiting), put("/b"))), "");
  EXPECT_EQ(polls, 3);
  EXPECT_EQ(state_.physical_id, "answer");
}

TEST_F(PlanRunnerTest, SendsNothingOnceTheEngineIsStopped) {
  services_.on_call = [&](const std::string&) { context_.stacks.close(); };
  EXPECT_EQ(run(plan_of(put("/a"), put("/b"))), "stopped");
  EXPECT_EQ(services_.calls.size(), 1U);
}

}  // namespace
}  // namespace sortie::emulator::cloudformation
