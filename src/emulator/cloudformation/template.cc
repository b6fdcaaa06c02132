#include "emulator/cloudformation/template.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <set>

#include "emulator/cloudformation/loops.h"
#include "emulator/cloudformation/macros.h"
#include "emulator/cloudformation/references.h"
#include "emulator/cloudformation/template_text.h"
#include "emulator/cloudformation/values.h"

namespace sortie::emulator::cloudformation {
namespace {

namespace json = boost::json;

constexpr std::array k_sections = {"AWSTemplateFormatVersion",
                                   "Description",
                                   "Metadata",
                                   "Parameters",
                                   "Rules",
                                   "Mappings",
                                   "Conditions",
                                   "Transform",
                                   "Resources",
                                   "Outputs"};
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

/// The path of the first null, if there is one.
std::optional<std::string> find_null(const json::value& value) {
  if (value.is_null()) return std::string();
  if (const auto* object = value.if_object()) {
    for (const auto& member : *object) {
      if (const auto below = find_null(member.value())) return "/" + std::string(member.key()) + *below;
    }
  } else if (const auto* list = value.if_array()) {
    for (std::size_t i = 0; i < list->size(); ++i) {
      if (const auto below = find_null((*list)[i])) return "/" + std::to_string(i) + *below;
    }
  }
  return std::nullopt;
}

/// Nulls are nowhere allowed.
AwsResult<void> refuse_nulls(const json::object& document) {
  const auto path = find_null(document);
  if (path) return invalid(fmt::format("[{}] 'null' values are not allowed in templates", *path));
  return {};
}

/// A section that must be an object when it is there.
AwsResult<const json::object*> section(const json::object& document, std::string_view name) {
  static const json::object k_empty;
  const json::value* found = document.if_contains(name);
  if (found == nullptr) return &k_empty;
  if (const auto* object = found->if_object()) return object;
  return invalid(fmt::format("Template format error: {} must be an object.", name));
}

/// The members of a section, none when it is no object.
const json::object& members_of(const json::object& document, std::string_view name) {
  const auto found = section(document, name);
  static const json::object k_empty;
  return found ? **found : k_empty;
}

AwsResult<std::string> text_member(const json::object& object, std::string_view name, const std::string& where) {
  const json::value* found = object.if_contains(name);
  if (found == nullptr) return std::string();
  const auto text = scalar_text(*found);
  if (!text) return invalid(fmt::format("Template format error: {}/{} must be a string.", where, name));
  return *text;
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

AwsResult<ParameterDeclaration> read_parameter(const std::string& name, const json::value& value) {
  if (!is_alphanumeric(name))
    return invalid(fmt::format("Template format error: Parameter name {} is non alphanumeric.", name));
  const json::object* object = value.if_object();
  if (object == nullptr) return invalid("Template format error: Any Parameters member must be an object.");
  for (const auto& member : *object) {
    if (!contains(k_parameter_keys, member.key())) {
      return invalid(fmt::format("Invalid template parameter property '{}'", std::string_view(member.key())));
    }
  }
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
  if (const json::value* allowed = object->if_contains("AllowedValues")) {
    const json::array* list = allowed->if_array();
    if (list == nullptr) return invalid("Template format error: Every AllowedValues member must be a list.");
    for (const json::value& item : *list) {
      const auto text = scalar_text(item);
      if (!text) return invalid("Template format error: Every AllowedValues value must be a string.");
      parameter.allowed_values.push_back(*text);
    }
  }
  return parameter;
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

AwsResult<ResourceDeclaration> read_resource(const std::string& name, const json::value& value) {
  if (!is_alphanumeric(name))
    return invalid(fmt::format("Template format error: Resource name {} is non alphanumeric.", name));
  if (name.size() > 255)
    return invalid(fmt::format("Template format error: Resource name {} is longer than 255 characters.", name));
  const json::object* object = value.if_object();
  if (object == nullptr) return invalid("Template format error: Any Resources member must be an object.");
  for (const auto& member : *object) {
    if (!contains(k_resource_keys, member.key())) {
      return invalid(fmt::format("Invalid template resource property '{}'", std::string_view(member.key())));
    }
  }
  ResourceDeclaration resource;
  resource.logical_id = name;
  const json::value* type = object->if_contains("Type");
  if (type == nullptr) {
    return invalid(
        fmt::format("Template format error: [/Resources/{}] Every Resources object must contain a Type member.", name));
  }
  if (!type->is_string())
    return invalid(fmt::format("Template format error: [/Resources/{}/Type] Type must be a string.", name));
  resource.type = std::string(type->get_string());
  for (std::string_view absent : {"CreationPolicy", "UpdatePolicy"}) {
    if (object->contains(absent)) {
      return invalid(fmt::format("The embedded AWS does not implement {} (resource {}). AWS does.", absent, name));
    }
  }
  for (auto [key, to] : {std::pair{"Properties", &resource.properties}, std::pair{"Metadata", &resource.metadata}}) {
    const json::value* found = object->if_contains(key);
    if (found == nullptr) continue;
    if (!found->is_object()) {
      return invalid(fmt::format("Template format error: [/Resources/{}/{}] {} must be an object.", name, key, key));
    }
    *to = found->get_object();
  }
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

AwsResult<void> read_transform_section(const json::object& document, Template& into) {
  const json::value* found = document.if_contains("Transform");
  if (found == nullptr) return {};
  ASSIGN_OR_RETURN(const auto transforms, read_transforms(*found));
  for (const Transform& transform : transforms) {
    if (transform.name != k_language_extensions) {
      return invalid(fmt::format("The embedded AWS does not implement the transform {}. AWS does.", transform.name));
    }
    into.transforms.push_back(transform.name);
  }
  return {};
}

AwsResult<void> check_mappings(const json::object& mappings) {
  for (const auto& mapping : mappings) {
    const auto* keys = mapping.value().if_object();
    if (keys == nullptr) {
      return invalid(fmt::format("Template format error: Every Mappings member {} must be a map",
                                 std::string_view(mapping.key())));
    }
    for (const auto& key : *keys) {
      const auto* attributes = key.value().if_object();
      if (attributes == nullptr) {
        return invalid(
            fmt::format("Template format error: Every Mappings member {} must be a map", std::string_view(key.key())));
      }
      for (const auto& attribute : *attributes) {
        if (attribute.value().is_object()) {
          return invalid("Template format error: Every Mappings attribute must be a String or a List.");
        }
      }
    }
  }
  return {};
}

AwsResult<void> check_count(std::string_view what, std::size_t count, std::size_t most) {
  if (count <= most) return {};
  return invalid(
      fmt::format("Template format error: Number of {}, {}, is greater than maximum allowed, {}", what, count, most));
}

AwsResult<void> read_version_and_description(const json::object& document, Template& into) {
  ASSIGN_OR_RETURN(into.version, text_member(document, "AWSTemplateFormatVersion", ""));
  if (!into.version.empty() && into.version != "2010-09-09") {
    return invalid("Template format error: unsupported value for AWSTemplateFormatVersion.");
  }
  const json::value* description = document.if_contains("Description");
  if (description != nullptr && !description->is_string()) {
    return invalid("Template format error: Description member is not a string.");
  }
  if (description != nullptr) into.description = std::string(description->get_string());
  if (into.description.size() > k_max_description) {
    return invalid("Template format error: 'Description' length is greater than 1024.");
  }
  return {};
}

AwsResult<void> read_parameter_section(const json::object& document, Template& into) {
  ASSIGN_OR_RETURN(const auto* parameters, section(document, "Parameters"));
  RETURN_IF_ERROR(check_count("parameters", parameters->size(), k_max_parameters));
  for (const auto& member : *parameters) {
    ASSIGN_OR_RETURN(ParameterDeclaration parameter, read_parameter(std::string(member.key()), member.value()));
    into.parameters.push_back(std::move(parameter));
  }
  return {};
}

AwsResult<void> read_head(const json::object& document, Template& into) {
  std::vector<std::string> unknown;
  for (const auto& member : document) {
    if (!contains(k_sections, member.key())) unknown.emplace_back(member.key());
  }
  if (!unknown.empty()) {
    return invalid(fmt::format("Invalid template property or properties [{}]", fmt::join(unknown, ", ")));
  }
  RETURN_IF_ERROR(refuse_nulls(document));
  RETURN_IF_ERROR(read_version_and_description(document, into));
  return read_transform_section(document, into);
}

}  // namespace

std::unexpected<AwsError> invalid(std::string message) {
  return aws_fail(400, "ValidationError", std::move(message));
}

const ResourceDeclaration* Template::find_resource(std::string_view logical_id) const {
  const auto found = std::ranges::find(resources, logical_id, &ResourceDeclaration::logical_id);
  return found == resources.end() ? nullptr : &*found;
}

const ParameterDeclaration* Template::find_parameter(std::string_view name) const {
  const auto found = std::ranges::find(parameters, name, &ParameterDeclaration::name);
  return found == parameters.end() ? nullptr : &*found;
}

bool Template::has_language_extensions() const {
  return contains(transforms, "AWS::LanguageExtensions");
}

AwsResult<Template> read_template(const json::object& document) {
  Template result;
  RETURN_IF_ERROR(read_head(document, result));
  ASSIGN_OR_RETURN(const auto* metadata, section(document, "Metadata"));
  ASSIGN_OR_RETURN(const auto* mappings, section(document, "Mappings"));
  ASSIGN_OR_RETURN(const auto* conditions, section(document, "Conditions"));
  ASSIGN_OR_RETURN(const auto* rules, section(document, "Rules"));
  ASSIGN_OR_RETURN(const auto* resources, section(document, "Resources"));
  ASSIGN_OR_RETURN(const auto* outputs, section(document, "Outputs"));
  if (resources->empty()) return invalid("Template format error: At least one Resources member must be defined.");
  RETURN_IF_ERROR(read_parameter_section(document, result));
  RETURN_IF_ERROR(check_count("mappings", mappings->size(), k_max_mappings));
  RETURN_IF_ERROR(check_count("resources", resources->size(), k_max_resources));
  RETURN_IF_ERROR(check_count("outputs", outputs->size(), k_max_outputs));
  RETURN_IF_ERROR(check_mappings(*mappings));
  result.metadata = *metadata;
  result.mappings = *mappings;
  result.conditions = *conditions;
  result.rules = *rules;
  for (const auto& member : *resources) {
    ASSIGN_OR_RETURN(ResourceDeclaration resource, read_resource(std::string(member.key()), member.value()));
    result.resources.push_back(std::move(resource));
  }
  for (const auto& member : *outputs) {
    ASSIGN_OR_RETURN(OutputDeclaration output, read_output(std::string(member.key()), member.value()));
    result.outputs.push_back(std::move(output));
  }
  RETURN_IF_ERROR(check_references(result));
  return result;
}

AwsResult<Template> read_declarations(const json::object& document) {
  Template result;
  RETURN_IF_ERROR(read_version_and_description(document, result));
  RETURN_IF_ERROR(read_parameter_section(document, result));
  for (const auto& member : members_of(document, "Mappings")) {
    const json::object one{{member.key(), member.value()}};
    if (check_mappings(one) && find_references(one)) result.mappings[member.key()] = member.value();
  }
  for (const auto& member : members_of(document, "Resources")) {
    const json::object* resource = member.value().if_object();
    const json::value* type = resource == nullptr ? nullptr : resource->if_contains("Type");
    if (type == nullptr || !type->is_string()) continue;
    ResourceDeclaration& declared = result.resources.emplace_back();
    declared.logical_id = std::string(member.key());
    declared.type = std::string(type->get_string());
    const json::value* properties = resource->if_contains("Properties");
    if (properties != nullptr && properties->is_object()) declared.properties = properties->get_object();
  }
  return result;
}

AwsResult<Template> load_template(std::string_view text, const ParameterTexts& parameters) {
  ASSIGN_OR_RETURN(json::object document, parse_template_text(text));
  RETURN_IF_ERROR(write_out_loops(document, parameters));
  return read_template(document);
}

}  // namespace sortie::emulator::cloudformation
