#include "emulator/cloudformation/engine/stack_deletion.h"

#include <algorithm>

#include "emulator/cloudformation/engine/provisioning.h"
#include "emulator/cloudformation/engine/stack_outputs.h"

namespace sortie::emulator::cloudformation {

namespace {

bool is_kept(const Resource& resource, const std::set<std::string>& retained, DeletionCause cause) {
  const std::string& policy = resource.deletion_policy;
  if (retained.contains(resource.logical_id) || policy == "Retain") return true;
  return policy == "RetainExceptOnCreate" && cause != DeletionCause::failed_creation;
}

}  // namespace

std::vector<std::string> deletion_order(const std::vector<Resource>& resources) {
  std::vector<std::string> order;
  std::vector<const Resource*> left;
  for (auto resource = resources.rbegin(); resource != resources.rend(); ++resource) left.push_back(&*resource);
  while (!left.empty()) {
    // One that nobody left depends on; a circle cannot be, but must not hang either.
    auto next = std::ranges::find_if(left, [&](const Resource* candidate) {
      return std::ranges::none_of(left, [&](const Resource* other) {
        return other != candidate &&
               std::ranges::find(other->depends_on, candidate->logical_id) != other->depends_on.end();
      });
    });
    if (next == left.end()) next = left.begin();
    order.push_back((*next)->logical_id);
    left.erase(next);
  }
  return order;
}

Task<std::vector<std::string>> delete_resources(EngineContext& context, Stack& stack, Caller caller,
                                                std::set<std::string> retained, DeletionCause cause) {
  std::vector<std::string> failed;
  std::set<std::string> needed;  // by a resource that is still there
  for (const std::string& id : deletion_order(stack.resources)) {
    if (cause == DeletionCause::failed_creation ? context.cancelled(stack) : context.stopped()) co_return failed;
    Resource& resource = *stack.find(id);
    if (resource.status == "DELETE_COMPLETE" || resource.status == "DELETE_SKIPPED") continue;
    if (!resource.exists) {
      context.journal.set_status(stack, resource, "DELETE_COMPLETE");
      continue;
    }
    if (is_kept(resource, retained, cause)) {
      resource.exists = false;
      context.journal.set_status(stack, resource, "DELETE_SKIPPED");
      continue;
    }
    if (needed.contains(id)) {
      needed.insert(resource.depends_on.begin(), resource.depends_on.end());
      continue;
    }
    context.journal.set_status(stack, resource, "DELETE_IN_PROGRESS");
    const std::string reason = co_await deprovision_resource(context, stack, caller, resource);
    if (context.stopped()) co_return failed;
    resource.exists = !reason.empty();
    context.journal.set_status(stack, resource, reason.empty() ? "DELETE_COMPLETE" : "DELETE_FAILED", reason);
    if (reason.empty()) continue;
    failed.push_back(id);
    needed.insert(resource.depends_on.begin(), resource.depends_on.end());
  }
  co_return failed;
}

Task<void> clean_up(EngineContext& context, Stack& stack, Caller caller) {
  while (!stack.cleanup.empty()) {
    Resource resource = stack.cleanup.front();
    const bool replaced = stack.find(resource.logical_id) != nullptr;
    const std::string& policy = replaced ? resource.update_replace_policy : resource.deletion_policy;
    if (policy.starts_with("Retain")) {
      resource.status = "DELETE_SKIPPED";
    } else {
      resource.status = "DELETE_IN_PROGRESS";
      resource.status_reason.clear();
      context.journal.add_event(stack, resource);
      resource.status_reason = co_await deprovision_resource(context, stack, caller, resource);
      if (context.stopped()) co_return;
      resource.status = resource.status_reason.empty() ? "DELETE_COMPLETE" : "DELETE_FAILED";
    }
    context.journal.add_event(stack, resource);
    stack.cleanup.erase(stack.cleanup.begin());
    context.stacks.save(stack);
  }
}

Task<void> delete_stack(EngineContext& context, Stack& stack, std::set<std::string> retained, Caller caller) {
  if (std::string used = export_in_use(context.stacks, stack); !used.empty()) {
    context.journal.set_status(stack, "DELETE_FAILED", std::move(used));
    co_return;
  }
  co_await clean_up(context, stack, caller);
  const auto failed = co_await delete_resources(context, stack, caller, std::move(retained), DeletionCause::deletion);
  if (context.stopped()) co_return;
  if (!failed.empty()) {
    context.journal.set_status(stack, "DELETE_FAILED", failed_resources("delete", failed));
    co_return;
  }
  stack.before.reset();
  for (const ChangeSet* change_set : context.stacks.change_sets(stack.id)) {
    context.stacks.erase_change_set(change_set->id);
  }
  context.journal.set_status(stack, "DELETE_COMPLETE");
}

}  // namespace sortie::emulator::cloudformation
