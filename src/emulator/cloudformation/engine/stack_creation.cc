#include "emulator/cloudformation/engine/stack_creation.h"

#include "emulator/cloudformation/engine/provisioning.h"
#include "emulator/cloudformation/engine/stack_deletion.h"
#include "emulator/cloudformation/engine/stack_outputs.h"
#include "emulator/cloudformation/template/references.h"

namespace sortie::emulator::cloudformation {

namespace {

/// Gives the reason of a failure, empty for success or when it was cut short.
Task<std::string> create_resources(EngineContext& context, Stack& stack, Caller caller) {
  auto prepared = prepare_work(context, stack, std::move(caller));
  if (!prepared) co_return prepared.error().message + " ";
  const auto deadline = context.clock.now() + std::chrono::minutes(stack.timeout_minutes);
  StackWork& work = **prepared;
  for (const std::string& id : creation_order(work.whole)) {
    if (!work.wants(id)) continue;
    if (context.cancelled(stack)) co_return std::string();
    if (stack.timeout_minutes > 0 && context.clock.now() > deadline) {
      work.failure = "Stack creation time exceeded the specified timeout.";
      break;
    }
    if (!co_await create_resource(context, work, *work.whole.find_resource(id))) break;
  }
  if (context.cancelled(stack)) co_return std::string();
  const std::string reason = work.reason();
  co_return reason.empty() ? set_outputs(context, work) : reason;
}

Task<void> roll_back_creation(EngineContext& context, Stack& stack, Caller caller) {
  const auto failed = co_await delete_resources(context, stack, std::move(caller), {}, DeletionCause::failed_creation);
  if (context.cancelled(stack)) co_return;
  if (failed.empty()) {
    context.journal.set_status(stack, "ROLLBACK_COMPLETE");
  } else {
    context.journal.set_status(stack, "ROLLBACK_FAILED", failed_resources("delete", failed));
  }
}

/// What the stack's OnFailure says.
Task<void> handle_failure(EngineContext& context, Stack& stack, Caller caller, std::string reason) {
  if (stack.on_failure == "DO_NOTHING") {
    context.journal.set_status(stack, "CREATE_FAILED", std::move(reason));
    co_return;
  }
  stack.deleted = context.clock.now();
  if (stack.on_failure == "DELETE") {
    context.journal.set_status(stack, "DELETE_IN_PROGRESS", reason + "Delete requested by user.");
    co_await delete_stack(context, stack, {}, std::move(caller));
  } else {
    context.journal.set_status(stack, "ROLLBACK_IN_PROGRESS", reason + "Rollback requested by user.");
    co_await roll_back_creation(context, stack, std::move(caller));
  }
}

}  // namespace

Task<void> create_stack(EngineContext& context, Stack& stack, Caller caller, std::optional<Unprocessed> unprocessed) {
  std::string reason;
  if (unprocessed) {
    reason = co_await process_stack(context, stack, caller, std::move(*unprocessed));
    if (!reason.empty()) reason += ". ";
  }
  if (context.cancelled(stack)) co_return;
  if (reason.empty()) reason = co_await create_resources(context, stack, caller);
  if (context.cancelled(stack)) co_return;
  if (reason.empty()) {
    context.journal.set_status(stack, "CREATE_COMPLETE");
  } else {
    co_await handle_failure(context, stack, std::move(caller), std::move(reason));
  }
}

}  // namespace sortie::emulator::cloudformation
