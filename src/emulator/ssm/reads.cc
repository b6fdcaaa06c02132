#include <fmt/format.h>

#include <array>

#include "emulator/ssm/operation.h"

/// Operations that read parameters by their names.
/// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html
namespace sortie::emulator::ssm {
namespace {

namespace json = boost::json;

constexpr std::size_t k_max_name = 2048;
constexpr std::size_t k_max_names = 10;
constexpr std::int64_t k_history_page = 50;

AwsResult<Parameter> select(const Operation& operation, const ParameterName& name) {
  ASSIGN_OR_RETURN(Parameter newest, operation.existing(name.name));
  if (name.selector.empty()) return newest;
  const auto& region = operation.call.region;
  const auto number = parse_version(name.selector);
  auto found = number ? operation.store.find_version(region, name.name, *number)
                      : operation.store.find_label(region, name.name, name.selector);
  if (found) return *std::move(found);
  return aws_fail(400, "ParameterVersionNotFound",
                  number ? fmt::format("Systems Manager could not find version {} of {}. Verify the version and try "
                                       "again.",
                                       *number, name.name)
                         : fmt::format("Systems Manager could not find label {} for parameter {}. Verify the label and "
                                       "try again.",
                                       name.selector, name.name));
}

AwsResult<json::object> get_parameter(Operation& operation) {
  Arguments arguments(operation.input);
  const auto text = arguments.text("Name", 1, k_max_name);
  const bool decrypt = arguments.flag("WithDecryption");
  RETURN_IF_ERROR(arguments.check());
  ASSIGN_OR_RETURN(const auto name, parse_name(operation.call, text));
  RETURN_IF_ERROR(operation.allow("GetParameter", name.name));
  ASSIGN_OR_RETURN(const Parameter parameter, select(operation, name));
  return json::object{{"Parameter", shown_parameter(operation, parameter, decrypt, name.selector)}};
}

AwsResult<json::object> get_parameters(Operation& operation) {
  Arguments arguments(operation.input);
  const auto texts = arguments.texts("Names", k_max_names);
  const bool decrypt = arguments.flag("WithDecryption");
  RETURN_IF_ERROR(arguments.check());
  std::vector<ParameterName> names;
  for (const auto& text : texts) {
    ASSIGN_OR_RETURN(auto name, parse_name(operation.call, text));
    RETURN_IF_ERROR(operation.allow("GetParameters", name.name));
    names.push_back(std::move(name));
  }
  json::array found;
  json::array invalid;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (const auto parameter = select(operation, names[i])) {
      found.push_back(shown_parameter(operation, *parameter, decrypt, names[i].selector));
    } else {
      invalid.emplace_back(texts[i]);
    }
  }
  return json::object{{"Parameters", std::move(found)}, {"InvalidParameters", std::move(invalid)}};
}

AwsResult<json::object> get_parameter_history(Operation& operation) {
  Arguments arguments(operation.input);
  const auto text = arguments.text("Name", 1, k_max_name);
  const bool decrypt = arguments.flag("WithDecryption");
  const auto page = arguments.number("MaxResults", 1, k_history_page).value_or(k_history_page);
  const auto token = arguments.optional_text("NextToken", k_max_name);
  RETURN_IF_ERROR(arguments.check());
  ASSIGN_OR_RETURN(const auto name, parse_name(operation.call, text));
  RETURN_IF_ERROR(operation.allow("GetParameterHistory", name.name));
  RETURN_IF_ERROR(operation.existing(name.name));
  std::int64_t after = 0;
  if (!token.empty()) {
    ASSIGN_OR_RETURN(const auto last, read_token(token));
    after = parse_version(last).value_or(0);
  }
  json::array versions;
  json::object output;
  for (const auto& version : operation.store.history(operation.call.region, name.name)) {
    if (version.version <= after) continue;
    if (versions.size() == static_cast<std::size_t>(page)) {
      output["NextToken"] = make_token(std::to_string(versions.back().at("Version").as_int64()));
      break;
    }
    json::object shown = shown_metadata(version);
    shown["Value"] = shown_value(operation, version, decrypt);
    json::array labels;
    for (const auto& label : version.labels) labels.emplace_back(label);
    shown["Labels"] = std::move(labels);
    versions.push_back(std::move(shown));
  }
  output["Parameters"] = std::move(versions);
  return output;
}

}  // namespace

std::span<const Row> read_operations() {
  static constexpr Row k_operations[]{
      {"GetParameter", get_parameter},
      {"GetParameters", get_parameters},
      {"GetParameterHistory", get_parameter_history},
  };
  return k_operations;
}

}  // namespace sortie::emulator::ssm
