#include "emulator/cloudformation/template/parameters.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/json.hpp>

#include "emulator/cloudformation/template/values.h"
#include "emulator/core/pattern.h"

namespace sortie::emulator::cloudformation {
namespace {

constexpr std::size_t k_max_value = 4096;

bool is_known_type(std::string_view type) {
  if (type == "String" || type == "Number" || type == "CommaDelimitedList" || type == "List<Number>" ||
      type == "List<String>") {
    return true;
  }
  std::string_view inner = type;
  if (inner.starts_with("List<") && inner.ends_with(">")) inner = inner.substr(5, inner.size() - 6);
  return inner.starts_with("AWS::EC2::") || inner == "AWS::Route53::HostedZone::Id";
}

AwsResult<void> check_type(const ParameterDeclaration& declaration) {
  const auto inner = declaration.value_type();
  const bool number = inner == "Number" || inner == "List<Number>";
  if (is_known_type(inner) && !(declaration.is_stored() && number)) return {};
  if (declaration.type == "AWS::SSM::Parameter::Name") return {};
  return invalid(fmt::format("Template format error: Unrecognized parameter type: {}", declaration.type));
}

AwsResult<void> check_pattern(const ParameterDeclaration& declaration, const std::string& text,
                              const std::function<std::unexpected<AwsError>(std::string)>& refuse) {
  if (declaration.allowed_pattern.empty()) return {};
  const auto pattern = Pattern::parse(declaration.allowed_pattern);
  if (!pattern) {
    return invalid(
        fmt::format("Template format error: AllowedPattern of parameter {} is not a regular expression that can be "
                    "matched: {}.",
                    declaration.name, pattern.error()));
  }
  if (pattern->matches(text)) return {};
  return refuse(fmt::format("Parameter '{}' must match pattern {}", declaration.name, declaration.allowed_pattern));
}

/// Checks one value, or one item of a list.
AwsResult<void> check_item(const ParameterDeclaration& declaration, const std::string& text) {
  const std::string& name = declaration.name;
  const auto refuse = [&](std::string message) {
    if (declaration.constraint_description.empty()) return invalid(std::move(message));
    return invalid(
        fmt::format("Parameter {} failed to satisfy constraint: {}", name, declaration.constraint_description));
  };
  if (declaration.type == "Number" || declaration.type == "List<Number>") {
    const auto number = to_number(text);
    if (!number) return invalid(fmt::format("Parameter '{}' must be a number", name));
    if (declaration.min_value && *number < *declaration.min_value) {
      return refuse(fmt::format("Parameter '{}' must be a number not less than {}", name, *declaration.min_value));
    }
    if (declaration.max_value && *number > *declaration.max_value) {
      return refuse(fmt::format("Parameter '{}' must be a number not greater than {}", name, *declaration.max_value));
    }
  } else {
    const auto size = static_cast<std::int64_t>(text.size());
    if (declaration.min_length && size < *declaration.min_length) {
      return refuse(fmt::format("Parameter '{}' must contain at least {} characters", name, *declaration.min_length));
    }
    if (declaration.max_length && size > *declaration.max_length) {
      return refuse(fmt::format("Parameter '{}' must contain at most {} characters", name, *declaration.max_length));
    }
  }
  const auto& allowed = declaration.allowed_values;
  if (!allowed.empty() && std::ranges::find(allowed, text) == allowed.end()) {
    return refuse(fmt::format("Parameter '{}' must be one of AllowedValues", name));
  }
  return check_pattern(declaration, text, refuse);
}

AwsResult<void> check_value(const ParameterDeclaration& declaration, const std::string& text) {
  if (text.size() > k_max_value) {
    return invalid(fmt::format("Parameter '{}' must contain at most {} characters", declaration.name, k_max_value));
  }
  // What is stored may be anything: constraints are the name's.
  if (declaration.is_stored() || !declaration.is_list()) return check_item(declaration, text);
  for (const std::string& item : split_list(text)) RETURN_IF_ERROR(check_item(declaration, item));
  return {};
}

AwsResult<void> check_keys(const Template& whole, const std::vector<GivenParameter>& given) {
  std::vector<std::string> unknown;
  for (std::size_t i = 0; i < given.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (given[j].key == given[i].key) return invalid(fmt::format("Parameter key '{}' is given twice", given[i].key));
    }
    if (whole.find_parameter(given[i].key) == nullptr) unknown.push_back(given[i].key);
  }
  if (unknown.empty()) return {};
  return invalid(fmt::format("Parameters: [{}] do not exist in the template", fmt::join(unknown, ", ")));
}

}  // namespace

AwsResult<ParameterTexts> resolve_parameters(const Template& whole, const std::vector<GivenParameter>& given,
                                             const ParameterTexts& previous) {
  RETURN_IF_ERROR(check_keys(whole, given));
  ParameterTexts texts;
  std::vector<std::string> missing;
  for (const ParameterDeclaration& declaration : whole.parameters) {
    RETURN_IF_ERROR(check_type(declaration));
    const auto named = std::ranges::find(given, declaration.name, &GivenParameter::key);
    const auto before = previous.find(declaration.name);
    std::string text;
    if (named != given.end() && !named->use_previous) {
      text = named->value;
    } else if (named != given.end()) {
      if (before == previous.end()) {
        return invalid(
            fmt::format("Invalid input for parameter key {}. Cannot specify usePreviousValue as true for a "
                        "parameter key not in the previous template",
                        declaration.name));
      }
      text = before->second;
    } else if (declaration.default_value) {
      text = *declaration.default_value;
    } else if (declaration.is_stored()) {
      return invalid(fmt::format("Parameter {} should either have input value or default value", declaration.name));
    } else {
      missing.push_back(declaration.name);
      continue;
    }
    RETURN_IF_ERROR(check_value(declaration, text));
    texts.emplace(declaration.name, std::move(text));
  }
  if (!missing.empty()) return invalid(fmt::format("Parameters: [{}] must have values", fmt::join(missing, ", ")));
  return texts;
}

boost::json::value parameter_value(const ParameterDeclaration& declaration, const std::string& text) {
  if (!declaration.is_list()) return boost::json::string(text);
  boost::json::array items;
  for (const std::string& item : split_list(text)) items.emplace_back(item);
  return items;
}

std::string shown_parameter(const Template& whole, const std::string& name, const std::string& text) {
  const ParameterDeclaration* declaration = whole.find_parameter(name);
  return declaration != nullptr && declaration->no_echo ? "****" : text;
}

}  // namespace sortie::emulator::cloudformation
