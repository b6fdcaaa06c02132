#include "emulator/cloudformation/engine/provisioning.h"

#include <fmt/format.h>

#include <algorithm>

#include "emulator/cloudformation/engine/plan_runner.h"
#include "emulator/cloudformation/engine/resource_properties.h"

/// Creation and deletion; resource_update.cc has the updates.
namespace sortie::emulator::cloudformation {

namespace {

/// A new resource in the place of a deleted one of the same logical id.
Resource& add_resource(EngineContext& context, Stack& stack, const ResourceDeclaration& declaration) {
  if (const Resource* old = stack.find(declaration.logical_id); old != nullptr) {
    context.stacks.erase(stack, declaration.logical_id);
    stack.resources.erase(stack.resources.begin() + (old - stack.resources.data()));
  }
  Resource& resource = stack.resources.emplace_back();
  resource.logical_id = declaration.logical_id;
  resource.type = declaration.type;
  return resource;
}

/// Macros exist in CloudFormation alone, one of each name in a region.
std::string check_macro_name(const EngineContext& context, const Stack& stack, const Resource& resource) {
  if (resource.type != k_macro_type) return {};
  const auto taken = context.stacks.find_macro(stack.region, resource.physical_id);
  if (taken.stack == nullptr || taken.resource == &resource) return {};
  return fmt::format("{} already exists in stack {}", resource.physical_id, taken.stack->id);
}

}  // namespace

Task<bool> create_resource(EngineContext& context, StackWork& work, const ResourceDeclaration& declaration) {
  Resource& resource = add_resource(context, work.stack, declaration);
  copy_attributes(work, declaration, resource);
  const auto evaluated = evaluate_properties(work, declaration);
  if (evaluated) resource.properties = *evaluated;
  context.journal.set_status(work.stack, resource, "CREATE_IN_PROGRESS");
  if (!evaluated) co_return fail_resource(context, work, resource, "CREATE_FAILED", evaluated.error().message);
  auto properties = co_await resolve_properties(context, work, declaration, *evaluated, resource.references);
  if (context.stopped()) co_return false;
  if (!properties) co_return fail_resource(context, work, resource, "CREATE_FAILED", properties.error().message);
  resource.properties = std::move(*properties);
  co_return co_await provision_resource(context, work, resource, "CREATE");
}

Task<bool> provision_resource(EngineContext& context, StackWork& work, Resource& resource, std::string verb) {
  constexpr const char* k_initiated = "Resource creation Initiated";
  Stack& stack = work.stack;
  const ResourceType& type = *find_resource_type(resource.type);
  const ResourceContext where = context.resource_context(stack, resource);
  ResourceState state;
  state.physical_id = type.choose_id(where, resource.properties);
  auto plan = type.create(where, resource.properties, state);
  resource.physical_id = state.physical_id;
  if (std::string taken = check_macro_name(context, stack, resource); !taken.empty()) {
    co_return fail_resource(context, work, resource, verb + "_FAILED", std::move(taken));
  }
  const bool id_known = !state.physical_id.empty();
  // Written before the request: what a killed process had begun can be found again.
  if (id_known) context.journal.set_status(stack, resource, verb + "_IN_PROGRESS", k_initiated);
  resource.exists = state.exists;
  if (!plan) co_return fail_resource(context, work, resource, verb + "_FAILED", plan.error().message);
  const std::string failure = co_await run_plan(context, work.caller, std::move(*plan), state);
  if (context.stopped()) co_return false;
  resource.physical_id = state.physical_id;
  resource.attributes = state.attributes;
  resource.exists = state.exists;
  if (!failure.empty()) co_return fail_resource(context, work, resource, verb + "_FAILED", failure);
  if (!id_known) context.journal.set_status(stack, resource, verb + "_IN_PROGRESS", k_initiated);
  resource.exists = true;
  context.journal.set_status(stack, resource, verb + "_COMPLETE");
  co_return true;
}

Task<std::string> deprovision_resource(EngineContext& context, const Stack& stack, Caller caller,
                                       const Resource& resource) {
  const ResourceType* type = find_resource_type(resource.type);
  if (type == nullptr) co_return std::string();
  auto plan = type->remove(context.resource_context(stack, resource), resource);
  if (!plan) co_return plan.error().message;
  ResourceState state{.physical_id = resource.physical_id, .attributes = resource.attributes};
  co_return co_await run_plan(context, std::move(caller), std::move(*plan), state);
}

}  // namespace sortie::emulator::cloudformation
