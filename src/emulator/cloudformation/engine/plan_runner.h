#pragma once

#include <string>

#include "base/task.h"
#include "emulator/cloudformation/engine/caller.h"
#include "emulator/cloudformation/engine/engine_context.h"
#include "emulator/cloudformation/resources/step.h"

namespace sortie::emulator::cloudformation {

/// Sends the requests of a plan one after the other, authorized as `caller`, and fills `state` from the answers. Gives
/// the reason of the first failure, empty for success. When the engine is stopped it ends before the next request.
Task<std::string> run_plan(EngineContext& context, Caller caller, Plan plan, ResourceState& state);

}  // namespace sortie::emulator::cloudformation
