#include "emulator/cloudformation/engine/engine.h"

#include "emulator/cloudformation/engine/engine_test_support.h"

/// Creation and deletion; stack_update_test.cc has the updates.
namespace sortie::emulator::cloudformation {
namespace {

using testing_support::parameter;

class EngineTest : public testing_support::EngineTest {};

TEST_F(EngineTest, CreatesEachResourceAfterWhatItDependsOn) {
  Stack& stack = add("s", definition(parameter("B", "/b", "!Ref A") + parameter("A", "/a", "x")));
  engine->begin_create(stack, caller(), std::nullopt);
  EXPECT_EQ(stack.status, "CREATE_IN_PROGRESS");
  run();
  EXPECT_EQ(stack.status, "CREATE_COMPLETE");
  EXPECT_EQ(services.calls, (Lines{"ssm PutParameter /a", "ssm PutParameter /b"}));
  EXPECT_EQ(events(stack),
            (Lines{"s CREATE_IN_PROGRESS", "A CREATE_IN_PROGRESS", "A CREATE_IN_PROGRESS", "A CREATE_COMPLETE",
                   "B CREATE_IN_PROGRESS", "B CREATE_IN_PROGRESS", "B CREATE_COMPLETE", "s CREATE_COMPLETE"}));
  EXPECT_EQ(stack.find("B")->properties.at("Value"), "/a");
}

TEST_F(EngineTest, RollsAFailedCreationBackInReverse) {
  services.fail("ssm PutParameter /c", "too bad");
  Stack& stack = add("s", definition(parameter("A", "/a", "x") + parameter("B", "/b", "!Ref A") +
                                     parameter("C", "/c", "!Ref B") + parameter("D", "/d", "!Ref C")));
  engine->begin_create(stack, caller(), std::nullopt);
  run();
  EXPECT_EQ(services.calls, (Lines{"ssm PutParameter /a", "ssm PutParameter /b", "ssm PutParameter /c",
                                   "ssm DeleteParameter /b", "ssm DeleteParameter /a"}));
  const auto seen = events(stack);
  EXPECT_EQ(Lines(seen.begin() + 9, seen.end()),
            (Lines{"C CREATE_FAILED", "s ROLLBACK_IN_PROGRESS", "C DELETE_COMPLETE", "B DELETE_IN_PROGRESS",
                   "B DELETE_COMPLETE", "A DELETE_IN_PROGRESS", "A DELETE_COMPLETE", "s ROLLBACK_COMPLETE"}));
  EXPECT_EQ(stack.find("D"), nullptr);
}

TEST_F(EngineTest, SaysWhichResourceFailedAndWhy) {
  services.fail("ssm PutParameter /a", "too bad");
  Stack& stack = add("s", definition(parameter("A", "/a", "x")));
  stack.on_failure = "DO_NOTHING";
  engine->begin_create(stack, caller(), std::nullopt);
  run();
  EXPECT_EQ(stack.status, "CREATE_FAILED");
  EXPECT_EQ(stack.status_reason, "The following resource(s) failed to create: [A]. ");
  EXPECT_NE(stack.find("A")->status_reason.find("too bad"), std::string::npos);
  EXPECT_EQ(services.calls, Lines{"ssm PutParameter /a"});
}

TEST_F(EngineTest, DeletesAFailedStackWhereThatIsWanted) {
  services.fail("ssm PutParameter /b", "too bad");
  Stack& stack = add("s", definition(parameter("A", "/a", "x") + parameter("B", "/b", "!Ref A")));
  stack.on_failure = "DELETE";
  engine->begin_create(stack, caller(), std::nullopt);
  run();
  EXPECT_EQ(stack.status, "DELETE_COMPLETE");
  EXPECT_EQ(services.calls.back(), "ssm DeleteParameter /a");
}

TEST_F(EngineTest, LeavesARollbackThatFailsAsItIs) {
  services.fail("ssm PutParameter /b", "too bad");
  services.fail("ssm DeleteParameter /a", "stays");
  Stack& stack = add("s", definition(parameter("A", "/a", "x") + parameter("B", "/b", "!Ref A")));
  engine->begin_create(stack, caller(), std::nullopt);
  run();
  EXPECT_EQ(stack.status, "ROLLBACK_FAILED");
  EXPECT_EQ(stack.status_reason, "The following resource(s) failed to delete: [A]. ");
  EXPECT_TRUE(stack.find("A")->exists);
}

TEST_F(EngineTest, EndsACreationThatTakesTooLong) {
  services.on_call = [&](const std::string&) { clock.advance(std::chrono::minutes(2)); };
  Stack& stack = add("s", definition(parameter("A", "/a", "x") + parameter("B", "/b", "!Ref A")));
  stack.timeout_minutes = 1;
  engine->begin_create(stack, caller(), std::nullopt);
  run();
  EXPECT_EQ(stack.status, "ROLLBACK_COMPLETE");
  EXPECT_EQ(services.calls, (Lines{"ssm PutParameter /a", "ssm DeleteParameter /a"}));
}

TEST_F(EngineTest, DeletesInReverseAndKeepsWhatIsRetained) {
  Stack& stack = created("s", definition(parameter("A", "/a", "x") + parameter("B", "/b", "!Ref A") +
                                         parameter("K", "/k", "x", ", DeletionPolicy: Retain")));
  remove(stack);
  EXPECT_EQ(stack.status, "DELETE_COMPLETE");
  EXPECT_EQ(services.calls, (Lines{"ssm DeleteParameter /b", "ssm DeleteParameter /a"}));
  EXPECT_EQ(stack.find("K")->status, "DELETE_SKIPPED");
}

TEST_F(EngineTest, KeepsWhatAnUndeletableResourceDependsOn) {
  Stack& stack = created("s", definition(parameter("A", "/a", "x") + parameter("B", "/b", "!Ref A")));
  services.fail("ssm DeleteParameter /b", "no");
  remove(stack);
  EXPECT_EQ(stack.status, "DELETE_FAILED");
  EXPECT_EQ(stack.status_reason, "The following resource(s) failed to delete: [B]. ");
  EXPECT_EQ(services.take(), Lines{"ssm DeleteParameter /b"});
  remove(stack, {"B"});
  EXPECT_EQ(stack.status, "DELETE_COMPLETE");
  EXPECT_EQ(services.calls, Lines{"ssm DeleteParameter /a"});
}

TEST_F(EngineTest, RetainsExceptOnCreate) {
  const std::string kept = parameter("K", "/k", "x", ", DeletionPolicy: RetainExceptOnCreate");
  services.fail("ssm PutParameter /b", "too bad");
  Stack& failed = add("f", definition(kept + parameter("B", "/b", "!Ref K")));
  engine->begin_create(failed, caller(), std::nullopt);
  run();
  EXPECT_EQ(services.take().back(), "ssm DeleteParameter /k");
  Stack& stack = created("s", definition(kept));
  remove(stack);
  EXPECT_EQ(services.calls, Lines());
}

TEST_F(EngineTest, DeletesAStackWhoseCreationRuns) {
  Stack& stack = add("s", definition(parameter("A", "/a", "x") + parameter("B", "/b", "!Ref A")));
  services.on_call = [&](const std::string& line) {
    if (line == "ssm PutParameter /a") engine->begin_delete(stack, {}, caller());
  };
  engine->begin_create(stack, caller(), std::nullopt);
  run();
  EXPECT_EQ(stack.status, "DELETE_COMPLETE");
  EXPECT_EQ(services.calls, (Lines{"ssm PutParameter /a", "ssm DeleteParameter /a"}));
}

TEST_F(EngineTest, KeepsAStackWhoseExportIsInUse) {
  Stack& exporting =
      created("p", definition(parameter("A", "/a", "x"), "  O: {Value: !Ref A, Export: {Name: shared}}\n"));
  Stack& importing = created("q", definition(parameter("B", "/b", "!ImportValue shared")));
  EXPECT_EQ(importing.find("B")->properties.at("Value"), "/a");
  remove(exporting);
  EXPECT_EQ(exporting.status, "DELETE_FAILED");
  EXPECT_EQ(exporting.status_reason, "Delete canceled. Cannot delete export shared as it is in use by q.");
  EXPECT_EQ(services.take(), Lines());
  remove(importing);
  remove(exporting);
  EXPECT_EQ(exporting.status, "DELETE_COMPLETE");
}

TEST_F(EngineTest, TouchesNothingForAnExportThatIsNotThere) {
  Stack& stack = add("s", definition(parameter("A", "/a", "x") + parameter("B", "/b", "!ImportValue shared")));
  engine->begin_create(stack, caller(), std::nullopt);
  run();
  EXPECT_EQ(stack.status, "ROLLBACK_COMPLETE");
  EXPECT_EQ(services.calls, Lines());
}

TEST_F(EngineTest, RefusesAnExportThatAnotherStackHas) {
  const std::string output = "  O: {Value: v, Export: {Name: shared}}\n";
  created("p", definition(parameter("A", "/a", "x"), output));
  Stack& second = add("q", definition(parameter("B", "/b", "x"), output));
  engine->begin_create(second, caller(), std::nullopt);
  run();
  EXPECT_EQ(second.status, "ROLLBACK_COMPLETE");
  EXPECT_EQ(services.calls, (Lines{"ssm PutParameter /b", "ssm DeleteParameter /b"}));
}

TEST_F(EngineTest, LeavesOutWhatItsConditionLeavesOut) {
  Definition what = definition(parameter("A", "/a", "x", ", Condition: Never") + parameter("B", "/b", "x"));
  what.template_body += "Conditions: {Never: !Equals [a, b]}\n";
  created("s", what);
  EXPECT_EQ(engine->stacks().find(k_region, "s")->resources.size(), 1);
}

TEST_F(EngineTest, StopsBetweenTwoRequests) {
  Stack& stack = add("s", definition(parameter("A", "/a", "x") + parameter("B", "/b", "!Ref A")));
  services.on_call = [&](const std::string&) { engine->abandon(); };
  engine->begin_create(stack, caller(), std::nullopt);
  run();
  EXPECT_EQ(services.calls, Lines{"ssm PutParameter /a"});
  // A later process finds what had begun.
  const auto later = std::make_shared<Engine>(io.get_executor(), clock, *store, identities, services, objects,
                                              CloudFormationOptions{.account = "111111111111"});
  const Stack* found = later->stacks().find(k_region, "s");
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->status, "CREATE_FAILED");
  EXPECT_EQ(found->find("A")->status, "CREATE_FAILED");
  EXPECT_EQ(found->find("A")->status_reason, "The embedded AWS was stopped while this was in progress.");
}

}  // namespace
}  // namespace sortie::emulator::cloudformation
