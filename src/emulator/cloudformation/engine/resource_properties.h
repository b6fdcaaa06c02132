#pragma once

#include "base/task.h"
#include "emulator/cloudformation/engine/stack_work.h"
#include "emulator/cloudformation/resources/resource_type.h"

/// From a resource's declaration to the properties that its requests are made of.
namespace sortie::emulator::cloudformation {

/// What the resource takes from its declaration beside its properties: policies, metadata, dependencies.
void copy_attributes(const StackWork& work, const ResourceDeclaration& declaration, Resource& resource);

/// The properties without functions. Dynamic references stand in them as they are written: so events show them.
AwsResult<Properties> evaluate_properties(const StackWork& work, const ResourceDeclaration& declaration);

/// What evaluate_properties gives in the forms that the resource's type declares, with the stack's tags, and with
/// `references` (by their text) in place of dynamic references.
AwsResult<Properties> shape_with_references(const StackWork& work, const ResourceDeclaration& declaration,
                                            const Properties& evaluated, const boost::json::object& references);

/// The same with the values that dynamic references have now, which are put into `references`.
Task<AwsResult<Properties>> resolve_properties(EngineContext& context, const StackWork& work,
                                               const ResourceDeclaration& declaration, Properties evaluated,
                                               boost::json::object& references);

}  // namespace sortie::emulator::cloudformation
