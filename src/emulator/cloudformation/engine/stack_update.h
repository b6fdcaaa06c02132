#pragma once

#include <optional>
#include <set>
#include <string>

#include "base/task.h"
#include "emulator/cloudformation/engine/caller.h"
#include "emulator/cloudformation/engine/engine_context.h"
#include "emulator/cloudformation/engine/macro_processing.h"

namespace sortie::emulator::cloudformation {

/// Updates a stack in UPDATE_IN_PROGRESS from `stack.before` to `stack.now`: up to UPDATE_COMPLETE. A failure and a
/// cancellation roll it back, or leave UPDATE_FAILED where the stack's rollback is disabled. With `unprocessed` the
/// template's macros run first.
Task<void> update_stack(EngineContext& context, Stack& stack, Caller caller, std::optional<Unprocessed> unprocessed);

/// Brings the stack back to `stack.before`, from UPDATE_ROLLBACK_IN_PROGRESS for `reason` up to
/// UPDATE_ROLLBACK_COMPLETE. What cannot be restored stays in `stack.before`: UPDATE_ROLLBACK_FAILED, from where the
/// same can be asked again. `skipped`: logical ids that count as restored.
Task<void> roll_back_update(EngineContext& context, Stack& stack, std::string reason, std::set<std::string> skipped,
                            Caller caller);

}  // namespace sortie::emulator::cloudformation
