#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "emulator/cloudformation/api/definition.h"
#include "emulator/cloudformation/api/operation.h"
#include "emulator/cloudformation/engine/changes.h"
#include "emulator/cloudformation/stack/stack_policy.h"
#include "emulator/core/protocol.h"

/// Operations that change stacks.
namespace sortie::emulator::cloudformation {
namespace {

constexpr int k_longest_timeout_minutes = 43'200;

std::string stack_id_result(const Stack& stack) {
  wire::XmlWriter xml(false);
  return xml.element("StackId", stack.id).finish();
}

/// States in which an update may begin.
bool is_updatable(const Stack& stack) {
  for (std::string_view status : {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_FAILED"}) {
    if (stack.status == status) return true;
  }
  return false;
}

std::unexpected<AwsError> wrong_state(const Stack& stack, std::string_view verb) {
  return invalid(fmt::format("Stack:{} is in {} state and can not be {}.", stack.id, stack.status, verb));
}

AwsResult<void> read_failure_options(const wire::QueryInput& input, Stack& stack) {
  stack.disable_rollback = input.get_or("DisableRollback", "") == "true";
  if (const auto on_failure = input.get("OnFailure")) {
    if (input.contains("DisableRollback")) return invalid("You cannot specify both DisableRollback and OnFailure.");
    if (*on_failure != "ROLLBACK" && *on_failure != "DELETE" && *on_failure != "DO_NOTHING") {
      return invalid(
          fmt::format("1 validation error detected: Value '{}' at 'onFailure' failed to satisfy constraint: Member "
                      "must satisfy enum value set: [ROLLBACK, DELETE, DO_NOTHING]",
                      *on_failure));
    }
    stack.on_failure = std::string(*on_failure);
    stack.disable_rollback = stack.on_failure == "DO_NOTHING";
  } else if (stack.disable_rollback) {
    stack.on_failure = "DO_NOTHING";
  }
  if (const auto minutes = input.get("TimeoutInMinutes")) {
    const auto [end, error] =
        std::from_chars(minutes->data(), minutes->data() + minutes->size(), stack.timeout_minutes);
    if (error != std::errc() || end != minutes->data() + minutes->size() || stack.timeout_minutes < 1 ||
        stack.timeout_minutes > k_longest_timeout_minutes) {
      return invalid(
          fmt::format("1 validation error detected: Value '{}' at 'timeoutInMinutes' failed to satisfy constraint: "
                      "Member must have value greater than or equal to 1",
                      *minutes));
    }
  }
  return {};
}

AwsResult<std::string> create_stack(Operation& operation) {
  const std::string name = operation.text("StackName");
  RETURN_IF_ERROR(check_name(name, "stackName", false));
  RETURN_IF_ERROR(operation.allow("CreateStack", operation.stack_arn(name, "*")));
  const std::string token = operation.text("ClientRequestToken");
  if (const Stack* there = operation.stacks().find(operation.call.region, name)) {
    if (!token.empty() && there->client_token == token) return stack_id_result(*there);
    return aws_fail(400, "AlreadyExistsException", fmt::format("Stack [{}] already exists", name));
  }
  Stack stack;
  stack.name = name;
  stack.region = operation.call.region;
  stack.id = operation.stack_arn(name, make_request_id());
  stack.created = operation.engine.clock().now();
  stack.client_token = token;
  stack.termination_protection = operation.flag("EnableTerminationProtection");
  stack.stack_policy = operation.documents.stack_policy.value_or("");
  RETURN_IF_ERROR(read_failure_options(operation.input, stack));
  const StackFacts facts = operation.engine.facts_of(stack);
  ASSIGN_OR_RETURN(Reading reading, read_definition(operation, {}, facts, false));
  if (!reading.unprocessed) {
    RETURN_IF_ERROR(
        preview(stack, reading.definition, reading.whole, facts, operation.engine.exports_of(stack.region)));
  }
  ASSIGN_OR_RETURN(Caller caller, operation.allowed_caller(reading.definition.role_arn));
  stack.now = std::move(reading.definition);
  Stack& kept = operation.stacks().add(std::move(stack));
  operation.engine.begin_create(kept, std::move(caller), std::move(reading.unprocessed));
  return stack_id_result(kept);
}

AwsResult<std::string> update_stack(Operation& operation) {
  ASSIGN_OR_RETURN(Stack * stack, operation.allowed_stack("UpdateStack", "Stack [{}] does not exist"));
  const std::string token = operation.text("ClientRequestToken");
  if (!token.empty() && stack->client_token == token) return stack_id_result(*stack);
  if (stack->is_deleted()) return invalid(fmt::format("Stack [{}] does not exist", stack->name));
  if (!is_updatable(*stack)) return wrong_state(*stack, "updated");
  const StackFacts facts = operation.engine.facts_of(*stack);
  ASSIGN_OR_RETURN(Reading reading, read_definition(operation, stack->now, facts, false));
  // With macros that is known later, and the update takes place all the same.
  if (!reading.unprocessed) {
    ASSIGN_OR_RETURN(const Preview changes, preview(*stack, reading.definition, reading.whole, facts,
                                                    operation.engine.exports_of(stack->region)));
    if (changes.empty() && stack->status != "UPDATE_FAILED") return invalid("No updates are to be performed.");
  }
  ASSIGN_OR_RETURN(Caller caller, operation.allowed_caller(reading.definition.role_arn));
  stack->client_token = token;
  stack->disable_rollback = operation.flag("DisableRollback");
  if (operation.documents.stack_policy) stack->stack_policy = *operation.documents.stack_policy;
  stack->update_policy = operation.documents.update_policy.value_or("");
  operation.engine.begin_update(*stack, std::move(reading.definition), std::move(caller),
                                std::move(reading.unprocessed));
  return stack_id_result(*stack);
}

AwsResult<std::string> delete_stack(Operation& operation) {
  const std::string name = operation.text("StackName");
  RETURN_IF_ERROR(check_name(name, "stackName", true));
  Stack* stack = operation.stacks().find(operation.call.region, name);
  const std::string resource = stack != nullptr ? stack->id : operation.stack_arn(name, "*");
  RETURN_IF_ERROR(operation.allow("DeleteStack", resource));
  // A stack that is not there is deleted: AWS answers with success.
  if (stack == nullptr || stack->is_deleted()) return std::string();
  if (stack->termination_protection) {
    return invalid(fmt::format("Stack [{}] cannot be deleted while TerminationProtection is enabled", stack->name));
  }
  if (stack->status == "DELETE_IN_PROGRESS") return std::string();
  std::set<std::string> keep;
  for (const std::string& id : operation.input.list("RetainResources")) {
    const Resource* kept = stack->find(id);
    if (stack->status != "DELETE_FAILED") {
      return invalid(
          fmt::format("Invalid operation on stack [{}]. When deleting a stack, you can only retain resources if the "
                      "stack is in the DELETE_FAILED state.",
                      stack->id));
    }
    if (kept == nullptr)
      return invalid(
          fmt::format("The specified resources to retain must be in a valid state. Do not "
                      "specify resources that are in the DELETE_COMPLETE state. [{}]",
                      id));
    keep.insert(id);
  }
  const std::string role = operation.input.contains("RoleARN") ? operation.text("RoleARN") : stack->now.role_arn;
  ASSIGN_OR_RETURN(Caller caller, operation.allowed_caller(role));
  stack->client_token = operation.text("ClientRequestToken");
  operation.engine.begin_delete(*stack, std::move(keep), std::move(caller));
  return std::string();
}

AwsResult<std::string> cancel_update_stack(Operation& operation) {
  ASSIGN_OR_RETURN(Stack * stack, operation.allowed_stack("CancelUpdateStack", "Stack [{}] does not exist"));
  if (stack->status != "UPDATE_IN_PROGRESS") {
    return invalid(fmt::format("CancelUpdateStack cannot be called from current stack status"));
  }
  operation.engine.cancel_update(*stack);
  return std::string();
}

AwsResult<std::string> continue_update_rollback(Operation& operation) {
  ASSIGN_OR_RETURN(Stack * stack, operation.allowed_stack("ContinueUpdateRollback", "Stack [{}] does not exist"));
  if (stack->status != "UPDATE_ROLLBACK_FAILED") {
    return invalid(fmt::format("Stack:{} is in {} state and can not continue rollback.", stack->id, stack->status));
  }
  std::set<std::string> skip;
  for (const std::string& id : operation.input.list("ResourcesToSkip")) {
    if (stack->find(id) == nullptr)
      return invalid(fmt::format("Resource {} does not exist in stack {}", id, stack->name));
    skip.insert(id);
  }
  const std::string role = operation.input.contains("RoleARN") ? operation.text("RoleARN") : stack->now.role_arn;
  ASSIGN_OR_RETURN(Caller caller, operation.allowed_caller(role));
  stack->client_token = operation.text("ClientRequestToken");
  operation.engine.begin_continued_rollback(*stack, std::move(skip), std::move(caller));
  return "\n";
}

AwsResult<std::string> update_termination_protection(Operation& operation) {
  ASSIGN_OR_RETURN(Stack * stack, operation.allowed_stack("UpdateTerminationProtection", "Stack [{}] does not exist"));
  if (stack->is_deleted()) return invalid(fmt::format("Stack [{}] does not exist", stack->name));
  stack->termination_protection = operation.flag("EnableTerminationProtection");
  operation.stacks().save(*stack);
  return stack_id_result(*stack);
}

AwsResult<std::string> set_stack_policy(Operation& operation) {
  ASSIGN_OR_RETURN(Stack * stack, operation.allowed_stack("SetStackPolicy", "Stack [{}] does not exist"));
  if (!operation.documents.stack_policy) return invalid("Either StackPolicyURL or StackPolicyBody must be specified.");
  stack->stack_policy = *operation.documents.stack_policy;
  operation.stacks().save(*stack);
  return std::string();
}

AwsResult<std::string> get_stack_policy(Operation& operation) {
  ASSIGN_OR_RETURN(const Stack* stack, operation.allowed_stack("GetStackPolicy", "Stack [{}] does not exist"));
  wire::XmlWriter xml(false);
  if (stack->stack_policy.empty()) return "\n";
  return xml.element("StackPolicyBody", stack->stack_policy).finish();
}

constexpr Row k_operations[] = {
    {"CreateStack", create_stack, {}, "notifications, rollback triggers"},
    {"UpdateStack", update_stack, {}, "notifications, rollback triggers"},
    {"DeleteStack", delete_stack, {}, "forced deletion"},
    {"CancelUpdateStack", cancel_update_stack},
    {"ContinueUpdateRollback", continue_update_rollback},
    {"UpdateTerminationProtection", update_termination_protection},
    {"SetStackPolicy", set_stack_policy},
    {"GetStackPolicy", get_stack_policy},
};

}  // namespace

std::span<const Row> stack_operations() {
  return k_operations;
}

}  // namespace sortie::emulator::cloudformation
