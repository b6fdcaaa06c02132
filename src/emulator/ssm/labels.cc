#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "emulator/core/validation.h"
#include "emulator/ssm/operation.h"

/// Labels of versions.
/// https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-labels.html
namespace sortie::emulator::ssm {
namespace {

namespace json = boost::json;

constexpr std::size_t k_max_name = 2048;
constexpr std::size_t k_max_labels = 10;

struct Labelling {
  Parameter version;
  std::vector<std::string> labels;
};

/// `newest`: without a version it is the newest.
AwsResult<Labelling> read_labelling(Operation& operation, std::string_view action, bool newest) {
  Arguments arguments(operation.input);
  const auto text = arguments.text("Name", 1, k_max_name);
  const auto number = arguments.number("ParameterVersion", 1, INT64_MAX);
  Labelling labelling{.version = {}, .labels = arguments.texts("Labels", k_max_labels)};
  if (!newest && !number && !arguments.has("ParameterVersion")) {
    arguments.complain(missing_violation("parameterVersion"));
  }
  RETURN_IF_ERROR(arguments.check());
  ASSIGN_OR_RETURN(const auto name, parse_name(operation.call, text));
  RETURN_IF_ERROR(operation.allow(action, name.name));
  ASSIGN_OR_RETURN(labelling.version, operation.existing(name.name));
  if (!number) return labelling;
  auto version = operation.store.find_version(operation.call.region, name.name, *number);
  if (!version) {
    return aws_fail(400, "ParameterVersionNotFound",
                    fmt::format("Systems Manager could not find version {} of {}. Verify the version and try again.",
                                *number, name.name));
  }
  labelling.version = *std::move(version);
  return labelling;
}

AwsResult<json::object> label_parameter_version(Operation& operation) {
  ASSIGN_OR_RETURN(Labelling labelling, read_labelling(operation, "LabelParameterVersion", true));
  Parameter& version = labelling.version;
  json::array invalid;
  for (const auto& label : labelling.labels) {
    if (!is_label(label)) {
      invalid.emplace_back(label);
    } else if (std::ranges::find(version.labels, label) == version.labels.end()) {
      version.labels.push_back(label);
    }
  }
  if (version.labels.size() > k_max_labels) {
    return aws_fail(400, "ParameterVersionLabelLimitExceeded",
                    "A parameter version can have a maximum of 10 labels. Move one or more labels to another version "
                    "and try again.");
  }
  // A label is at one version: it moves.
  for (auto& other : operation.store.history(operation.call.region, version.name)) {
    const auto gone = std::erase_if(other.labels, [&](const std::string& label) {
      return std::ranges::find(labelling.labels, label) != labelling.labels.end();
    });
    if (gone > 0 && other.version != version.version) operation.store.set_labels(operation.call.region, other);
  }
  operation.store.set_labels(operation.call.region, version);
  return json::object{{"InvalidLabels", std::move(invalid)}, {"ParameterVersion", version.version}};
}

AwsResult<json::object> unlabel_parameter_version(Operation& operation) {
  ASSIGN_OR_RETURN(Labelling labelling, read_labelling(operation, "UnlabelParameterVersion", false));
  json::array removed;
  json::array invalid;
  for (const auto& label : labelling.labels) {
    (std::erase(labelling.version.labels, label) > 0 ? removed : invalid).emplace_back(label);
  }
  operation.store.set_labels(operation.call.region, labelling.version);
  return json::object{{"RemovedLabels", std::move(removed)}, {"InvalidLabels", std::move(invalid)}};
}

}  // namespace

std::span<const Row> label_operations() {
  static constexpr Row k_operations[]{
      {"LabelParameterVersion", label_parameter_version},
      {"UnlabelParameterVersion", unlabel_parameter_version},
  };
  return k_operations;
}

}  // namespace sortie::emulator::ssm
