#pragma once

#include <optional>

#include "base/task.h"
#include "emulator/cloudformation/engine/caller.h"
#include "emulator/cloudformation/engine/engine_context.h"
#include "emulator/cloudformation/engine/macro_processing.h"

namespace sortie::emulator::cloudformation {

/// Creates the resources of a stack in CREATE_IN_PROGRESS, each after what it depends on: up to CREATE_COMPLETE. A
/// failure ends in ROLLBACK_COMPLETE, CREATE_FAILED or DELETE_COMPLETE, as the stack's `on_failure` says, or where the
/// way back fails. With `unprocessed` the template's macros run first. Ends as it stands once it is cancelled.
Task<void> create_stack(EngineContext& context, Stack& stack, Caller caller, std::optional<Unprocessed> unprocessed);

}  // namespace sortie::emulator::cloudformation
