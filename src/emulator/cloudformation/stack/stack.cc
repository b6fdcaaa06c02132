#include "emulator/cloudformation/stack/stack.h"

#include <algorithm>
#include <boost/json.hpp>

namespace sortie::emulator::cloudformation {
namespace json = boost::json;

namespace {

/// Reading is forgiving about members that are missing: the rows are our own, of this version or an earlier one.
std::string text(const json::object& object, std::string_view name) {
  const json::value* found = object.if_contains(name);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

bool flag(const json::object& object, std::string_view name) {
  const json::value* found = object.if_contains(name);
  return found != nullptr && found->is_bool() && found->get_bool();
}

std::optional<SystemTime> time(const json::object& object, std::string_view name) {
  const json::value* found = object.if_contains(name);
  if (found == nullptr || !found->is_int64()) return std::nullopt;
  return SystemTime{std::chrono::milliseconds{found->get_int64()}};
}

json::object object_of(const json::object& object, std::string_view name) {
  const json::value* found = object.if_contains(name);
  return found != nullptr && found->is_object() ? found->get_object() : json::object();
}

json::array array_of(const json::object& object, std::string_view name) {
  const json::value* found = object.if_contains(name);
  return found != nullptr && found->is_array() ? found->get_array() : json::array();
}

std::vector<std::string> texts(const json::object& object, std::string_view name) {
  std::vector<std::string> result;
  for (const json::value& item : array_of(object, name)) {
    if (item.is_string()) result.emplace_back(item.get_string());
  }
  return result;
}

json::array to_json(const std::vector<std::string>& list) {
  json::array result;
  for (const std::string& item : list) result.emplace_back(item);
  return result;
}

std::int64_t to_json(SystemTime at) {
  return at.time_since_epoch().count();
}

}  // namespace

ParameterTexts Definition::values() const {
  ParameterTexts all = parameters;
  for (const auto& [name, value] : stored) {
    if (const auto text = all.find(name); text != all.end()) text->second = value;
  }
  return all;
}

json::object to_json(const Resource& resource) {
  return {{"logical_id", resource.logical_id},
          {"type", resource.type},
          {"physical_id", resource.physical_id},
          {"status", resource.status},
          {"status_reason", resource.status_reason},
          {"changed", to_json(resource.changed)},
          {"properties", resource.properties},
          {"attributes", resource.attributes},
          {"metadata", resource.metadata},
          {"references", resource.references},
          {"deletion_policy", resource.deletion_policy},
          {"update_replace_policy", resource.update_replace_policy},
          {"depends_on", to_json(resource.depends_on)},
          {"exists", resource.exists}};
}

Resource resource_from_json(const json::object& object) {
  return {.logical_id = text(object, "logical_id"),
          .type = text(object, "type"),
          .physical_id = text(object, "physical_id"),
          .status = text(object, "status"),
          .status_reason = text(object, "status_reason"),
          .changed = time(object, "changed").value_or(SystemTime{}),
          .properties = object_of(object, "properties"),
          .attributes = object_of(object, "attributes"),
          .metadata = object_of(object, "metadata"),
          .references = object_of(object, "references"),
          .deletion_policy = text(object, "deletion_policy"),
          .update_replace_policy = text(object, "update_replace_policy"),
          .depends_on = texts(object, "depends_on"),
          .exists = flag(object, "exists")};
}

namespace {

json::array to_json(const std::vector<Resource>& resources) {
  json::array result;
  for (const Resource& resource : resources) result.push_back(to_json(resource));
  return result;
}

std::vector<Resource> resources_from_json(const json::array& list) {
  std::vector<Resource> result;
  for (const json::value& item : list) {
    if (item.is_object()) result.push_back(resource_from_json(item.get_object()));
  }
  return result;
}

json::object to_json(const Definition& definition) {
  json::object parameters;
  for (const auto& [name, value] : definition.parameters) parameters[name] = value;
  json::object stored;
  for (const auto& [name, value] : definition.stored) stored[name] = value;
  json::array tags;
  for (const auto& [key, value] : definition.tags) tags.push_back(json::array{json::string(key), json::string(value)});
  json::array outputs;
  for (const Output& output : definition.outputs) {
    outputs.push_back(json::object{{"key", output.key},
                                   {"value", output.value},
                                   {"description", output.description},
                                   {"export_name", output.export_name}});
  }
  return {{"template_body", definition.template_body},
          {"processed_body", definition.processed_body},
          {"parameters", std::move(parameters)},
          {"stored", std::move(stored)},
          {"tags", std::move(tags)},
          {"capabilities", to_json(definition.capabilities)},
          {"notification_arns", to_json(definition.notification_arns)},
          {"role_arn", definition.role_arn},
          {"description", definition.description},
          {"outputs", std::move(outputs)},
          {"imports", to_json(definition.imports)}};
}

Definition definition_from_json(const json::object& object) {
  Definition definition;
  definition.template_body = text(object, "template_body");
  definition.processed_body = text(object, "processed_body");
  for (const auto& member : object_of(object, "parameters")) {
    if (member.value().is_string()) definition.parameters.emplace(member.key(), member.value().get_string());
  }
  for (const auto& member : object_of(object, "stored")) {
    if (member.value().is_string()) definition.stored.emplace(member.key(), member.value().get_string());
  }
  for (const json::value& tag : array_of(object, "tags")) {
    if (!tag.is_array() || tag.get_array().size() != 2) continue;
    definition.tags.emplace_back(tag.get_array()[0].as_string(), tag.get_array()[1].as_string());
  }
  definition.capabilities = texts(object, "capabilities");
  definition.notification_arns = texts(object, "notification_arns");
  definition.role_arn = text(object, "role_arn");
  definition.description = text(object, "description");
  for (const json::value& item : array_of(object, "outputs")) {
    if (!item.is_object()) continue;
    const json::object& output = item.get_object();
    definition.outputs.push_back(
        {text(output, "key"), text(output, "value"), text(output, "description"), text(output, "export_name")});
  }
  definition.imports = texts(object, "imports");
  return definition;
}

void put_time(json::object& object, std::string_view name, const std::optional<SystemTime>& at) {
  if (at) object[name] = to_json(*at);
}

}  // namespace

Resource* Stack::find(std::string_view logical_id) {
  const auto found = std::ranges::find(resources, logical_id, &Resource::logical_id);
  return found == resources.end() ? nullptr : &*found;
}

const Resource* Stack::find(std::string_view logical_id) const {
  const auto found = std::ranges::find(resources, logical_id, &Resource::logical_id);
  return found == resources.end() ? nullptr : &*found;
}

json::object to_json(const Stack& stack) {
  json::object object{{"id", stack.id},
                      {"name", stack.name},
                      {"region", stack.region},
                      {"status", stack.status},
                      {"status_reason", stack.status_reason},
                      {"created", to_json(stack.created)},
                      {"now", to_json(stack.now)},
                      {"disable_rollback", stack.disable_rollback},
                      {"on_failure", stack.on_failure},
                      {"timeout_minutes", stack.timeout_minutes},
                      {"termination_protection", stack.termination_protection},
                      {"client_token", stack.client_token},
                      {"change_set_id", stack.change_set_id},
                      {"stack_policy", stack.stack_policy},
                      {"cleanup", to_json(stack.cleanup)}};
  put_time(object, "updated", stack.updated);
  put_time(object, "deleted", stack.deleted);
  if (stack.before) {
    object["before"] = json::object{{"definition", to_json(stack.before->definition)},
                                    {"resources", to_json(stack.before->resources)},
                                    {"added", to_json(stack.before->added)}};
  }
  return object;
}

Stack stack_from_json(const json::object& object) {
  Stack stack;
  stack.id = text(object, "id");
  stack.name = text(object, "name");
  stack.region = text(object, "region");
  stack.status = text(object, "status");
  stack.status_reason = text(object, "status_reason");
  stack.created = time(object, "created").value_or(SystemTime{});
  stack.updated = time(object, "updated");
  stack.deleted = time(object, "deleted");
  stack.now = definition_from_json(object_of(object, "now"));
  stack.disable_rollback = flag(object, "disable_rollback");
  stack.on_failure = text(object, "on_failure");
  const json::value* minutes = object.if_contains("timeout_minutes");
  stack.timeout_minutes = minutes != nullptr && minutes->is_int64() ? static_cast<int>(minutes->get_int64()) : 0;
  stack.termination_protection = flag(object, "termination_protection");
  stack.client_token = text(object, "client_token");
  stack.change_set_id = text(object, "change_set_id");
  stack.stack_policy = text(object, "stack_policy");
  stack.cleanup = resources_from_json(array_of(object, "cleanup"));
  if (object.contains("before")) {
    const json::object before = object_of(object, "before");
    stack.before = Stack::Before{definition_from_json(object_of(before, "definition")),
                                 resources_from_json(array_of(before, "resources")), texts(before, "added")};
  }
  return stack;
}

json::object to_json(const ChangeSet& change_set) {
  return {{"id", change_set.id},
          {"name", change_set.name},
          {"stack_id", change_set.stack_id},
          {"stack_name", change_set.stack_name},
          {"description", change_set.description},
          {"type", change_set.type},
          {"status", change_set.status},
          {"status_reason", change_set.status_reason},
          {"execution_status", change_set.execution_status},
          {"created", to_json(change_set.created)},
          {"definition", to_json(change_set.definition)},
          {"changes", change_set.changes},
          {"on_failure", change_set.on_failure}};
}

ChangeSet change_set_from_json(const json::object& object) {
  return {.id = text(object, "id"),
          .name = text(object, "name"),
          .stack_id = text(object, "stack_id"),
          .stack_name = text(object, "stack_name"),
          .description = text(object, "description"),
          .type = text(object, "type"),
          .status = text(object, "status"),
          .status_reason = text(object, "status_reason"),
          .execution_status = text(object, "execution_status"),
          .created = time(object, "created").value_or(SystemTime{}),
          .definition = definition_from_json(object_of(object, "definition")),
          .changes = array_of(object, "changes"),
          .on_failure = text(object, "on_failure")};
}

}  // namespace sortie::emulator::cloudformation
