#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "emulator/cloudformation/changes.h"
#include "emulator/cloudformation/service.h"
#include "emulator/core/protocol.h"
#include "wire/arn.h"
#include "wire/date.h"

/// Change sets: an update, or a creation, looked at before it is made.
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

/// The name of an executed change set is free again. That of a failed one as well, which AWS refuses: there nobody is
/// back within the second by which the AWS CLI names its change sets, here the next `deploy` is.
bool keeps_its_name(const ChangeSet* there) {
  return there != nullptr && there->execution_status != "EXECUTE_COMPLETE" && there->status != "FAILED";
}

bool may_have_change_sets(const Stack& stack) {
  return stack.status == "REVIEW_IN_PROGRESS" || stack.status == "UPDATE_ROLLBACK_COMPLETE" ||
         stack.status == "CREATE_COMPLETE" || stack.status == "UPDATE_COMPLETE" || stack.status == "UPDATE_FAILED";
}

}  // namespace

Service::Answer Service::create_change_set(const Request& request) {
  const std::string stack_name = request.text("StackName");
  const std::string name = request.text("ChangeSetName");
  RETURN_IF_ERROR(check_name(stack_name, "stackName", true));
  RETURN_IF_ERROR(check_name(name, "changeSetName", false));
  const std::string type = std::string(request.input.get_or("ChangeSetType", "UPDATE"));
  Stack* stack = stacks_.find(request.call.region, stack_name);
  RETURN_IF_ERROR(authorize(request.call, "CreateChangeSet",
                            stack != nullptr ? stack->id : stack_arn(request.call, stack_name, "*"),
                            {{"cloudformation:ChangeSetName", name}}));
  if (type != "CREATE" && type != "UPDATE") {
    return invalid(
        fmt::format("1 validation error detected: Value '{}' at 'changeSetType' failed to satisfy constraint: Member "
                    "must satisfy enum value set: [IMPORT, UPDATE, CREATE]",
                    type));
  }
  const bool in_review = stack != nullptr && stack->status == "REVIEW_IN_PROGRESS";
  if (type == "CREATE" && stack != nullptr && !in_review) {
    return invalid(fmt::format("Stack [{}] already exists and cannot be created again with the changeSet [{}].",
                               stack->name, name));
  }
  if (type == "UPDATE" && (stack == nullptr || stack->is_deleted())) {
    return invalid(fmt::format("Stack [{}] does not exist", stack_name));
  }
  if (stack != nullptr && !may_have_change_sets(*stack)) {
    return invalid(fmt::format("Stack:{} is in {} state and can not be updated.", stack->id, stack->status));
  }
  const ChangeSet* there = stack == nullptr ? nullptr : stacks_.find_change_set(stack->id, name);
  if (keeps_its_name(there)) {
    return aws_fail(
        409, "AlreadyExistsException",
        fmt::format("ChangeSet {} cannot be created because a change set with that name already exists for stack {}",
                    name, stack->name));
  }
  Stack fresh;
  fresh.name = stack_name;
  fresh.region = request.call.region;
  fresh.id = stack_arn(request.call, stack_name, make_request_id());
  fresh.created = engine_->clock().now();
  const Stack& base = stack != nullptr ? *stack : fresh;
  const StackFacts facts = engine_->facts_of(base);
  ASSIGN_OR_RETURN(Reading reading, read_definition(request, base.now, facts, true));
  ChangeSet change_set;
  change_set.status = "CREATE_IN_PROGRESS";
  change_set.execution_status = "UNAVAILABLE";
  if (!reading.unprocessed) {
    ASSIGN_OR_RETURN(Preview changes,
                     preview(base, reading.definition, reading.whole, facts, engine_->exports_of(base.region)));
    const bool useless = changes.empty() && !in_review && stack != nullptr;
    change_set.status = useless ? "FAILED" : "CREATE_COMPLETE";
    change_set.status_reason = useless ? k_no_changes : "";
    change_set.execution_status = useless ? "UNAVAILABLE" : "AVAILABLE";
    change_set.changes = std::move(changes.changes);
  }
  ASSIGN_OR_RETURN(Caller caller, allowed_caller(request, reading.definition.role_arn));
  change_set.definition = std::move(reading.definition);
  change_set.name = name;
  change_set.id = fmt::format("arn:{}:cloudformation:{}:{}:changeSet/{}/{}", wire::partition_of(base.region),
                              base.region, options_.account, name, make_request_id());
  change_set.stack_id = base.id;
  change_set.stack_name = base.name;
  change_set.description = request.text("Description");
  change_set.type = type;
  change_set.created = engine_->clock().now();
  change_set.on_failure = request.text("OnStackFailure");
  if (stack == nullptr) {
    stack = &stacks_.add(std::move(fresh));
    stack->client_token = request.text("ClientToken");
    engine_->note_stack(*stack, "REVIEW_IN_PROGRESS", "User Initiated");
  }
  if (there != nullptr && there->status == "FAILED") stacks_.erase_change_set(std::string(there->id));
  ChangeSet& kept = stacks_.add_change_set(std::move(change_set));
  if (reading.unprocessed) engine_->begin_change_set(kept, std::move(caller), std::move(*reading.unprocessed));
  wire::XmlWriter xml(false);
  return xml.element("Id", kept.id).element("StackId", stack->id).finish();
}

