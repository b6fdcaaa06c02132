#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "emulator/cloudformation/changes.h"
#include "emulator/cloudformation/engine_work.h"
#include "emulator/cloudformation/references.h"
#include "emulator/cloudformation/stack_policy.h"
#include "emulator/cloudformation/values.h"

/// Updates, their rollback, and what is cleaned up after both.
namespace sortie::emulator::cloudformation {

namespace json = boost::json;

namespace {

constexpr std::string_view k_replacement_reason =
    "Requested update requires the creation of a new physical resource; hence creating one.";

}  // namespace

void Engine::begin_update(Stack& stack, Definition next, Caller caller, std::optional<Unprocessed> unprocessed) {
  stack.before = Stack::Before{stack.now, {}, {}};
  next.outputs = stack.now.outputs;
  next.imports = stack.now.imports;
  stack.now = std::move(next);
  stack.updated = clock_.now();
  note_stack(stack, "UPDATE_IN_PROGRESS", "User Initiated");
  start(stack.id, [this, &stack, caller = std::move(caller), unprocessed = std::move(unprocessed)] {
    return update(stack, caller, unprocessed);
  });
}

void Engine::cancel_update(Stack& stack) {
  if (const auto control = running_.find(stack.id); control != running_.end()) control->second.cancelled = true;
}

/// Gives the reason of a failure, empty for success or when the stack is to be deleted.
Task<std::string> Engine::run_update(Stack& stack, Caller caller) {
  auto prepared = prepare(stack, caller);
  if (!prepared) co_return prepared.error().message;
  Work& work = **prepared;
  const bool done = co_await update_resources(work);
  if (stacks_.closed() || running_[stack.id].then_delete) co_return std::string();
  std::string reason = work.reason();
  if (done && reason.empty()) reason = set_outputs(work);
  if (!done && reason.empty()) reason = "User Initiated";
  if (done && reason.empty()) drop_unwanted(work);
  co_return reason;
}

Task<void> Engine::update(Stack& stack, Caller caller, std::optional<Unprocessed> unprocessed) {
  std::string reason;
  if (unprocessed) reason = co_await process_stack(stack, caller, std::move(*unprocessed));
  if (stacks_.closed()) co_return;
  if (reason.empty()) reason = cancelled(stack) ? "User Initiated" : co_await run_update(stack, caller);
  if (stacks_.closed() || running_[stack.id].then_delete) co_return;
  stack.update_policy.clear();
  running_[stack.id].cancelled = false;  // the way back is not given up
  if (!reason.empty() && stack.disable_rollback) {
    stack.before.reset();
    note_stack(stack, "UPDATE_FAILED", reason);
  } else if (!reason.empty()) {
    co_await roll_back_update(stack, std::move(reason), {}, caller);
  } else {
    stack.before.reset();
    note_stack(stack, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS");
    co_await clean_up(stack, caller);
    if (stacks_.closed()) co_return;
    note_stack(stack, "UPDATE_COMPLETE");
  }
}

/// False when it was cut short: by a failure, which `work` tells, or from outside.
Task<bool> Engine::update_resources(Work& work) {
  Stack& stack = work.stack;
  for (const std::string& id : creation_order(work.whole)) {
    const ResourceDeclaration& declaration = *work.whole.find_resource(id);
    if (!work.evaluator->condition(declaration.condition)) continue;
    if (cancelled(stack)) co_return false;
    Resource* resource = stack.find(id);
    bool done = false;
    if (resource == nullptr || !resource->exists) {
      stack.before->added.push_back(id);
      stacks_.save(stack);
      done = co_await create_resource(work, declaration);
    } else {
      done = co_await update_resource(work, declaration, *resource);
    }
    if (!done) co_return false;
  }
  for (Resource& resource : stack.resources) {
    const ResourceDeclaration* declaration = work.whole.find_resource(resource.logical_id);
    const bool wanted = declaration != nullptr && work.evaluator->condition(declaration->condition);
    if (wanted || !resource.exists) continue;
    const std::string denial = denied_by_stack_policy(stack, resource, "Update:Delete");
    if (!denial.empty()) co_return fail_resource(work, resource, "UPDATE_FAILED", denial);
  }
  co_return !cancelled(stack);
}

Task<bool> Engine::update_resource(Work& work, const ResourceDeclaration& declaration, Resource& resource) {
  Stack& stack = work.stack;
  const ResourceType& type = *find_resource_type(resource.type);
  const auto shown = evaluate_properties(work, declaration);
  // What is stored elsewhere may have changed: that alone is no reason for an update.
  const auto wanted = shown ? find_dynamic_references(*shown) : std::vector<std::string>();
  auto references = resource.references;
  const bool known = std::ranges::all_of(wanted, [&](const std::string& one) { return references.contains(one); });
  AwsResult<Properties> properties = shown;
  if (shown && known) {
    properties = shape(work, declaration, *shown, references);
  } else if (shown) {
    properties = co_await resolve(work, declaration, *shown, references);
  }
  if (stacks_.closed()) co_return false;
  const auto metadata = work.evaluator->evaluate(declaration.metadata);
  const Resource before = resource;
  if (metadata && metadata->is_object()) resource.metadata = metadata->get_object();
  resource.deletion_policy = declaration.deletion_policy;
  resource.update_replace_policy = declaration.update_replace_policy;
  resource.depends_on = dependencies_of(work.whole, declaration);
  auto changed = properties ? changed_properties(resource.properties, *properties) : std::vector<std::string>();
  if (properties && changed.empty()) {
    const bool told = !same_value(before.metadata, resource.metadata) || policies_differ(before, declaration);
    if (told) stack.before->resources.push_back(before);
    stacks_.save(stack);
    stacks_.save(stack, resource);
    if (told) note(stack, resource, "UPDATE_COMPLETE");
    co_return true;
  }
  stack.before->resources.push_back(before);
  stacks_.save(stack);
  if (properties && known && !wanted.empty()) {
    properties = co_await resolve(work, declaration, *shown, references);
    if (stacks_.closed()) co_return false;
    changed = properties ? changed_properties(resource.properties, *properties) : std::vector<std::string>();
  }
  resource.references = std::move(references);
  const bool replaces = properties && needs_replacement(type, changed);
  if (const std::string denial = denied_by_stack_policy(stack, resource, replaces ? "Update:Replace" : "Update:Modify");
      !denial.empty()) {
    co_return fail_resource(work, resource, "UPDATE_FAILED", denial);
  }
  if (replaces) co_return co_await replace_resource(work, declaration, resource, std::move(*properties));
  note(stack, resource, "UPDATE_IN_PROGRESS");
  if (!properties) co_return fail_resource(work, resource, "UPDATE_FAILED", properties.error().message);
  Made made{.physical_id = resource.physical_id, .attributes = resource.attributes};
  auto plan = type.update(owner_of(stack, resource), before.properties, *properties, made);
  // From here on the new ones are what a rollback comes from, whether all of them took effect or not.
  // Written before the requests: one of them may be all that a killed process still did.
  resource.properties = std::move(*properties);
  stacks_.save(stack, resource);
  if (!plan) co_return fail_resource(work, resource, "UPDATE_FAILED", plan.error().message);
  const std::string failure = co_await run_plan(work.caller, std::move(*plan), made);
  if (stacks_.closed()) co_return false;
  resource.attributes = made.attributes;
  if (failure.empty() && made.physical_id != before.physical_id) {
    // A custom resource that answered with another name has been replaced: the old one is deleted at the end.
    stack.cleanup.push_back(before);
    stacks_.save(stack);
    resource.physical_id = made.physical_id;
  }
  if (!failure.empty()) co_return fail_resource(work, resource, "UPDATE_FAILED", failure);
  note(stack, resource, "UPDATE_COMPLETE");
  co_return true;
}

Task<bool> Engine::replace_resource(Work& work, const ResourceDeclaration& /*declaration*/, Resource& resource,
                                    Properties properties) {
  Stack& stack = work.stack;
  const ResourceType& type = *find_resource_type(resource.type);
  const bool named = !type.name_property.empty() && properties.contains(type.name_property);
  const bool elsewhere = !type.scope_property.empty() && differs(resource.properties, properties, type.scope_property);
  if (named && !elsewhere && !differs(resource.properties, properties, type.name_property)) {
    co_return fail_resource(
        work, resource, "UPDATE_FAILED",
        fmt::format("CloudFormation cannot update a stack when a custom-named resource requires replacing. "
                    "Rename {} and update the stack again.",
                    resource.physical_id));
  }
  note(stack, resource, "UPDATE_IN_PROGRESS", std::string(k_replacement_reason));
  stack.cleanup.push_back(stack.before->resources.back());
  stacks_.save(stack);
  resource.properties = std::move(properties);
  resource.physical_id.clear();
  resource.attributes.clear();
  resource.exists = false;
  co_return co_await make_resource(work, resource, "UPDATE_IN_PROGRESS", "Resource creation Initiated");
}

/// What the new template does not have goes to the clean-up, in the order of its deletion.
void Engine::drop_unwanted(Work& work) {
  Stack& stack = work.stack;
  std::vector<Resource> dropped;
  for (const std::string& id : deletion_order(stack.resources)) {
    const ResourceDeclaration* declaration = work.whole.find_resource(id);
    if (declaration != nullptr && work.evaluator->condition(declaration->condition)) continue;
    const Resource* resource = stack.find(id);
    if (resource->exists) dropped.push_back(*resource);
    stacks_.erase(stack, id);
    stack.resources.erase(stack.resources.begin() + (resource - stack.resources.data()));
  }
  // Replaced ones were noted in the order of creation.
  std::ranges::reverse(stack.cleanup);
  dropped.insert(dropped.end(), stack.cleanup.begin(), stack.cleanup.end());
  stack.cleanup = std::move(dropped);
}

/// Deletes what is not wanted any more. A failure is told and does not stop anything, as on AWS.
Task<void> Engine::clean_up(Stack& stack, Caller caller) {
  while (!stack.cleanup.empty()) {
    Resource resource = stack.cleanup.front();
    const bool replaced = stack.find(resource.logical_id) != nullptr;
    const std::string& policy = replaced ? resource.update_replace_policy : resource.deletion_policy;
    if (policy.starts_with("Retain")) {
      resource.status = "DELETE_SKIPPED";
    } else {
      resource.status = "DELETE_IN_PROGRESS";
      resource.status_reason.clear();
      note_event(stack, resource);
      resource.status_reason = co_await delete_one(stack, caller, resource);
      if (stacks_.closed()) co_return;
      resource.status = resource.status_reason.empty() ? "DELETE_COMPLETE" : "DELETE_FAILED";
    }
    note_event(stack, resource);
    stack.cleanup.erase(stack.cleanup.begin());
    stacks_.save(stack);
  }
}

// The way back

void Engine::begin_continued_rollback(Stack& stack, std::set<std::string> skip, Caller caller) {
  start(stack.id, [this, &stack, skip = std::move(skip), caller = std::move(caller)] {
    return roll_back_update(stack, "User Initiated", skip, caller);
  });
}

Task<void> Engine::roll_back_update(Stack& stack, std::string reason, std::set<std::string> skip, Caller caller) {
  note_stack(stack, "UPDATE_ROLLBACK_IN_PROGRESS", std::move(reason));
  if (!stack.before) stack.before.emplace();
  std::vector<std::string> failed;
  std::vector<Resource> left;
  std::vector<Resource> changed = stack.before->resources;
  std::ranges::reverse(changed);
  for (Resource& before : changed) {
    if (stacks_.closed()) co_return;
    if (skip.contains(before.logical_id)) {
      Resource& resource = *stack.find(before.logical_id);
      resource = before;
      note(stack, resource, "UPDATE_COMPLETE");
    } else if (!co_await restore(stack, before, caller)) {
      failed.push_back(before.logical_id);
      left.insert(left.begin(), std::move(before));
    }
  }
  if (stacks_.closed()) co_return;
  if (!failed.empty()) {
    stack.before->resources = std::move(left);
    note_stack(stack, "UPDATE_ROLLBACK_FAILED", failed_resources("update", failed));
    co_return;
  }
  for (auto id = stack.before->added.rbegin(); id != stack.before->added.rend(); ++id) {
    const Resource* resource = stack.find(*id);
    if (resource == nullptr) continue;
    Resource gone = *resource;
    gone.deletion_policy = gone.deletion_policy == "Retain" ? "Retain" : "Delete";
    if (gone.exists) stack.cleanup.push_back(std::move(gone));
    stacks_.erase(stack, *id);
    stack.resources.erase(stack.resources.begin() + (resource - stack.resources.data()));
  }
  if (!stack.before->definition.template_body.empty()) stack.now = stack.before->definition;
  stack.before.reset();
  note_stack(stack, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS");
  co_await clean_up(stack, caller);
  if (stacks_.closed()) co_return;
  note_stack(stack, "UPDATE_ROLLBACK_COMPLETE");
}

/// Brings one resource back to what it was before the update.
Task<bool> Engine::restore(Stack& stack, Resource before, Caller caller) {
  Resource& resource = *stack.find(before.logical_id);
  const auto old = std::ranges::find(stack.cleanup, before.physical_id, &Resource::physical_id);
  if (old != stack.cleanup.end() && old->logical_id == before.logical_id) {
    // It was replaced: the old one is still there, the new one goes.
    stack.cleanup.erase(old);
    Resource replacement = resource;
    replacement.update_replace_policy.clear();
    if (replacement.exists) stack.cleanup.push_back(std::move(replacement));
    resource = std::move(before);
    note(stack, resource, "UPDATE_COMPLETE");
    co_return true;
  }
  const ResourceType* type = find_resource_type(resource.type);
  const bool same = changed_properties(resource.properties, before.properties).empty();
  if (type == nullptr || same) {
    const bool told = resource.status != before.status;
    resource = std::move(before);
    if (told) note(stack, resource, "UPDATE_COMPLETE");
    stacks_.save(stack, resource);
    co_return true;
  }
  note(stack, resource, "UPDATE_IN_PROGRESS");
  Made made{.physical_id = resource.physical_id, .attributes = resource.attributes};
  auto plan = type->update(owner_of(stack, resource), resource.properties, before.properties, made);
  std::string failure = plan ? std::string() : plan.error().message;
  if (plan) failure = co_await run_plan(caller, std::move(*plan), made);
  if (stacks_.closed()) co_return false;
  if (!failure.empty()) {
    note(stack, resource, "UPDATE_FAILED", failure);
    co_return false;
  }
  resource = std::move(before);
  resource.attributes = made.attributes;
  note(stack, resource, "UPDATE_COMPLETE");
  co_return true;
}

}  // namespace sortie::emulator::cloudformation
