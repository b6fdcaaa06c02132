#pragma once

#include "emulator/cloudformation/engine/engine_context.h"

namespace sortie::emulator::cloudformation {

/// Marks what an earlier process left in progress as failed: stacks, their resources and change sets. To be called
/// once, before any operation begins.
void mark_unfinished(EngineContext& context);

}  // namespace sortie::emulator::cloudformation