AwsResult<ChangeSet*> Service::find_change_set(const Request& request, std::string_view action) {
  const std::string name = request.text("ChangeSetName");
  RETURN_IF_ERROR(check_name(name, "changeSetName", true));
  const auto missing = [&] {
    return aws_fail(404, "ChangeSetNotFound", fmt::format("ChangeSet [{}] does not exist", name));
  };
  if (name.starts_with("arn:")) {
    ChangeSet* change_set = stacks_.find_change_set(name);
    RETURN_IF_ERROR(authorize(request.call, action, change_set != nullptr ? change_set->stack_id : std::string("*"),
                              {{"cloudformation:ChangeSetName", change_set != nullptr ? change_set->name : name}}));
    if (change_set == nullptr) return missing();
    return change_set;
  }
  if (!request.input.contains("StackName"))
    return invalid("StackName must be specified if ChangeSetName is not specified as an ARN.");
  const std::string stack_name = request.text("StackName");
  const Stack* stack = stacks_.find(request.call.region, stack_name);
  RETURN_IF_ERROR(authorize(request.call, action,
                            stack != nullptr ? stack->id : stack_arn(request.call, stack_name, "*"),
                            {{"cloudformation:ChangeSetName", name}}));
  if (stack == nullptr) return invalid(fmt::format("Stack [{}] does not exist", stack_name));
  ChangeSet* change_set = stacks_.find_change_set(stack->id, name);
  if (change_set == nullptr) return missing();
  return change_set;
}

Service::Answer Service::describe_change_set(const Request& request) {
  ASSIGN_OR_RETURN(const ChangeSet* change_set, find_change_set(request, "DescribeChangeSet"));
  const Definition& definition = change_set->definition;
  ASSIGN_OR_RETURN(const ListPage page, page_of(request.input, change_set->changes.size()));
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
    write_change(xml, change_set->changes[i].as_object(), request.flag("IncludePropertyValues"));
  }
  xml.close();
  element_if(xml, "NextToken", page.next);
  xml.element("IncludeNestedStacks", false);
  element_if(xml, "OnStackFailure", change_set->on_failure);
  return xml.finish();
}

Service::Answer Service::list_change_sets(const Request& request) {
  ASSIGN_OR_RETURN(const Stack* stack, allowed_stack(request, "ListChangeSets", "Stack [{}] does not exist"));
  const auto change_sets = stacks_.change_sets(stack->id);
  ASSIGN_OR_RETURN(const ListPage page, page_of(request.input, change_sets.size()));
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

Service::Answer Service::execute_change_set(const Request& request) {
  ASSIGN_OR_RETURN(ChangeSet * change_set, find_change_set(request, "ExecuteChangeSet"));
  Stack* stack = stacks_.find_by_id(change_set->stack_id);
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
  ASSIGN_OR_RETURN(Caller caller, engine_->caller_for(request.call, change_set->definition.role_arn));
  change_set->execution_status = "EXECUTE_COMPLETE";
  stacks_.save(*change_set);
  const std::string id = change_set->id;
  for (const ChangeSet* other : stacks_.change_sets(stack->id)) {
    if (other->id != id) stacks_.erase_change_set(std::string(other->id));
  }
  stack->change_set_id = id;
  stack->client_token = request.text("ClientRequestToken");
  stack->disable_rollback = request.flag("DisableRollback") || change_set->on_failure == "DO_NOTHING";
  if (change_set->type == "CREATE") {
    stack->on_failure = stack->disable_rollback          ? "DO_NOTHING"
                        : change_set->on_failure.empty() ? "ROLLBACK"
                                                         : change_set->on_failure;
    stack->now = change_set->definition;
    stack->updated = engine_->clock().now();
    engine_->begin_create(*stack, std::move(caller), std::nullopt);
  } else {
    engine_->begin_update(*stack, change_set->definition, std::move(caller), std::nullopt);
  }
  return "\n";
}

Service::Answer Service::delete_change_set(const Request& request) {
  auto found = find_change_set(request, "DeleteChangeSet");
  // One that is not there is deleted.
  if (!found && found.error().code == "ChangeSetNotFound") return "\n";
  if (!found) return std::unexpected(found.error());
  if ((*found)->execution_status == "EXECUTE_COMPLETE") {
    return aws_fail(400, "InvalidChangeSetStatus",
                    fmt::format("ChangeSet [{}] cannot be deleted in its current execution status", (*found)->id));
  }
  stacks_.erase_change_set(std::string((*found)->id));
  return "\n";
}

}  // namespace sortie::emulator::cloudformation
