#pragma once

#include <string>

#include "base/task.h"
#include "emulator/cloudformation/engine/stack_work.h"

/// One resource at a time: created, updated, deleted, with its events.
namespace sortie::emulator::cloudformation {

/// Adds the resource to the stack and creates it. False when that failed, which is then in `work`, or was cut short.
Task<bool> create_resource(EngineContext& context, StackWork& work, const ResourceDeclaration& declaration);

/// Brings a resource that exists to what its declaration says: nothing, an update in place, or a replacement, whose
/// old resource goes to the stack's clean-up. False as for create_resource. What it was is in `stack.before`.
Task<bool> update_resource(EngineContext& context, StackWork& work, const ResourceDeclaration& declaration,
                           Resource& resource);

/// Creates what `resource` says. Its events end in `VERB_COMPLETE` or `VERB_FAILED`: CREATE, or UPDATE for one that
/// replaces another. False as for create_resource.
Task<bool> provision_resource(EngineContext& context, StackWork& work, Resource& resource, std::string verb);

/// Deletes what is behind `resource`, without events. Gives why it failed, empty for success.
Task<std::string> deprovision_resource(EngineContext& context, const Stack& stack, Caller caller,
                                       const Resource& resource);

}  // namespace sortie::emulator::cloudformation
