#include "emulator/cloudformation/engine/stack_update.h"

#include "emulator/cloudformation/engine/engine_test_support.h"

namespace sortie::emulator::cloudformation {
namespace {

using testing_support::parameter;

class StackUpdateTest : public testing_support::EngineTest {};

TEST_F(StackUpdateTest, ReplacesFirstAndDeletesAtTheEnd) {
  Stack& stack = created("s", definition(parameter("A", "/a1", "x") + parameter("B", "/b", "!Ref A")));
  update(stack, definition(parameter("A", "/a2", "x") + parameter("B", "/b", "!Ref A")));
  EXPECT_EQ(stack.status, "UPDATE_COMPLETE");
  EXPECT_EQ(services.calls, (Lines{"ssm PutParameter /a2", "ssm PutParameter /b", "ssm DeleteParameter /a1"}));
  EXPECT_EQ(events(stack),
            (Lines{"s UPDATE_IN_PROGRESS", "A UPDATE_IN_PROGRESS", "A UPDATE_IN_PROGRESS", "A UPDATE_COMPLETE",
                   "B UPDATE_IN_PROGRESS", "B UPDATE_COMPLETE", "s UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
                   "A DELETE_IN_PROGRESS", "A DELETE_COMPLETE", "s UPDATE_COMPLETE"}));
  EXPECT_EQ(stack.find("A")->physical_id, "/a2");
  EXPECT_EQ(stack.find("B")->properties.at("Value"), "/a2");
}

TEST_F(StackUpdateTest, KeepsTheReplacedResourceWhereItsPolicySaysSo) {
  const std::string retain = ", UpdateReplacePolicy: Retain";
  Stack& stack = created("s", definition(parameter("A", "/a1", "x", retain)));
  update(stack, definition(parameter("A", "/a2", "x", retain)));
  EXPECT_EQ(services.calls, Lines{"ssm PutParameter /a2"});
  const auto seen = events(stack);
  EXPECT_EQ(seen[seen.size() - 2], "A DELETE_SKIPPED");
}

TEST_F(StackUpdateTest, LeavesAloneWhatDoesNotChange) {
  Stack& stack = created("s", definition(parameter("A", "/a", "x") + parameter("B", "/b", "x")));
  update(stack, definition(parameter("A", "/a", "x") + parameter("B", "/b", "y")));
  EXPECT_EQ(services.calls, Lines{"ssm PutParameter /b"});
}

TEST_F(StackUpdateTest, AddsAndDrops) {
  Stack& stack = created("s", definition(parameter("A", "/a", "x") + parameter("B", "/b", "!Ref A")));
  update(stack, definition(parameter("C", "/c", "x")));
  EXPECT_EQ(stack.status, "UPDATE_COMPLETE");
  EXPECT_EQ(services.calls, (Lines{"ssm PutParameter /c", "ssm DeleteParameter /b", "ssm DeleteParameter /a"}));
  EXPECT_EQ(stack.resources.size(), 1);
}

TEST_F(StackUpdateTest, RestoresEverythingAfterAFailure) {
  const std::string before = parameter("A", "/a1", "x") + parameter("C", "/c", "old");
  Stack& stack = created("s", definition(before));
  services.fail("ssm PutParameter /f", "too bad");
  update(stack, definition(parameter("A", "/a2", "x") + parameter("C", "/c", "new") + parameter("N", "/n", "x") +
                           parameter("F", "/f", "x", ", DependsOn: [A, C, N]")));
  EXPECT_EQ(stack.status, "UPDATE_ROLLBACK_COMPLETE");
  EXPECT_EQ(services.calls,
            (Lines{"ssm PutParameter /a2", "ssm PutParameter /c", "ssm PutParameter /n", "ssm PutParameter /f",
                   "ssm PutParameter /c", "ssm DeleteParameter /a2", "ssm DeleteParameter /n"}));
  EXPECT_EQ(stack.find("A")->physical_id, "/a1");
  EXPECT_EQ(stack.find("C")->properties.at("Value"), "old");
  EXPECT_EQ(stack.find("N"), nullptr);
  EXPECT_EQ(stack.now.template_body, definition(before).template_body);
  const auto seen = events(stack);
  const auto back = std::ranges::find(seen, "s UPDATE_ROLLBACK_IN_PROGRESS");
  EXPECT_EQ(Lines(back + 1, seen.end()),
            (Lines{"C UPDATE_IN_PROGRESS", "C UPDATE_COMPLETE", "A UPDATE_COMPLETE",
                   "s UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "A DELETE_IN_PROGRESS", "A DELETE_COMPLETE",
                   "N DELETE_IN_PROGRESS", "N DELETE_COMPLETE", "s UPDATE_ROLLBACK_COMPLETE"}));
}

TEST_F(StackUpdateTest, StaysWhereItFailedWithoutRollback) {
  Stack& stack = created("s", definition(parameter("A", "/a", "x")));
  stack.disable_rollback = true;
  services.fail("ssm PutParameter /a", "too bad");
  update(stack, definition(parameter("A", "/a", "y")));
  EXPECT_EQ(stack.status, "UPDATE_FAILED");
  EXPECT_EQ(stack.status_reason, "The following resource(s) failed to update: [A]. ");
  EXPECT_EQ(services.calls, Lines{"ssm PutParameter /a"});
}

TEST_F(StackUpdateTest, NamesWhatCannotBeRestored) {
  Stack& stack = created("s", definition(parameter("A", "/a", "old") + parameter("B", "/b", "x", ", DependsOn: A")));
  services.fail("ssm PutParameter /b", "too bad");
  services.on_call = [&](const std::string& line) {
    if (line != "ssm PutParameter /b") return;
    services.fail("ssm PutParameter /b", "no way back");
    services.fail("ssm PutParameter /a", "no way back");
  };
  update(stack, definition(parameter("A", "/a", "new") + parameter("B", "/b", "y", ", DependsOn: A")));
  EXPECT_EQ(stack.status, "UPDATE_ROLLBACK_FAILED");
  EXPECT_EQ(stack.status_reason, "The following resource(s) failed to update: [B, A]. ");
}

TEST_F(StackUpdateTest, SkipsWhatAContinuedRollbackIsToSkip) {
  Stack& stack = created("s", definition(parameter("A", "/a", "old") + parameter("B", "/b", "x", ", DependsOn: A")));
  services.fail("ssm PutParameter /n", "too bad");
  services.on_call = [&](const std::string& line) {
    if (line == "ssm PutParameter /n") services.fail("ssm PutParameter /a", "no way back");
  };
  update(stack, definition(parameter("A", "/a", "new") + parameter("B", "/b", "x", ", DependsOn: A") +
                           parameter("N", "/n", "x", ", DependsOn: A")));
  EXPECT_EQ(stack.status, "UPDATE_ROLLBACK_FAILED");
  EXPECT_EQ(stack.status_reason, "The following resource(s) failed to update: [A]. ");
  services.take();
  engine->begin_continued_rollback(stack, {"A"}, caller());
  run();
  EXPECT_EQ(stack.status, "UPDATE_ROLLBACK_COMPLETE");
  EXPECT_EQ(services.calls, Lines());
  EXPECT_EQ(stack.find("A")->properties.at("Value"), "old");
}

TEST_F(StackUpdateTest, TriesWhatFailedAgainWhenItsRollbackIsContinued) {
  Stack& stack = created("s", definition(parameter("A", "/a", "old")));
  services.fail("ssm PutParameter /n", "too bad");
  services.on_call = [&](const std::string& line) {
    if (line == "ssm PutParameter /n") services.fail("ssm PutParameter /a", "no way back");
  };
  update(stack, definition(parameter("A", "/a", "new") + parameter("N", "/n", "x", ", DependsOn: A")));
  ASSERT_EQ(stack.status, "UPDATE_ROLLBACK_FAILED");
  services.take();
  engine->begin_continued_rollback(stack, {}, caller());
  run();
  EXPECT_EQ(stack.status, "UPDATE_ROLLBACK_COMPLETE");
  EXPECT_EQ(services.calls, Lines{"ssm PutParameter /a"});
}

TEST_F(StackUpdateTest, IsRolledBackWhenItIsCancelled) {
  Stack& stack = created("s", definition(parameter("A", "/a", "old") + parameter("B", "/b", "x", ", DependsOn: A")));
  services.on_call = [&](const std::string&) { engine->cancel_update(stack); };
  update(stack, definition(parameter("A", "/a", "new") + parameter("B", "/b", "y", ", DependsOn: A")));
  EXPECT_EQ(stack.status, "UPDATE_ROLLBACK_COMPLETE");
  EXPECT_EQ(services.calls, (Lines{"ssm PutParameter /a", "ssm PutParameter /a"}));
}

TEST_F(StackUpdateTest, GivesWayToADeletion) {
  Stack& stack = created("s", definition(parameter("A", "/a", "old")));
  services.on_call = [&](const std::string& line) {
    if (line == "ssm PutParameter /a") engine->begin_delete(stack, {}, caller());
  };
  update(stack, definition(parameter("A", "/a", "new") + parameter("B", "/b", "y", ", DependsOn: A")));
  EXPECT_EQ(stack.status, "DELETE_COMPLETE");
  EXPECT_EQ(services.calls, (Lines{"ssm PutParameter /a", "ssm DeleteParameter /a"}));
}

TEST_F(StackUpdateTest, ChangesNoExportThatIsInUse) {
  const std::string resource = parameter("A", "/a", "x");
  Stack& exporting = created("p", definition(resource, "  O: {Value: one, Export: {Name: shared}}\n"));
  created("q", definition(parameter("B", "/b", "!ImportValue shared")));
  engine->begin_update(exporting, definition(resource, "  O: {Value: two, Export: {Name: shared}}\n"), caller(),
                       std::nullopt);
  run();
  EXPECT_EQ(exporting.status, "UPDATE_ROLLBACK_COMPLETE");
  EXPECT_EQ(exporting.now.outputs.at(0).value, "one");
  update(exporting, definition(resource));
  EXPECT_EQ(exporting.status, "UPDATE_ROLLBACK_COMPLETE");
}

TEST_F(StackUpdateTest, ReplacesANamedResourceInAnotherScopeAlone) {
  const auto stream = [](const std::string& group) {
    return definition("  L: {Type: AWS::Logs::LogStream, Properties: {LogStreamName: l, LogGroupName: " + group +
                      "}}\n");
  };
  Stack& stack = created("s", stream("g"));
  update(stack, stream("h"));
  EXPECT_EQ(stack.status, "UPDATE_COMPLETE") << stack.status_reason;
  EXPECT_EQ(services.calls, (Lines{"logs CreateLogStream", "logs DeleteLogStream"}));
}

TEST_F(StackUpdateTest, AsksTheStackPolicy) {
  Stack& stack = created("s", definition(parameter("A", "/a", "old")));
  stack.stack_policy =
      R"({"Statement":[{"Effect":"Deny","Action":"Update:*","Principal":"*","Resource":"LogicalResourceId/A"},)"
      R"({"Effect":"Allow","Action":"Update:*","Principal":"*","Resource":"*"}]})";
  update(stack, definition(parameter("A", "/a", "new")));
  EXPECT_EQ(stack.status, "UPDATE_ROLLBACK_COMPLETE");
  EXPECT_EQ(services.calls, Lines());
}

}  // namespace
}  // namespace sortie::emulator::cloudformation
