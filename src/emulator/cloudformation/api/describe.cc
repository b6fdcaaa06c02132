#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <limits>

#include "base/number.h"
#include "emulator/cloudformation/api/operation.h"
#include "wire/date.h"

/// Operations that describe stacks.
namespace sortie::emulator::cloudformation {
namespace {

constexpr std::size_t k_events_page = 100;
constexpr std::string_view k_no_stack = "Stack with id {} does not exist";
constexpr std::string_view k_stack_missing = "Stack [{}] does not exist";

void time_if(wire::XmlWriter& xml, std::string_view name, const std::optional<SystemTime>& at) {
  if (at) xml.element(name, wire::format_iso8601_millis(*at));
}

void write_drift(wire::XmlWriter& xml, std::string_view what) {
  xml.open("DriftInformation").element(what, "NOT_CHECKED").close();
}

void write_outputs(wire::XmlWriter& xml, const std::vector<Output>& outputs) {
  if (outputs.empty()) return;
  xml.open("Outputs");
  for (const Output& output : outputs) {
    xml.open("member");
    element_if(xml, "Description", output.description);
    xml.element("OutputKey", output.key).element("OutputValue", output.value);
    element_if(xml, "ExportName", output.export_name);
    xml.close();
  }
  xml.close();
}

void write_stack(wire::XmlWriter& xml, const Stack& stack) {
  const Definition& now = stack.now;
  xml.open("member").element("StackId", stack.id).element("StackName", stack.name);
  element_if(xml, "ChangeSetId", stack.is_deleted() ? std::string() : stack.change_set_id);
  element_if(xml, "Description", now.description);
  write_parameters(xml, now);
  xml.element("CreationTime", wire::format_iso8601_millis(stack.created));
  time_if(xml, "DeletionTime", stack.deleted);
  time_if(xml, "LastUpdatedTime", stack.updated);
  xml.open("RollbackConfiguration").close();
  xml.element("StackStatus", stack.status);
  element_if(xml, "StackStatusReason", stack.status_reason);
  xml.element("DisableRollback", stack.disable_rollback);
  write_texts(xml, "NotificationARNs", now.notification_arns);
  if (stack.timeout_minutes > 0) xml.element("TimeoutInMinutes", static_cast<long long>(stack.timeout_minutes));
  if (!now.capabilities.empty()) write_texts(xml, "Capabilities", now.capabilities);
  write_outputs(xml, now.outputs);
  element_if(xml, "RoleARN", now.role_arn);
  write_tags(xml, now.tags);
  if (!stack.is_deleted()) xml.element("EnableTerminationProtection", stack.termination_protection);
  write_drift(xml, "StackDriftStatus");
  xml.close();
}

void write_event(wire::XmlWriter& xml, const Event& event) {
  xml.open("member").element("StackId", event.stack_id).element("EventId", event.id);
  xml.element("StackName", event.stack_name).element("LogicalResourceId", event.logical_id);
  xml.element("PhysicalResourceId", event.physical_id).element("ResourceType", event.type);
  xml.element("Timestamp", wire::format_iso8601_millis(event.at)).element("ResourceStatus", event.status);
  element_if(xml, "ResourceStatusReason", event.reason);
  element_if(xml, "ResourceProperties", event.properties);
  element_if(xml, "ClientRequestToken", event.client_token);
  xml.close();
}

/// The members that all three operations on resources show.
void write_resource(wire::XmlWriter& xml, const Resource& resource, std::string_view time_name) {
  xml.element("LogicalResourceId", resource.logical_id);
  element_if(xml, "PhysicalResourceId", resource.physical_id);
  xml.element("ResourceType", resource.type);
  xml.element(time_name, wire::format_iso8601_millis(resource.changed));
  xml.element("ResourceStatus", resource.status);
  element_if(xml, "ResourceStatusReason", resource.status_reason);
  write_drift(xml, "StackResourceDriftStatus");
}

AwsResult<std::string> describe_stacks(Operation& operation) {
  std::vector<Stack*> found;
  if (operation.input.contains("StackName")) {
    ASSIGN_OR_RETURN(Stack * stack, operation.allowed_stack("DescribeStacks", k_no_stack));
    found.push_back(stack);
  } else {
    RETURN_IF_ERROR(operation.allow("DescribeStacks", operation.stack_arn("*", "*")));
    found = operation.stacks().all(operation.call.region);
    std::erase_if(found, [](const Stack* stack) { return stack->is_deleted(); });
  }
  ASSIGN_OR_RETURN(const ListPage page, page_of(operation.input, found.size()));
  wire::XmlWriter xml(false);
  xml.open("Stacks");
  for (std::size_t i = page.begin; i < page.end; ++i) write_stack(xml, *found[i]);
  xml.close();
  element_if(xml, "NextToken", page.next);
  return xml.finish();
}

AwsResult<std::string> list_stacks(Operation& operation) {
  RETURN_IF_ERROR(operation.allow("ListStacks", "*"));
  const auto filter = operation.input.list("StackStatusFilter");
  auto found = operation.stacks().all(operation.call.region);
  std::erase_if(found, [&](const Stack* stack) {
    return !filter.empty() && std::ranges::find(filter, stack->status) == filter.end();
  });
  ASSIGN_OR_RETURN(const ListPage page, page_of(operation.input, found.size()));
  wire::XmlWriter xml(false);
  xml.open("StackSummaries");
  for (std::size_t i = page.begin; i < page.end; ++i) {
    const Stack& stack = *found[i];
    xml.open("member").element("StackId", stack.id).element("StackName", stack.name);
    element_if(xml, "TemplateDescription", stack.now.description);
    xml.element("CreationTime", wire::format_iso8601_millis(stack.created));
    time_if(xml, "LastUpdatedTime", stack.updated);
    time_if(xml, "DeletionTime", stack.deleted);
    xml.element("StackStatus", stack.status);
    element_if(xml, "StackStatusReason", stack.status_reason);
    write_drift(xml, "StackDriftStatus");
    xml.close();
  }
  xml.close();
  element_if(xml, "NextToken", page.next);
  return xml.finish();
}

AwsResult<std::string> describe_stack_events(Operation& operation) {
  ASSIGN_OR_RETURN(const Stack* stack, operation.allowed_stack("DescribeStackEvents", k_stack_missing));
  std::int64_t below = std::numeric_limits<std::int64_t>::max();
  if (const auto token = operation.input.get("NextToken")) {
    const auto parsed = parse_number<std::int64_t>(*token);
    if (!parsed) return invalid("Invalid NextToken");
    below = *parsed;
  }
  const auto page = operation.stacks().events(stack->id, below, k_events_page);
  wire::XmlWriter xml(false);
  xml.open("StackEvents");
  for (const Event& event : page.events) write_event(xml, event);
  xml.close();
  if (page.next_below > 0) xml.element("NextToken", std::to_string(page.next_below));
  return xml.finish();
}

AwsResult<std::string> describe_stack_resource(Operation& operation) {
  ASSIGN_OR_RETURN(const Stack* stack, operation.allowed_stack("DescribeStackResource", "Stack '{}' does not exist"));
  const std::string id = operation.text("LogicalResourceId");
  const Resource* resource = stack->find(id);
  if (resource == nullptr) return invalid(fmt::format("Resource {} does not exist for stack {}", id, stack->name));
  wire::XmlWriter xml(false);
  xml.open("StackResourceDetail").element("StackName", stack->name).element("StackId", stack->id);
  write_resource(xml, *resource, "LastUpdatedTimestamp");
  xml.element("Metadata", boost::json::serialize(resource->metadata));
  return xml.finish();
}

AwsResult<std::string> describe_stack_resources(Operation& operation) {
  const std::string physical = operation.text("PhysicalResourceId");
  const std::string logical = operation.text("LogicalResourceId");
  const Stack* stack = nullptr;
  if (operation.input.contains("StackName")) {
    ASSIGN_OR_RETURN(stack, operation.allowed_stack("DescribeStackResources", k_no_stack));
  } else {
    if (physical.empty()) return invalid("Either StackName or PhysicalResourceId must be specified.");
    RETURN_IF_ERROR(operation.allow("DescribeStackResources", operation.stack_arn("*", "*")));
    for (const Stack* one : operation.stacks().all(operation.call.region)) {
      const bool has = std::ranges::any_of(one->resources, [&](const Resource& resource) {
        return resource.physical_id == physical && resource.exists;
      });
      if (has) stack = one;
    }
    if (stack == nullptr) return invalid(fmt::format("Stack for {} does not exist", physical));
  }
  wire::XmlWriter xml(false);
  xml.open("StackResources");
  for (const Resource& resource : stack->resources) {
    if (!logical.empty() && resource.logical_id != logical) continue;
    xml.open("member").element("StackName", stack->name).element("StackId", stack->id);
    write_resource(xml, resource, "Timestamp");
    xml.close();
  }
  return xml.finish();
}

AwsResult<std::string> list_stack_resources(Operation& operation) {
  ASSIGN_OR_RETURN(const Stack* stack, operation.allowed_stack("ListStackResources", k_no_stack));
  ASSIGN_OR_RETURN(const ListPage page, page_of(operation.input, stack->resources.size()));
  wire::XmlWriter xml(false);
  xml.open("StackResourceSummaries");
  for (std::size_t i = page.begin; i < page.end; ++i) {
    xml.open("member");
    write_resource(xml, stack->resources[i], "LastUpdatedTimestamp");
    xml.close();
  }
  xml.close();
  element_if(xml, "NextToken", page.next);
  return xml.finish();
}

AwsResult<std::string> list_exports(Operation& operation) {
  RETURN_IF_ERROR(operation.allow("ListExports", "*"));
  const auto exports = operation.stacks().exports(operation.call.region);
  ASSIGN_OR_RETURN(const ListPage page, page_of(operation.input, exports.size()));
  wire::XmlWriter xml(false);
  xml.open("Exports");
  for (std::size_t i = page.begin; i < page.end; ++i) {
    xml.open("member").element("ExportingStackId", exports[i].stack->id);
    xml.element("Name", exports[i].output->export_name).element("Value", exports[i].output->value).close();
  }
  xml.close();
  element_if(xml, "NextToken", page.next);
  return xml.finish();
}

AwsResult<std::string> list_imports(Operation& operation) {
  RETURN_IF_ERROR(operation.allow("ListImports", "*"));
  const std::string name = operation.text("ExportName");
  const auto importers = operation.stacks().importers(operation.call.region, name);
  if (importers.empty()) return invalid(fmt::format("Export '{}' is not imported by any stack.", name));
  ASSIGN_OR_RETURN(const ListPage page, page_of(operation.input, importers.size()));
  wire::XmlWriter xml(false);
  xml.open("Imports");
  for (std::size_t i = page.begin; i < page.end; ++i) xml.element("member", importers[i]);
  xml.close();
  element_if(xml, "NextToken", page.next);
  return xml.finish();
}

constexpr Row k_operations[] = {
    {"DescribeStacks", describe_stacks},
    {"ListStacks", list_stacks},
    {"DescribeStackEvents", describe_stack_events},
    {"DescribeStackResource", describe_stack_resource},
    {"DescribeStackResources", describe_stack_resources},
    {"ListStackResources", list_stack_resources},
    {"ListExports", list_exports},
    {"ListImports", list_imports},
};

}  // namespace

std::span<const Row> description_operations() {
  return k_operations;
}

}  // namespace sortie::emulator::cloudformation
