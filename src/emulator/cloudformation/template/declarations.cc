#include "emulator/cloudformation/template/declarations.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "emulator/cloudformation/template/values.h"

namespace sortie::emulator::cloudformation {
namespace {

namespace json = boost::json;

constexpr std::array k_resource_keys = {"Type",        "Properties",     "DependsOn",           "Condition",
                                        "Metadata",    "DeletionPolicy", "UpdateReplacePolicy", "CreationPolicy",
                                        "UpdatePolicy"};
constexpr std::array k_parameter_keys = {"Type",      "Default",   "NoEcho",   "Description",   "ConstraintDescription",
                                         "MinLength", "MaxLength", "MinValue", "AllowedValues", "AllowedPattern",
                                         "MaxValue"};

template <class Names>
bool contains(const Names& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

bool is_alphanumeric(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  });
}

/// A member that AWS does not have there.
template <class Names>
AwsResult<void> check_keys(const json::object& object, const Names& known, std::string_view what) {
  for (const auto& member : object) {
    if (contains(known, member.key())) continue;
    return invalid(fmt::format("Invalid template {} property '{}'", what, std::string_view(member.key())));
  }
  return {};
}

template <class Number>
AwsResult<std::optional<Number>> number_member(const json::object& object, std::string_view name,
                                               const std::string& parameter) {
  ASSIGN_OR_RETURN(const std::string text, text_member(object, name, "[/Parameters/" + parameter + "]"));
  if (text.empty()) return std::optional<Number>();
  const auto number = to_number(text);
  if (!number)
    return invalid(fmt::format("Template format error: {} of parameter {} must be a number.", name, parameter));
  return std::optional<Number>(static_cast<Number>(*number));
}

AwsResult<void> read_allowed_values(const json::object& object, ParameterDeclaration& parameter) {
  const json::value* allowed = object.if_contains("AllowedValues");
  if (allowed == nullptr) return {};
  const json::array* list = allowed->if_array();
  if (list == nullptr) return invalid("Template format error: Every AllowedValues member must be a list.");
  for (const json::value& item : *list) {
    const auto text = scalar_text(item);
    if (!text) return invalid("Template format error: Every AllowedValues value must be a string.");
    parameter.allowed_values.push_back(*text);
  }
  return {};
}

AwsResult<std::string> read_policy(const json::object& object, std::string_view name, bool on_delete) {
  const json::value* found = object.if_contains(name);
  if (found == nullptr) return std::string();
  const json::string* text = found->if_string();
  if (text == nullptr) return invalid(fmt::format("Template format error: Every {} member must be a string.", name));
  const bool known =
      *text == "Delete" || *text == "Retain" || *text == "Snapshot" || (on_delete && *text == "RetainExceptOnCreate");
  if (!known) return invalid(fmt::format("Template format error: Unrecognized {} {}", name, std::string_view(*text)));
  return std::string(*text);
}

AwsResult<void> read_depends_on(const json::object& object, ResourceDeclaration& resource) {
  const json::value* found = object.if_contains("DependsOn");
  if (found == nullptr) return {};
  const auto refuse = [] { return invalid("Template format error: DependsOn must be a string or list of strings."); };
  if (const auto* text = found->if_string()) {
    resource.depends_on.emplace_back(*text);
    return {};
  }
  const json::array* list = found->if_array();
  if (list == nullptr) return refuse();
  for (const json::value& item : *list) {
    if (!item.is_string()) return refuse();
    resource.depends_on.emplace_back(item.get_string());
  }
  return {};
}

/// The members Type, CreationPolicy and UpdatePolicy.
AwsResult<void> read_type(const json::object& object, ResourceDeclaration& resource) {
  const std::string& name = resource.logical_id;
  const json::value* type = object.if_contains("Type");
  if (type == nullptr) {
    return invalid(
        fmt::format("Template format error: [/Resources/{}] Every Resources object must contain a Type member.", name));
  }
  if (!type->is_string())
    return invalid(fmt::format("Template format error: [/Resources/{}/Type] Type must be a string.", name));
  resource.type = std::string(type->get_string());
  for (std::string_view unsupported : {"CreationPolicy", "UpdatePolicy"}) {
    if (object.contains(unsupported)) {
      return invalid(fmt::format("The embedded AWS does not implement {} (resource {}). AWS does.", unsupported, name));
    }
  }
  return {};
}

AwsResult<void> read_properties(const json::object& object, ResourceDeclaration& resource) {
  const std::string& name = resource.logical_id;
  for (auto [key, to] : {std::pair{"Properties", &resource.properties}, std::pair{"Metadata", &resource.metadata}}) {
    const json::value* found = object.if_contains(key);
    if (found == nullptr) continue;
    if (!found->is_object()) {
      return invalid(fmt::format("Template format error: [/Resources/{}/{}] {} must be an object.", name, key, key));
    }
    *to = found->get_object();
  }
  return {};
}

}  // namespace

AwsResult<std::string> text_member(const json::object& object, std::string_view name, const std::string& where) {
  const json::value* found = object.if_contains(name);
  if (found == nullptr) return std::string();
  const auto text = scalar_text(*found);
  if (!text) return invalid(fmt::format("Template format error: {}/{} must be a string.", where, name));
  return *text;
}

