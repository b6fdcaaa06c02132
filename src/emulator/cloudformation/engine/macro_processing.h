#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/task.h"
#include "emulator/cloudformation/engine/caller.h"
#include "emulator/cloudformation/engine/engine_context.h"
#include "emulator/cloudformation/stack/stack.h"

/// Templates with macros: they are processed before a stack or a change set is made of them.
namespace sortie::emulator::cloudformation {

/// How a template whose macros have not run is to be processed.
struct Unprocessed {
  std::vector<std::string> allowed_types;  ///< ResourceTypes of the request
  std::size_t size_limit = 0;              ///< of the processed template, bytes
};

/// Runs the macros of `stack.now` and checks what comes of it as a request's template is checked. Gives the reason of a
/// failure, empty for success; both have an event.
Task<std::string> process_stack(EngineContext& context, Stack& stack, Caller caller, Unprocessed unprocessed);

/// The same for a change set in CREATE_IN_PROGRESS, which is then complete, or failed.
Task<void> process_change_set(EngineContext& context, std::string id, Caller caller, Unprocessed unprocessed);

/// Puts the changes into a change set and makes it available, or makes it failed: for `failure` when that is not
/// empty, for a mistake of its template, or because there are no changes. Not saved.
void complete_change_set(EngineContext& context, ChangeSet& change_set, const Stack& stack, std::string failure);

}  // namespace sortie::emulator::cloudformation
