#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/task.h"
#include "emulator/cloudformation/engine/caller.h"
#include "emulator/cloudformation/engine/engine_context.h"
#include "emulator/cloudformation/engine/macro_processing.h"
#include "emulator/core/ports.h"

namespace sortie::emulator::cloudformation {

/// Begins the operations on stacks and change sets; each then runs by itself (stack_creation.h, stack_update.h,
/// stack_deletion.h, macro_processing.h): resources one after the other in the order of their dependencies, every
/// step committed and with its event before the next. io_context thread only; operations that run keep it alive.
class Engine : public std::enable_shared_from_this<Engine> {
 public:
  /// Operations that an earlier process left unfinished are marked failed.
  Engine(const Executor& executor, const Clock& clock, Store& store, Identities& identities, ServiceCalls& services,
         ObjectSource& objects, CloudFormationOptions options);

  [[nodiscard]] StackStore& stacks() { return context_.stacks; }
  [[nodiscard]] CustomResponses& custom_responses() { return context_.custom_responses; }
  [[nodiscard]] const Clock& clock() const { return context_.clock; }
  [[nodiscard]] StackFacts facts_of(const Stack& stack) const { return context_.facts_of(stack); }
  /// Finds the value behind an export of the region, for previews; valid as long as the engine.
  std::function<std::optional<std::string>(const std::string&)> exports_of(const std::string& region) {
    return context_.exports_of(region);
  }
  /// See cloudformation::caller_for.
  AwsResult<Caller> caller_for(const Call& call, const std::string& role_arn);
  /// See fetch_stored_parameters.
  Task<AwsResult<ParameterTexts>> stored_parameters(Caller caller, const Template& whole, ParameterTexts texts);

  // Each begins an operation that has been checked: status and event are there when it returns.
  // `unprocessed`: the template's macros run first.
  void begin_create(Stack& stack, Caller caller, std::optional<Unprocessed> unprocessed);
  void begin_update(Stack& stack, Definition next, Caller caller, std::optional<Unprocessed> unprocessed);
  /// Of a stack that its first change set is to create.
  void begin_review(Stack& stack);
  /// Of a change set in CREATE_IN_PROGRESS: its template's macros run, then it is complete, or failed.
  void begin_change_set(const ChangeSet& change_set, Caller caller, Unprocessed unprocessed);
  /// Also of a stack whose creation or update runs: that is cancelled first. `retained`: logical ids not to delete.
  void begin_delete(Stack& stack, std::set<std::string> retained, Caller caller);
  /// After UPDATE_ROLLBACK_FAILED. `skipped`: logical ids that are left as they are.
  void begin_continued_rollback(Stack& stack, std::set<std::string> skipped, Caller caller);
  /// The running update is rolled back after its current resource.
  void cancel_update(const Stack& stack) { context_.queue.cancel(stack.id); }

  /// Stops operations between two requests and waits for that, at most a few seconds.
  Task<void> shutdown();
  /// The same without the wait.
  void abandon();

 private:
  Identities& identities_;
  EngineContext context_;
};

}  // namespace sortie::emulator::cloudformation
