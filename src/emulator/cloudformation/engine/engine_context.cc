#include "emulator/cloudformation/engine/engine_context.h"

#include "wire/arn.h"

namespace sortie::emulator::cloudformation {

EngineContext::EngineContext(const Executor& the_executor, const Clock& the_clock, Store& store,
                             ServiceCalls& the_services, ObjectSource& objects, CloudFormationOptions the_options)
    : executor(the_executor),
      clock(the_clock),
      services(the_services),
      options(std::move(the_options)),
      stacks(store, the_clock.now()),
      journal(the_clock, stacks),
      macros(the_services, objects, stacks, options.account),
      queue(the_executor) {}

StackFacts EngineContext::facts_of(const Stack& stack) const {
  return {options.account, stack.region, stack.id, stack.name, stack.now.notification_arns};
}

ResourceContext EngineContext::resource_context(const Stack& stack, const Resource& resource) {
  return {.account = options.account,
          .region = stack.region,
          .partition = std::string(wire::partition_of(stack.region)),
          .stack_id = stack.id,
          .stack_name = stack.name,
          .logical_id = resource.logical_id,
          .type = resource.type,
          .retry_limit = options.role_patience,
          .responses = options.functions_on_host_network ? nullptr : &custom_responses};
}

std::function<std::optional<std::string>(const std::string&)> EngineContext::exports_of(const std::string& region) {
  return [this, region](const std::string& name) -> std::optional<std::string> {
    const auto found = stacks.find_export(region, name);
    if (found.output == nullptr) return std::nullopt;
    return found.output->value;
  };
}

}  // namespace sortie::emulator::cloudformation
