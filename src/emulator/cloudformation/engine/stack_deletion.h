#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "base/task.h"
#include "emulator/cloudformation/engine/caller.h"
#include "emulator/cloudformation/engine/engine_context.h"

namespace sortie::emulator::cloudformation {

/// Deletes a stack in DELETE_IN_PROGRESS: up to DELETE_COMPLETE, or DELETE_FAILED while another stack imports from it
/// or resources cannot be deleted. `retained`: logical ids that are left as they are.
Task<void> delete_stack(EngineContext& context, Stack& stack, std::set<std::string> retained, Caller caller);

enum class DeletionCause : std::uint8_t { deletion, failed_creation };

/// Deletes every resource that exists but for `retained` and what its DeletionPolicy keeps: each before what it depends
/// on. Gives the logical ids that could not be deleted; what they depend on stays.
Task<std::vector<std::string>> delete_resources(EngineContext& context, Stack& stack, Caller caller,
                                                std::set<std::string> retained, DeletionCause cause);

/// Deletes what an update has replaced or dropped. A failure has an event and stops nothing, as on AWS.
Task<void> clean_up(EngineContext& context, Stack& stack, Caller caller);

/// The logical ids in the order of their deletion.
std::vector<std::string> deletion_order(const std::vector<Resource>& resources);

}  // namespace sortie::emulator::cloudformation
