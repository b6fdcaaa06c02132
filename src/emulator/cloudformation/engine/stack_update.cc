#include "emulator/cloudformation/engine/stack_update.h"

#include <algorithm>
#include <iterator>

#include "emulator/cloudformation/engine/provisioning.h"
#include "emulator/cloudformation/engine/stack_deletion.h"
#include "emulator/cloudformation/engine/stack_outputs.h"
#include "emulator/cloudformation/stack/stack_policy.h"
#include "emulator/cloudformation/template/references.h"

/// Updates of stacks; update_rollback.cc has their rollback.
namespace sortie::emulator::cloudformation {

namespace {

constexpr const char* k_cancelled = "User Initiated";

/// Resources that the new template does not have stay where the stack policy says so: that is a failure.
bool check_removals(EngineContext& context, StackWork& work) {
  for (Resource& resource : work.stack.resources) {
    if (work.wants(resource.logical_id) || !resource.exists) continue;
    const std::string denial = denied_by_stack_policy(work.stack, resource, "Update:Delete");
    if (!denial.empty()) return fail_resource(context, work, resource, "UPDATE_FAILED", denial);
  }
  return true;
}

/// False when it was cut short: by a failure, which is then in `work`, or by a cancellation.
Task<bool> update_resources(EngineContext& context, StackWork& work) {
  Stack& stack = work.stack;
  for (const std::string& id : creation_order(work.whole)) {
    if (!work.wants(id)) continue;
    if (context.cancelled(stack)) co_return false;
    const ResourceDeclaration& declaration = *work.whole.find_resource(id);
    Resource* resource = stack.find(id);
    bool done = false;
    if (resource == nullptr || !resource->exists) {
      stack.before->added.push_back(id);
      context.stacks.save(stack);
      done = co_await create_resource(context, work, declaration);
    } else {
      done = co_await update_resource(context, work, declaration, *resource);
    }
    if (!done) co_return false;
  }
  if (!check_removals(context, work)) co_return false;
  co_return !context.cancelled(stack);
}

/// Moves what the new template does not have to the clean-up, in the order of its deletion.
void drop_unwanted(EngineContext& context, const StackWork& work) {
  Stack& stack = work.stack;
  std::vector<Resource> dropped;
  for (const std::string& id : deletion_order(stack.resources)) {
    if (work.wants(id)) continue;
    const Resource* resource = stack.find(id);
    if (resource->exists) dropped.push_back(*resource);
    context.stacks.erase(stack, id);
    stack.resources.erase(stack.resources.begin() + (resource - stack.resources.data()));
  }
  // Replaced ones were added in the order of creation.
  std::ranges::reverse(stack.cleanup);
  dropped.insert(dropped.end(), std::make_move_iterator(stack.cleanup.begin()),
                 std::make_move_iterator(stack.cleanup.end()));
  stack.cleanup = std::move(dropped);
}

/// Gives the reason of a failure, empty for success or when another operation is to run in its place.
Task<std::string> run_update(EngineContext& context, Stack& stack, Caller caller) {
  auto prepared = prepare_work(context, stack, std::move(caller));
  if (!prepared) co_return prepared.error().message;
  StackWork& work = **prepared;
  const bool done = co_await update_resources(context, work);
  if (context.replaced(stack)) co_return std::string();
  std::string reason = work.reason();
  if (done && reason.empty()) reason = set_outputs(context, work);
  if (!done && reason.empty()) reason = k_cancelled;
  if (done && reason.empty()) drop_unwanted(context, work);
  co_return reason;
}

}  // namespace

Task<void> update_stack(EngineContext& context, Stack& stack, Caller caller, std::optional<Unprocessed> unprocessed) {
  std::string reason;
  if (unprocessed) reason = co_await process_stack(context, stack, caller, std::move(*unprocessed));
  if (context.stopped()) co_return;
  if (reason.empty() && context.cancelled(stack)) {
    reason = k_cancelled;
  } else if (reason.empty()) {
    reason = co_await run_update(context, stack, caller);
  }
  if (context.replaced(stack)) co_return;
  stack.update_policy.clear();
  context.queue.clear_cancellation(stack.id);
  if (!reason.empty() && stack.disable_rollback) {
    stack.before.reset();
    context.journal.set_status(stack, "UPDATE_FAILED", std::move(reason));
  } else if (!reason.empty()) {
    co_await roll_back_update(context, stack, std::move(reason), {}, caller);
  } else {
    stack.before.reset();
    context.journal.set_status(stack, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS");
    co_await clean_up(context, stack, caller);
    if (context.stopped()) co_return;
    context.journal.set_status(stack, "UPDATE_COMPLETE");
  }
}

}  // namespace sortie::emulator::cloudformation
