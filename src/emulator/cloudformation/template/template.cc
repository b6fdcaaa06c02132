#include "emulator/cloudformation/template/template.h"

#include <algorithm>

namespace sortie::emulator::cloudformation {

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
  return std::ranges::find(transforms, "AWS::LanguageExtensions") != transforms.end();
}

}  // namespace sortie::emulator::cloudformation
