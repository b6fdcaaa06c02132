#include "emulator/cloudformation/engine/stack_journal.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "emulator/core/protocol.h"
#include "wire/date.h"

namespace sortie::emulator::cloudformation {

void StackJournal::add_event(const Stack& stack, const Resource& resource) {
  const SystemTime now = clock_.now();
  stacks_.add_event(
      {.id = fmt::format("{}-{}-{}", resource.logical_id, resource.status, wire::format_iso8601_millis(now)),
       .stack_id = stack.id,
       .stack_name = stack.name,
       .logical_id = resource.logical_id,
       .physical_id = resource.physical_id,
       .type = resource.type,
       .at = now,
       .status = resource.status,
       .reason = resource.status_reason,
       .properties = boost::json::serialize(resource.properties),
       .client_token = stack.client_token});
}

void StackJournal::set_status(const Stack& stack, Resource& resource, std::string status, std::string reason) {
  resource.status = std::move(status);
  resource.status_reason = std::move(reason);
  resource.changed = clock_.now();
  stacks_.save(stack, resource);
  add_event(stack, resource);
}

void StackJournal::set_status(Stack& stack, std::string status, std::string reason) {
  stack.status = std::move(status);
  stack.status_reason = std::move(reason);
  stacks_.save(stack);
  stacks_.add_event({.id = make_request_id(),
                     .stack_id = stack.id,
                     .stack_name = stack.name,
                     .logical_id = stack.name,
                     .physical_id = stack.id,
                     .type = "AWS::CloudFormation::Stack",
                     .at = clock_.now(),
                     .status = stack.status,
                     .reason = stack.status_reason,
                     .properties = {},
                     .client_token = stack.client_token});
}

}  // namespace sortie::emulator::cloudformation
