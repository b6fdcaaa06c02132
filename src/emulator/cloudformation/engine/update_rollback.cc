#include <algorithm>
#include <iterator>

#include "emulator/cloudformation/engine/plan_runner.h"
#include "emulator/cloudformation/engine/stack_deletion.h"
#include "emulator/cloudformation/engine/stack_update.h"
#include "emulator/cloudformation/engine/stack_work.h"

/// How the resources of an update go back to what they were.
namespace sortie::emulator::cloudformation {

namespace {

/// A resource that was replaced: the old one still exists, the new one goes to the clean-up. False: it was not.
bool restore_replaced(EngineContext& context, Stack& stack, const Resource& before) {
  const auto old = std::ranges::find(stack.cleanup, before.physical_id, &Resource::physical_id);
  if (old == stack.cleanup.end() || old->logical_id != before.logical_id) return false;
  stack.cleanup.erase(old);
  Resource& resource = *stack.find(before.logical_id);
  Resource replacement = resource;
  replacement.update_replace_policy.clear();
  if (replacement.exists) stack.cleanup.push_back(std::move(replacement));
  resource = before;
  context.journal.set_status(stack, resource, "UPDATE_COMPLETE");
  return true;
}

/// A resource that needs no requests. False: it does.
bool restore_unchanged(EngineContext& context, Stack& stack, const Resource& before) {
  Resource& resource = *stack.find(before.logical_id);
  const bool same = changed_properties(resource.properties, before.properties).empty();
  if (!same && find_resource_type(resource.type) != nullptr) return false;
  const bool has_event = resource.status != before.status;
  resource = before;
  if (has_event) context.journal.set_status(stack, resource, "UPDATE_COMPLETE");
  context.stacks.save(stack, resource);
  return true;
}

/// False when it failed.
Task<bool> restore_in_place(EngineContext& context, Stack& stack, const Resource& before, Caller caller) {
  Resource& resource = *stack.find(before.logical_id);
  context.journal.set_status(stack, resource, "UPDATE_IN_PROGRESS");
  ResourceState state{.physical_id = resource.physical_id, .attributes = resource.attributes};
  auto plan = find_resource_type(resource.type)
                  ->update(context.resource_context(stack, resource), resource.properties, before.properties, state);
  std::string failure = plan ? std::string() : plan.error().message;
  if (plan) failure = co_await run_plan(context, std::move(caller), std::move(*plan), state);
  if (context.stopped()) co_return false;
  if (!failure.empty()) {
    context.journal.set_status(stack, resource, "UPDATE_FAILED", failure);
    co_return false;
  }
  resource = before;
  resource.attributes = state.attributes;
  context.journal.set_status(stack, resource, "UPDATE_COMPLETE");
  co_return true;
}

Task<bool> restore(EngineContext& context, Stack& stack, const Resource& before, Caller caller) {
  if (restore_replaced(context, stack, before) || restore_unchanged(context, stack, before)) co_return true;
  co_return co_await restore_in_place(context, stack, before, std::move(caller));
}

/// Restores the changed resources, the last one first. Gives those that could not be restored, in the order in which
/// they were changed.
Task<std::vector<Resource>> restore_changed(EngineContext& context, Stack& stack, const std::set<std::string>& skipped,
                                            Caller caller) {
  std::vector<Resource> failed;
  std::vector<Resource> changed = stack.before->resources;
  std::ranges::reverse(changed);
  for (Resource& before : changed) {
    if (context.stopped()) co_return failed;
    if (skipped.contains(before.logical_id)) {
      Resource& resource = *stack.find(before.logical_id);
      resource = before;
      context.journal.set_status(stack, resource, "UPDATE_COMPLETE");
    } else if (!co_await restore(context, stack, before, caller)) {
      failed.insert(failed.begin(), std::move(before));
    }
  }
  co_return failed;
}

/// Moves what the update has added to the clean-up, the last one first.
void drop_added(EngineContext& context, Stack& stack) {
  for (auto id = stack.before->added.rbegin(); id != stack.before->added.rend(); ++id) {
    const Resource* resource = stack.find(*id);
    if (resource == nullptr) continue;
    Resource gone = *resource;
    gone.deletion_policy = gone.deletion_policy == "Retain" ? "Retain" : "Delete";
    if (gone.exists) stack.cleanup.push_back(std::move(gone));
    context.stacks.erase(stack, *id);
    stack.resources.erase(stack.resources.begin() + (resource - stack.resources.data()));
  }
}

}  // namespace

Task<void> roll_back_update(EngineContext& context, Stack& stack, std::string reason, std::set<std::string> skipped,
                            Caller caller) {
  context.journal.set_status(stack, "UPDATE_ROLLBACK_IN_PROGRESS", std::move(reason));
  if (!stack.before) stack.before.emplace();
  std::vector<Resource> failed = co_await restore_changed(context, stack, skipped, caller);
  if (context.stopped()) co_return;
  if (!failed.empty()) {
    std::vector<std::string> names;
    // In the order in which they failed.
    std::ranges::transform(failed.rbegin(), failed.rend(), std::back_inserter(names), &Resource::logical_id);
    stack.before->resources = std::move(failed);
    context.journal.set_status(stack, "UPDATE_ROLLBACK_FAILED", failed_resources("update", names));
    co_return;
  }
  drop_added(context, stack);
  if (!stack.before->definition.template_body.empty()) stack.now = stack.before->definition;
  stack.before.reset();
  context.journal.set_status(stack, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS");
  co_await clean_up(context, stack, caller);
  if (context.stopped()) co_return;
  context.journal.set_status(stack, "UPDATE_ROLLBACK_COMPLETE");
}

}  // namespace sortie::emulator::cloudformation
