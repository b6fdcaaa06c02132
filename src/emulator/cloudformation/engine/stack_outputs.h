#pragma once

#include <string>

#include "emulator/cloudformation/engine/stack_work.h"
#include "emulator/cloudformation/stack/stack_store.h"

namespace sortie::emulator::cloudformation {

/// Evaluates the outputs and checks the exports among them, then takes them and the imports over into the stack. Gives
/// what is wrong, empty for nothing; then the stack is as it was.
std::string set_outputs(EngineContext& context, StackWork& work);

/// Why the stack cannot be deleted: another imports one of its exports. Empty when none does.
std::string export_in_use(StackStore& stacks, const Stack& stack);

}  // namespace sortie::emulator::cloudformation
