#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "emulator/cloudformation/engine/changes.h"
#include "emulator/cloudformation/engine/plan_runner.h"
#include "emulator/cloudformation/engine/provisioning.h"
#include "emulator/cloudformation/engine/resource_properties.h"
#include "emulator/cloudformation/engine/stored_parameters.h"
#include "emulator/cloudformation/stack/stack_policy.h"
#include "emulator/cloudformation/template/values.h"

/// Updates of one resource.
namespace sortie::emulator::cloudformation {

namespace json = boost::json;

namespace {

constexpr std::string_view k_replacement_reason =
    "Requested update requires the creation of a new physical resource; hence creating one.";

/// The properties that a resource is to have.
struct Target {
  AwsResult<Properties> evaluated;   ///< dynamic references as they are written
  AwsResult<Properties> properties;  ///< as requests need them
  std::vector<std::string> dynamic;  ///< the dynamic references in them
  json::object references;           ///< what those stand for
  bool references_known = false;     ///< all of them were in use already: `references` has their old values
};

/// What is stored elsewhere may have changed: that alone is no reason for an update, so known references keep their
/// values here.
Task<Target> target_of(EngineContext& context, const StackWork& work, const ResourceDeclaration& declaration,
                       const Resource& resource) {
  Target target{
      .evaluated = evaluate_properties(work, declaration), .properties = {}, .references = resource.references};
  if (!target.evaluated) {
    target.properties = target.evaluated;
    co_return target;
  }
  target.dynamic = find_dynamic_references(*target.evaluated);
  target.references_known =
      std::ranges::all_of(target.dynamic, [&](const std::string& one) { return target.references.contains(one); });
  if (target.references_known) {
    target.properties = shape_with_references(work, declaration, *target.evaluated, target.references);
  } else {
    target.properties = co_await resolve_properties(context, work, declaration, *target.evaluated, target.references);
  }
  co_return target;
}

std::vector<std::string> changes_to(const Resource& resource, const Target& target) {
  return target.properties ? changed_properties(resource.properties, *target.properties) : std::vector<std::string>();
}

/// Other metadata and other policies are an update without requests.
void finish_unchanged(EngineContext& context, Stack& stack, const Resource& before, Resource& resource,
                      const ResourceDeclaration& declaration) {
  const bool has_event = !same_value(before.metadata, resource.metadata) || policies_differ(before, declaration);
  if (has_event) stack.before->resources.push_back(before);
  context.stacks.save(stack);
  context.stacks.save(stack, resource);
  if (has_event) context.journal.set_status(stack, resource, "UPDATE_COMPLETE");
}

Task<bool> update_in_place(EngineContext& context, StackWork& work, const Resource& before, Resource& resource,
                           Properties properties) {
  Stack& stack = work.stack;
  const ResourceType& type = *find_resource_type(resource.type);
  ResourceState state{.physical_id = resource.physical_id, .attributes = resource.attributes};
  auto plan = type.update(context.resource_context(stack, resource), before.properties, properties, state);
  // From here on the new properties are what a rollback starts from, whether all of them took effect or not.
  // Written before the requests: one of them may be all that a killed process still did.
  resource.properties = std::move(properties);
  context.stacks.save(stack, resource);
  if (!plan) co_return fail_resource(context, work, resource, "UPDATE_FAILED", plan.error().message);
  const std::string failure = co_await run_plan(context, work.caller, std::move(*plan), state);
  if (context.stopped()) co_return false;
  resource.attributes = state.attributes;
  if (failure.empty() && state.physical_id != before.physical_id) {
    // A custom resource that answered with another name has been replaced: the old one is deleted at the end.
    stack.cleanup.push_back(before);
    context.stacks.save(stack);
    resource.physical_id = state.physical_id;
  }
  if (!failure.empty()) co_return fail_resource(context, work, resource, "UPDATE_FAILED", failure);
  context.journal.set_status(stack, resource, "UPDATE_COMPLETE");
  co_return true;
}

/// Whether the replacement would have the name of the resource that still exists.
bool keeps_its_name(const ResourceType& type, const Resource& resource, const Properties& properties) {
  if (type.name_property.empty() || !properties.contains(type.name_property)) return false;
  if (!type.scope_property.empty() && differs(resource.properties, properties, type.scope_property)) return false;
  return !differs(resource.properties, properties, type.name_property);
}

Task<bool> replace_resource(EngineContext& context, StackWork& work, Resource& resource, Properties properties) {
  Stack& stack = work.stack;
  if (keeps_its_name(*find_resource_type(resource.type), resource, properties)) {
    co_return fail_resource(
        context, work, resource, "UPDATE_FAILED",
        fmt::format("CloudFormation cannot update a stack when a custom-named resource requires replacing. "
                    "Rename {} and update the stack again.",
                    resource.physical_id));
  }
  context.journal.set_status(stack, resource, "UPDATE_IN_PROGRESS", std::string(k_replacement_reason));
  stack.cleanup.push_back(stack.before->resources.back());
  context.stacks.save(stack);
  resource.properties = std::move(properties);
  resource.physical_id.clear();
  resource.attributes.clear();
  resource.exists = false;
  co_return co_await provision_resource(context, work, resource, "UPDATE");
}

}  // namespace

Task<bool> update_resource(EngineContext& context, StackWork& work, const ResourceDeclaration& declaration,
                           Resource& resource) {
  Stack& stack = work.stack;
  Target target = co_await target_of(context, work, declaration, resource);
  if (context.stopped()) co_return false;
  const Resource before = resource;
  copy_attributes(work, declaration, resource);
  auto changed = changes_to(resource, target);
  if (target.properties && changed.empty()) {
    finish_unchanged(context, stack, before, resource, declaration);
    co_return true;
  }
  stack.before->resources.push_back(before);
  context.stacks.save(stack);
  if (target.properties && target.references_known && !target.dynamic.empty()) {
    target.properties = co_await resolve_properties(context, work, declaration, *target.evaluated, target.references);
    if (context.stopped()) co_return false;
    changed = changes_to(resource, target);
  }
  resource.references = std::move(target.references);
  const bool replaces = target.properties && needs_replacement(*find_resource_type(resource.type), changed);
  const std::string denial = denied_by_stack_policy(stack, resource, replaces ? "Update:Replace" : "Update:Modify");
  if (!denial.empty()) co_return fail_resource(context, work, resource, "UPDATE_FAILED", denial);
  if (replaces) co_return co_await replace_resource(context, work, resource, std::move(*target.properties));
  context.journal.set_status(stack, resource, "UPDATE_IN_PROGRESS");
  if (!target.properties) {
    co_return fail_resource(context, work, resource, "UPDATE_FAILED", target.properties.error().message);
  }
  co_return co_await update_in_place(context, work, before, resource, std::move(*target.properties));
}

}  // namespace sortie::emulator::cloudformation
