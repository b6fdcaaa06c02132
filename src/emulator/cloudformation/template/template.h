#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/core/call.h"

/// A template's structure, checked, before any function in it is evaluated.
/// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html
namespace sortie::emulator::cloudformation {

inline constexpr std::size_t k_max_parameters = 200;
inline constexpr std::size_t k_max_mappings = 200;
inline constexpr std::size_t k_max_resources = 500;
inline constexpr std::size_t k_max_outputs = 200;
inline constexpr std::size_t k_max_description = 1024;

struct ParameterDeclaration {
  std::string name;
  std::string type;
  std::optional<std::string> default_value;
  bool no_echo = false;
  std::string description;
  std::string constraint_description;
  std::vector<std::string> allowed_values;
  std::string allowed_pattern;
  std::optional<std::int64_t> min_length;
  std::optional<std::int64_t> max_length;
  std::optional<double> min_value;
  std::optional<double> max_value;
  /// `AWS::SSM::Parameter::…`: the text is the name of a parameter of Systems Manager.
  [[nodiscard]] bool is_stored() const { return type.starts_with("AWS::SSM::Parameter::"); }
  /// What the value is: the type itself, T of `AWS::SSM::Parameter::Value<T>`, nothing of other types of Systems
  /// Manager.
  [[nodiscard]] std::string_view value_type() const {
    constexpr std::string_view k_value = "AWS::SSM::Parameter::Value<";
    std::string_view inner = type;
    if (!is_stored()) return inner;
    if (!inner.starts_with(k_value) || !inner.ends_with('>')) return {};
    return inner.substr(k_value.size(), inner.size() - k_value.size() - 1);
  }
  /// `List<…>` and CommaDelimitedList: the value is a list of texts.
  [[nodiscard]] bool is_list() const {
    return value_type() == "CommaDelimitedList" || value_type().starts_with("List<");
  }
};

struct ResourceDeclaration {
  std::string logical_id;
  std::string type;
  boost::json::object properties;
  boost::json::object metadata;
  std::vector<std::string> depends_on;
  std::string condition;              ///< empty: always
  std::string deletion_policy;        ///< as written, empty when it is not there
  std::string update_replace_policy;  ///< the same
};

struct OutputDeclaration {
  std::string name;
  std::string description;
  std::string condition;
  boost::json::value value;
  boost::json::value export_name;  ///< null: not exported
};

struct Template {
  std::string version;
  std::string description;
  boost::json::object metadata;
  std::vector<ParameterDeclaration> parameters;
  boost::json::object mappings;
  boost::json::object conditions;
  boost::json::object rules;
  std::vector<ResourceDeclaration> resources;  ///< in the template's order
  std::vector<OutputDeclaration> outputs;
  std::vector<std::string> transforms;

  [[nodiscard]] const ResourceDeclaration* find_resource(std::string_view logical_id) const;
  [[nodiscard]] const ParameterDeclaration* find_parameter(std::string_view name) const;
  /// True when AWS::LanguageExtensions is declared: Fn::Length, Fn::ToJsonString, defaults of Fn::FindInMap.
  [[nodiscard]] bool has_language_extensions() const;
};

/// The text of each parameter of a template.
using ParameterTexts = std::map<std::string, std::string, std::less<>>;

/// 400 ValidationError.
std::unexpected<AwsError> invalid(std::string message);

}  // namespace sortie::emulator::cloudformation
