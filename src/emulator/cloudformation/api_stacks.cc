#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "emulator/cloudformation/changes.h"
#include "emulator/cloudformation/service.h"
#include "emulator/cloudformation/stack_policy.h"
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

}  // namespace

Service::Answer Service::create_stack(const Request& request) {
  const std::string name = request.text("StackName");
  RETURN_IF_ERROR(check_name(name, "stackName", false));
  RETURN_IF_ERROR(authorize(request.call, "CreateStack", stack_arn(request.call, name, "*")));
  const std::string token = request.text("ClientRequestToken");
  if (const Stack* there = stacks_.find(request.call.region, name)) {
    if (!token.empty() && there->client_token == token) return stack_id_result(*there);
    return aws_fail(400, "AlreadyExistsException", fmt::format("Stack [{}] already exists", name));
  }
  Stack stack;
  stack.name = name;
  stack.region = request.call.region;
  stack.id = stack_arn(request.call, name, make_request_id());
  stack.created = engine_->clock().now();
  stack.client_token = token;
  stack.termination_protection = request.flag("EnableTerminationProtection");
  stack.stack_policy = request.stack_policy.value_or("");
  RETURN_IF_ERROR(read_failure_options(request.input, stack));
  const StackFacts facts = engine_->facts_of(stack);
  ASSIGN_OR_RETURN(Reading reading, read_definition(request, {}, facts, false));
  if (!reading.unprocessed) {
    RETURN_IF_ERROR(preview(stack, reading.definition, reading.whole, facts, engine_->exports_of(stack.region)));
  }
  ASSIGN_OR_RETURN(Caller caller, allowed_caller(request, reading.definition.role_arn));
  stack.now = std::move(reading.definition);
  Stack& kept = stacks_.add(std::move(stack));
  engine_->begin_create(kept, std::move(caller), std::move(reading.unprocessed));
  return stack_id_result(kept);
}

Service::Answer Service::update_stack(const Request& request) {
  ASSIGN_OR_RETURN(Stack * stack, allowed_stack(request, "UpdateStack", "Stack [{}] does not exist"));
  const std::string token = request.text("ClientRequestToken");
  if (!token.empty() && stack->client_token == token) return stack_id_result(*stack);
  if (stack->is_deleted()) return invalid(fmt::format("Stack [{}] does not exist", stack->name));
  if (!is_updatable(*stack)) return wrong_state(*stack, "updated");
  const StackFacts facts = engine_->facts_of(*stack);
  ASSIGN_OR_RETURN(Reading reading, read_definition(request, stack->now, facts, false));
  // With macros that is known later, and the update takes place all the same.
  if (!reading.unprocessed) {
    ASSIGN_OR_RETURN(const Preview changes,
                     preview(*stack, reading.definition, reading.whole, facts, engine_->exports_of(stack->region)));
    if (changes.empty() && stack->status != "UPDATE_FAILED") return invalid("No updates are to be performed.");
  }
  ASSIGN_OR_RETURN(Caller caller, allowed_caller(request, reading.definition.role_arn));
  stack->client_token = token;
  stack->disable_rollback = request.flag("DisableRollback");
  if (request.stack_policy) stack->stack_policy = *request.stack_policy;
  stack->update_policy = request.update_policy.value_or("");
  engine_->begin_update(*stack, std::move(reading.definition), std::move(caller), std::move(reading.unprocessed));
  return stack_id_result(*stack);
}

Service::Answer Service::delete_stack(const Request& request) {
  const std::string name = request.text("StackName");
  RETURN_IF_ERROR(check_name(name, "stackName", true));
  Stack* stack = stacks_.find(request.call.region, name);
  const std::string resource = stack != nullptr ? stack->id : stack_arn(request.call, name, "*");
  RETURN_IF_ERROR(authorize(request.call, "DeleteStack", resource));
  // A stack that is not there is deleted: AWS answers with success.
  if (stack == nullptr || stack->is_deleted()) return std::string();
  if (stack->termination_protection) {
    return invalid(fmt::format("Stack [{}] cannot be deleted while TerminationProtection is enabled", stack->name));
  }
  if (stack->status == "DELETE_IN_PROGRESS") return std::string();
  std::set<std::string> keep;
  for (const std::string& id : request.input.list("RetainResources")) {
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
  const std::string role = request.input.contains("RoleARN") ? request.text("RoleARN") : stack->now.role_arn;
  ASSIGN_OR_RETURN(Caller caller, allowed_caller(request, role));
  stack->client_token = request.text("ClientRequestToken");
  engine_->begin_delete(*stack, std::move(keep), std::move(caller));
  return std::string();
}

Service::Answer Service::cancel_update_stack(const Request& request) {
  ASSIGN_OR_RETURN(Stack * stack, allowed_stack(request, "CancelUpdateStack", "Stack [{}] does not exist"));
  if (stack->status != "UPDATE_IN_PROGRESS") {
    return invalid(fmt::format("CancelUpdateStack cannot be called from current stack status"));
  }
  engine_->cancel_update(*stack);
  return std::string();
}

Service::Answer Service::continue_update_rollback(const Request& request) {
  ASSIGN_OR_RETURN(Stack * stack, allowed_stack(request, "ContinueUpdateRollback", "Stack [{}] does not exist"));
  if (stack->status != "UPDATE_ROLLBACK_FAILED") {
    return invalid(fmt::format("Stack:{} is in {} state and can not continue rollback.", stack->id, stack->status));
  }
  std::set<std::string> skip;
  for (const std::string& id : request.input.list("ResourcesToSkip")) {
    if (stack->find(id) == nullptr)
      return invalid(fmt::format("Resource {} does not exist in stack {}", id, stack->name));
    skip.insert(id);
  }
  const std::string role = request.input.contains("RoleARN") ? request.text("RoleARN") : stack->now.role_arn;
  ASSIGN_OR_RETURN(Caller caller, allowed_caller(request, role));
  stack->client_token = request.text("ClientRequestToken");
  engine_->begin_continued_rollback(*stack, std::move(skip), std::move(caller));
  return "\n";
}

Service::Answer Service::update_termination_protection(const Request& request) {
  ASSIGN_OR_RETURN(Stack * stack, allowed_stack(request, "UpdateTerminationProtection", "Stack [{}] does not exist"));
  if (stack->is_deleted()) return invalid(fmt::format("Stack [{}] does not exist", stack->name));
  stack->termination_protection = request.flag("EnableTerminationProtection");
  stacks_.save(*stack);
  return stack_id_result(*stack);
}

Service::Answer Service::set_stack_policy(const Request& request) {
  ASSIGN_OR_RETURN(Stack * stack, allowed_stack(request, "SetStackPolicy", "Stack [{}] does not exist"));
  if (!request.stack_policy) return invalid("Either StackPolicyURL or StackPolicyBody must be specified.");
  stack->stack_policy = *request.stack_policy;
  stacks_.save(*stack);
  return std::string();
}

Service::Answer Service::get_stack_policy(const Request& request) {
  ASSIGN_OR_RETURN(const Stack* stack, allowed_stack(request, "GetStackPolicy", "Stack [{}] does not exist"));
  wire::XmlWriter xml(false);
  if (stack->stack_policy.empty()) return "\n";
  return xml.element("StackPolicyBody", stack->stack_policy).finish();
}

}  // namespace sortie::emulator::cloudformation
