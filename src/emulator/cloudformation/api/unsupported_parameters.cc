#include "emulator/cloudformation/api/unsupported_parameters.h"

#include <fmt/format.h>

#include "emulator/cloudformation/template/template.h"
#include "emulator/core/protocol.h"
#include "wire/arn.h"

namespace sortie::emulator::cloudformation {
namespace {

/// The embedded AWS has no alarms; mistakes in their ARNs are refused first, as on AWS.
AwsResult<void> check_rollback_triggers(const wire::QueryInput& input) {
  for (const wire::QueryInput& trigger : input.structures("RollbackConfiguration.RollbackTriggers")) {
    const auto type = trigger.get_or("Type", "");
    if (type != "AWS::CloudWatch::Alarm" && type != "AWS::CloudWatch::CompositeAlarm") {
      return invalid("Rollback Trigger Type not supported");
    }
    const auto arn = wire::parse_arn(trigger.get_or("Arn", ""));
    if (!arn || !arn->resource.starts_with("alarm:")) {
      return invalid("RelativeId of a Rollback Trigger's ARN is incorrect");
    }
  }
  return {};
}

}  // namespace

AwsResult<void> check_unsupported_parameters(const wire::QueryInput& input) {
  RETURN_IF_ERROR(check_rollback_triggers(input));
  for (const char* unsupported : {"NotificationARNs", "RollbackConfiguration.RollbackTriggers", "ResourcesToImport"}) {
    // An empty list is sent as a name without a value.
    const bool given = input.get(unsupported) ? !input.get_or(unsupported, "").empty() : input.contains(unsupported);
    if (given) return std::unexpected(not_implemented("cloudformation", fmt::format("the parameter {}", unsupported)));
  }
  for (const char* unsupported : {"RetainExceptOnCreate", "ImportExistingResources", "IncludeNestedStacks"}) {
    if (input.get_or(unsupported, "") == "true")
      return std::unexpected(not_implemented("cloudformation", fmt::format("the parameter {}", unsupported)));
  }
  if (input.get_or("DeletionMode", "STANDARD") == "FORCE_DELETE_STACK") {
    return std::unexpected(not_implemented("cloudformation", "DeletionMode FORCE_DELETE_STACK"));
  }
  if (input.get_or("ChangeSetType", "") == "IMPORT") {
    return std::unexpected(not_implemented("cloudformation", "change sets of type IMPORT"));
  }
  return {};
}

}  // namespace sortie::emulator::cloudformation
