#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "emulator/cloudformation/api/definition.h"
#include "emulator/cloudformation/api/operation.h"
#include "emulator/cloudformation/engine/changes.h"
#include "emulator/core/protocol.h"
#include "wire/arn.h"
#include "wire/date.h"

/// Change sets: updates and creations that are described before they are executed.
namespace sortie::emulator::cloudformation {
namespace {

namespace json = boost::json;

std::string text_of_member(const json::object& object, std::string_view name) {
  const json::value* found = object.if_contains(name);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

json::array array_of_member(const json::object& object, std::string_view name) {
  const json::value* found = object.if_contains(name);
  return found != nullptr && found->is_array() ? found->get_array() : json::array();
}

void write_detail(wire::XmlWriter& xml, const json::object& detail, bool with_values) {
  xml.open("member");
  if (const json::value* target = detail.if_contains("Target"); target != nullptr && target->is_object()) {
    xml.open("Target");
    for (const char* name : {"Attribute", "Name", "RequiresRecreation"}) {
      element_if(xml, name, text_of_member(target->get_object(), name));
    }
    for (const char* name : {"Path", "BeforeValue", "AfterValue", "AttributeChangeType"}) {
      if (with_values) element_if(xml, name, text_of_member(target->get_object(), name));
    }
    xml.close();
  }
  for (const char* name : {"Evaluation", "ChangeSource", "CausingEntity"})
    element_if(xml, name, text_of_member(detail, name));
  xml.close();
}

void write_change(wire::XmlWriter& xml, const json::object& change, bool with_values) {
  xml.open("member").element("Type", "Resource").open("ResourceChange");
  for (const char* name :
       {"PolicyAction", "Action", "LogicalResourceId", "PhysicalResourceId", "ResourceType", "Replacement"}) {
    element_if(xml, name, text_of_member(change, name));
  }
  xml.open("Scope");
  for (const json::value& scope : array_of_member(change, "Scope"))
    xml.element("member", std::string_view(scope.as_string()));
  xml.close().open("Details");
  for (const json::value& detail : array_of_member(change, "Details"))
    write_detail(xml, detail.as_object(), with_values);
  xml.close();
  if (with_values) {
    for (const char* name : {"BeforeContext", "AfterContext"}) element_if(xml, name, text_of_member(change, name));
  }
  xml.close().close();
}

/// The name of an executed change set is free again. That of a failed one as well, which AWS refuses: there no
/// `deploy` ends within the second by which the AWS CLI names its change sets, here the next one begins in it.
bool keeps_its_name(const ChangeSet* there) {
  return there != nullptr && there->execution_status != "EXECUTE_COMPLETE" && there->status != "FAILED";
}

bool may_have_change_sets(const Stack& stack) {
  return stack.status == "REVIEW_IN_PROGRESS" || stack.status == "UPDATE_ROLLBACK_COMPLETE" ||
         stack.status == "CREATE_COMPLETE" || stack.status == "UPDATE_COMPLETE" || stack.status == "UPDATE_FAILED";
}

/// Whether a change set of this type can be made of a stack that is `stack`; null: there is none.
AwsResult<void> check_type(const std::string& type, const Stack* stack, const std::string& stack_name,
                           const std::string& name) {
  if (type != "CREATE" && type != "UPDATE") {
    return invalid(
        fmt::format("1 validation error detected: Value '{}' at 'changeSetType' failed to satisfy constraint: Member "
                    "must satisfy enum value set: [IMPORT, UPDATE, CREATE]",
                    type));
  }
  if (type == "CREATE" && stack != nullptr && stack->status != "REVIEW_IN_PROGRESS") {
    return invalid(fmt::format("Stack [{}] already exists and cannot be created again with the changeSet [{}].",
                               stack->name, name));
  }
  if (type == "UPDATE" && (stack == nullptr || stack->is_deleted())) {
    return invalid(fmt::format("Stack [{}] does not exist", stack_name));
  }
  if (stack != nullptr && !may_have_change_sets(*stack)) {
    return invalid(fmt::format("Stack:{} is in {} state and can not be updated.", stack->id, stack->status));
  }
  return {};
}

/// The change set that the request makes of `base`, not stored. It is in CREATE_IN_PROGRESS while its macros have to
/// run, else complete, or failed because there are no changes; those of a stack in review (`in_review`) cannot fail so.
AwsResult<ChangeSet> read_change_set(const Operation& operation, const Stack& base, bool in_review,
                                     const Reading& reading) {
  ChangeSet change_set;
  change_set.status = "CREATE_IN_PROGRESS";
  change_set.execution_status = "UNAVAILABLE";
  if (!reading.unprocessed) {
    ASSIGN_OR_RETURN(Preview changes, preview(base, reading.definition, reading.whole, operation.engine.facts_of(base),
                                              operation.engine.exports_of(base.region)));
    const bool useless = changes.empty() && !in_review;
    change_set.status = useless ? "FAILED" : "CREATE_COMPLETE";
    change_set.status_reason = useless ? k_no_changes : "";
    change_set.execution_status = useless ? "UNAVAILABLE" : "AVAILABLE";
    change_set.changes = std::move(changes.changes);
  }
  change_set.name = operation.text("ChangeSetName");
  change_set.id = fmt::format("arn:{}:cloudformation:{}:{}:changeSet/{}/{}", wire::partition_of(base.region),
                              base.region, operation.account, change_set.name, make_request_id());
  change_set.stack_id = base.id;
  change_set.stack_name = base.name;
  change_set.description = operation.text("Description");
  change_set.type = operation.input.get_or("ChangeSetType", "UPDATE");
  change_set.created = operation.engine.clock().now();
  change_set.on_failure = operation.text("OnStackFailure");
  return change_set;
}

/// A stack that nothing is known of yet but its name.
Stack new_stack(const Operation& operation, const std::string& name) {
  Stack stack;
  stack.name = name;
  stack.region = operation.call.region;
  stack.id = operation.stack_arn(name, make_request_id());
  stack.created = operation.engine.clock().now();
  return stack;
}

AwsResult<std::string> create_change_set(Operation& operation) {
  const std::string stack_name = operation.text("StackName");
  const std::string name = operation.text("ChangeSetName");
  RETURN_IF_ERROR(check_name(stack_name, "stackName", true));
  RETURN_IF_ERROR(check_name(name, "changeSetName", false));
  Stack* stack = operation.stacks().find(operation.call.region, stack_name);
  RETURN_IF_ERROR(operation.allow("CreateChangeSet",
                                  stack != nullptr ? stack->id : operation.stack_arn(stack_name, "*"),
                                  {{"cloudformation:ChangeSetName", name}}));
  RETURN_IF_ERROR(check_type(std::string(operation.input.get_or("ChangeSetType", "UPDATE")), stack, stack_name, name));
  const ChangeSet* there = stack == nullptr ? nullptr : operation.stacks().find_change_set(stack->id, name);
  if (keeps_its_name(there)) {
    return aws_fail(
        409, "AlreadyExistsException",
        fmt::format("ChangeSet {} cannot be created because a change set with that name already exists for stack {}",
                    name, stack->name));
  }
  Stack fresh = new_stack(operation, stack_name);
  const Stack& base = stack != nullptr ? *stack : fresh;
  ASSIGN_OR_RETURN(Reading reading, read_definition(operation, base.now, operation.engine.facts_of(base), true));
  const bool in_review = stack == nullptr || stack->status == "REVIEW_IN_PROGRESS";
  ASSIGN_OR_RETURN(ChangeSet change_set, read_change_set(operation, base, in_review, reading));
  ASSIGN_OR_RETURN(Caller caller, operation.allowed_caller(reading.definition.role_arn));
  change_set.definition = std::move(reading.definition);
  if (stack == nullptr) {
    stack = &operation.stacks().add(std::move(fresh));
    stack->client_token = operation.text("ClientToken");
    operation.engine.begin_review(*stack);
  }
  if (there != nullptr && there->status == "FAILED") operation.stacks().erase_change_set(std::string(there->id));
  ChangeSet& kept = operation.stacks().add_change_set(std::move(change_set));
  if (reading.unprocessed) {
    operation.engine.begin_change_set(kept, std::move(caller), std::move(*reading.unprocessed));
  }
  wire::XmlWriter xml(false);
  return xml.element("Id", kept.id).element("StackId", stack->id).finish();
}

AwsResult<std::string> describe_change_set(Operation& operation) {
  ASSIGN_OR_RETURN(const ChangeSet* change_set, operation.allowed_change_set("DescribeChangeSet"));
  const Definition& definition = change_set->definition;
  ASSIGN_OR_RETURN(const ListPage page, page_of(operation.input, change_set->changes.size()));
  wire::XmlWriter xml(false);
  xml.element("ChangeSetName", change_set->name).element("ChangeSetId", change_set->id);
  xml.element("StackId", change_set->stack_id).element("StackName", change_set->stack_name);
  element_if(xml, "Description", change_set->description);
  write_parameters(xml, definition);
  xml.element("CreationTime", wire::format_iso8601_millis(change_set->created));
  xml.element("ExecutionStatus", change_set->execution_status).element("Status", change_set->status);
  element_if(xml, "StatusReason", change_set->status_reason);
  write_texts(xml, "NotificationARNs", definition.notification_arns);
  xml.open("RollbackConfiguration").close();
  write_texts(xml, "Capabilities", definition.capabilities);
  if (!definition.tags.empty()) write_tags(xml, definition.tags);
  xml.open("Changes");
  for (std::size_t i = page.begin; i < page.end; ++i) {
    write_change(xml, change_set->changes[i].as_object(), operation.flag("IncludePropertyValues"));
  }
  xml.close();
  element_if(xml, "NextToken", page.next);
  xml.element("IncludeNestedStacks", false);
  element_if(xml, "OnStackFailure", change_set->on_failure);
  return xml.finish();
}

AwsResult<std::string> list_change_sets(Operation& operation) {
  ASSIGN_OR_RETURN(const Stack* stack, operation.allowed_stack("ListChangeSets", "Stack [{}] does not exist"));
  const auto change_sets = operation.stacks().change_sets(stack->id);
  ASSIGN_OR_RETURN(const ListPage page, page_of(operation.input, change_sets.size()));
  wire::XmlWriter xml(false);
  xml.open("Summaries");
  for (std::size_t i = page.begin; i < page.end; ++i) {
    const ChangeSet& one = *change_sets[i];
    xml.open("member").element("StackId", one.stack_id).element("StackName", one.stack_name);
    xml.element("ChangeSetId", one.id).element("ChangeSetName", one.name);
    xml.element("ExecutionStatus", one.execution_status).element("Status", one.status);
    element_if(xml, "StatusReason", one.status_reason);
    xml.element("CreationTime", wire::format_iso8601_millis(one.created));
    element_if(xml, "Description", one.description);
    xml.element("IncludeNestedStacks", false).close();
  }
  xml.close();
  element_if(xml, "NextToken", page.next);
  return xml.finish();
}

AwsResult<std::string> execute_change_set(Operation& operation) {
  ASSIGN_OR_RETURN(ChangeSet * change_set, operation.allowed_change_set("ExecuteChangeSet"));
  Stack* stack = operation.stacks().find_by_id(change_set->stack_id);
  if (stack == nullptr || stack->is_deleted())
    return invalid(fmt::format("Stack [{}] does not exist", change_set->stack_name));
  if (change_set->execution_status != "AVAILABLE") {
    const bool failed = change_set->status != "CREATE_COMPLETE";
    return aws_fail(
        400, "InvalidChangeSetStatus",
        fmt::format("ChangeSet [{}] cannot be executed in its current {}status of [{}]", change_set->id,
                    failed ? "" : "execution ", failed ? change_set->status : change_set->execution_status));
  }
  if (!may_have_change_sets(*stack)) {
    return invalid(fmt::format("Stack:{} is in {} state and can not be updated.", stack->id, stack->status));
  }
  ASSIGN_OR_RETURN(Caller caller, operation.engine.caller_for(operation.call, change_set->definition.role_arn));
  change_set->execution_status = "EXECUTE_COMPLETE";
  operation.stacks().save(*change_set);
  const std::string id = change_set->id;
  for (const ChangeSet* other : operation.stacks().change_sets(stack->id)) {
    if (other->id != id) operation.stacks().erase_change_set(std::string(other->id));
  }
  stack->change_set_id = id;
  stack->client_token = operation.text("ClientRequestToken");
  stack->disable_rollback = operation.flag("DisableRollback") || change_set->on_failure == "DO_NOTHING";
  if (change_set->type == "CREATE") {
    stack->on_failure = stack->disable_rollback          ? "DO_NOTHING"
                        : change_set->on_failure.empty() ? "ROLLBACK"
                                                         : change_set->on_failure;
    stack->now = change_set->definition;
    stack->updated = operation.engine.clock().now();
    operation.engine.begin_create(*stack, std::move(caller), std::nullopt);
  } else {
    operation.engine.begin_update(*stack, change_set->definition, std::move(caller), std::nullopt);
  }
  return "\n";
}

AwsResult<std::string> delete_change_set(Operation& operation) {
  auto found = operation.allowed_change_set("DeleteChangeSet");
  // One that is not there is deleted.
  if (!found && found.error().code == "ChangeSetNotFound") return "\n";
  if (!found) return std::unexpected(found.error());
  if ((*found)->execution_status == "EXECUTE_COMPLETE") {
    return aws_fail(400, "InvalidChangeSetStatus",
                    fmt::format("ChangeSet [{}] cannot be deleted in its current execution status", (*found)->id));
  }
  operation.stacks().erase_change_set(std::string((*found)->id));
  return "\n";
}

constexpr Row k_operations[] = {
    {"CreateChangeSet", create_change_set, {}, "notifications, rollback triggers, imports, nested stacks"},
    {"DescribeChangeSet", describe_change_set},
    {"ListChangeSets", list_change_sets},
    {"ExecuteChangeSet", execute_change_set},
    {"DeleteChangeSet", delete_change_set},
};

}  // namespace

std::span<const Row> change_set_operations() {
  return k_operations;
}

}  // namespace sortie::emulator::cloudformation
