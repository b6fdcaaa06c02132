#include "emulator/cloudformation/template/transform.h"

#include <boost/json.hpp>

#include "emulator/cloudformation/template/template.h"

namespace sortie::emulator::cloudformation {
namespace {

namespace json = boost::json;

AwsResult<Transform> read_transform(const json::value& value) {
  constexpr std::string_view k_no_name = "Key Name of transform definition must be a string.";
  if (const auto* name = value.if_string()) return Transform{std::string(*name), {}};
  const auto* definition = value.if_object();
  const json::value* name = definition == nullptr ? nullptr : definition->if_contains("Name");
  if (name == nullptr || !name->is_string()) return invalid(std::string(k_no_name));
  Transform transform{std::string(name->get_string()), {}};
  if (const json::value* parameters = definition->if_contains("Parameters")) {
    if (!parameters->is_object()) return invalid("Key Parameters of transform definition must be a map.");
    transform.parameters = parameters->get_object();
  }
  return transform;
}

}  // namespace

AwsResult<std::vector<Transform>> read_transforms(const json::value& value) {
  std::vector<Transform> transforms;
  if (const auto* list = value.if_array()) {
    for (const json::value& item : *list) {
      ASSIGN_OR_RETURN(Transform transform, read_transform(item));
      transforms.push_back(std::move(transform));
    }
    return transforms;
  }
  ASSIGN_OR_RETURN(Transform transform, read_transform(value));
  transforms.push_back(std::move(transform));
  return transforms;
}

}  // namespace sortie::emulator::cloudformation