AwsResult<ParameterDeclaration> read_parameter(const std::string& name, const json::value& value) {
  if (!is_alphanumeric(name))
    return invalid(fmt::format("Template format error: Parameter name {} is non alphanumeric.", name));
  const json::object* object = value.if_object();
  if (object == nullptr) return invalid("Template format error: Any Parameters member must be an object.");
  RETURN_IF_ERROR(check_keys(*object, k_parameter_keys, "parameter"));
  const std::string where = "[/Parameters/" + name + "]";
  ParameterDeclaration parameter;
  parameter.name = name;
  ASSIGN_OR_RETURN(parameter.type, text_member(*object, "Type", where));
  if (parameter.type.empty()) {
    return invalid(fmt::format("Template format error: {} Every Parameters object must contain a Type member.", where));
  }
  if (const json::value* given = object->if_contains("Default")) {
    const auto text = scalar_text(*given);
    if (!text) return invalid(fmt::format("Template format error: Every Default member must be a string."));
    parameter.default_value = *text;
  }
  ASSIGN_OR_RETURN(const std::string no_echo, text_member(*object, "NoEcho", where));
  parameter.no_echo = no_echo == "true";
  ASSIGN_OR_RETURN(parameter.description, text_member(*object, "Description", where));
  ASSIGN_OR_RETURN(parameter.constraint_description, text_member(*object, "ConstraintDescription", where));
  ASSIGN_OR_RETURN(parameter.allowed_pattern, text_member(*object, "AllowedPattern", where));
  ASSIGN_OR_RETURN(parameter.min_length, number_member<std::int64_t>(*object, "MinLength", name));
  ASSIGN_OR_RETURN(parameter.max_length, number_member<std::int64_t>(*object, "MaxLength", name));
  ASSIGN_OR_RETURN(parameter.min_value, number_member<double>(*object, "MinValue", name));
  ASSIGN_OR_RETURN(parameter.max_value, number_member<double>(*object, "MaxValue", name));
  RETURN_IF_ERROR(read_allowed_values(*object, parameter));
  return parameter;
}

AwsResult<ResourceDeclaration> read_resource(const std::string& name, const json::value& value) {
  if (!is_alphanumeric(name))
    return invalid(fmt::format("Template format error: Resource name {} is non alphanumeric.", name));
  if (name.size() > 255)
    return invalid(fmt::format("Template format error: Resource name {} is longer than 255 characters.", name));
  const json::object* object = value.if_object();
  if (object == nullptr) return invalid("Template format error: Any Resources member must be an object.");
  RETURN_IF_ERROR(check_keys(*object, k_resource_keys, "resource"));
  ResourceDeclaration resource;
  resource.logical_id = name;
  RETURN_IF_ERROR(read_type(*object, resource));
  RETURN_IF_ERROR(read_properties(*object, resource));
  RETURN_IF_ERROR(read_depends_on(*object, resource));
  ASSIGN_OR_RETURN(resource.condition, text_member(*object, "Condition", "[/Resources/" + name + "]"));
  ASSIGN_OR_RETURN(resource.deletion_policy, read_policy(*object, "DeletionPolicy", true));
  ASSIGN_OR_RETURN(resource.update_replace_policy, read_policy(*object, "UpdateReplacePolicy", false));
  for (const std::string& policy : {resource.deletion_policy, resource.update_replace_policy}) {
    if (policy == "Snapshot") {
      return invalid(
          fmt::format("Template error: resource type {} does not support deletion policy Snapshot", resource.type));
    }
  }
  return resource;
}

AwsResult<OutputDeclaration> read_output(const std::string& name, const json::value& value) {
  if (!is_alphanumeric(name))
    return invalid(fmt::format("Template format error: Output name {} is non alphanumeric.", name));
  const json::object* object = value.if_object();
  if (object == nullptr) return invalid("Template format error: Any Outputs member must be an object.");
  for (const auto& member : *object) {
    const std::string_view key = member.key();
    if (key != "Value" && key != "Description" && key != "Export" && key != "Condition") {
      return invalid(fmt::format("Invalid template output property '{}'", key));
    }
  }
  OutputDeclaration output;
  output.name = name;
  const json::value* given = object->if_contains("Value");
  if (given == nullptr) return invalid("Template format error: Every Outputs member must contain a Value object");
  output.value = *given;
  const std::string where = "[/Outputs/" + name + "]";
  ASSIGN_OR_RETURN(output.description, text_member(*object, "Description", where));
  ASSIGN_OR_RETURN(output.condition, text_member(*object, "Condition", where));
  if (const json::value* exported = object->if_contains("Export")) {
    const json::object* form = exported->if_object();
    const json::value* export_name = form == nullptr ? nullptr : form->if_contains("Name");
    if (export_name == nullptr || form->size() != 1) {
      return invalid("Template format error: Output " + name + " is malformed. The Export member must contain a Name");
    }
    output.export_name = *export_name;
  }
  return output;
}

}  // namespace sortie::emulator::cloudformation
