#include "emulator/cloudformation/template/read_template.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "emulator/cloudformation/template/declarations.h"
#include "emulator/cloudformation/template/for_each.h"
#include "emulator/cloudformation/template/references.h"
#include "emulator/cloudformation/template/template_text.h"
#include "emulator/cloudformation/template/transform.h"

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
    if (std::ranges::find(k_sections, member.key()) == k_sections.end()) unknown.emplace_back(member.key());
  }
  if (!unknown.empty()) {
    return invalid(fmt::format("Invalid template property or properties [{}]", fmt::join(unknown, ", ")));
  }
  RETURN_IF_ERROR(refuse_nulls(document));
  RETURN_IF_ERROR(read_version_and_description(document, into));
  return read_transform_section(document, into);
}

}  // namespace

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
  RETURN_IF_ERROR(expand_for_each(document, parameters));
  return read_template(document);
}

}  // namespace sortie::emulator::cloudformation
