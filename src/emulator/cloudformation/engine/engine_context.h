#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/task.h"
#include "emulator/cloudformation/engine/macro_calls.h"
#include "emulator/cloudformation/engine/operation_queue.h"
#include "emulator/cloudformation/engine/options.h"
#include "emulator/cloudformation/engine/stack_journal.h"
#include "emulator/cloudformation/resources/custom_responses.h"
#include "emulator/cloudformation/resources/resource_type.h"
#include "emulator/cloudformation/stack/stack_store.h"
#include "emulator/cloudformation/template/evaluate.h"
#include "emulator/core/ports.h"

namespace sortie::emulator::cloudformation {

/// What the functions behind every operation on stacks share. The Engine has the one; io_context thread only.
struct EngineContext {
  EngineContext(const Executor& the_executor, const Clock& the_clock, Store& store, ServiceCalls& the_services,
                ObjectSource& objects, CloudFormationOptions the_options);

  Executor executor;
  const Clock& clock;
  ServiceCalls& services;
  CloudFormationOptions options;
  StackStore stacks;
  StackJournal journal;
  CustomResponses custom_responses;
  MacroCalls macros;
  OperationQueue queue;

  /// Nothing is to be written any more: operations end at once, as they stand.
  [[nodiscard]] bool stopped() const { return stacks.closed(); }
  /// Stopped, or the stack's operation is to end after its current resource.
  [[nodiscard]] bool cancelled(const Stack& stack) const { return stopped() || queue.is_cancelled(stack.id); }
  /// Stopped, or another operation is to run in this one's place.
  [[nodiscard]] bool replaced(const Stack& stack) const { return stopped() || queue.is_replaced(stack.id); }

  [[nodiscard]] StackFacts facts_of(const Stack& stack) const;
  [[nodiscard]] ResourceContext resource_context(const Stack& stack, const Resource& resource);
  /// Finds the value behind an export of the region; valid as long as the context.
  std::function<std::optional<std::string>(const std::string&)> exports_of(const std::string& region);
};

}  // namespace sortie::emulator::cloudformation
