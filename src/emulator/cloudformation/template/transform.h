#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/core/call.h"

/// How a template names its macros.
namespace sortie::emulator::cloudformation {

inline constexpr std::string_view k_include = "AWS::Include";
inline constexpr std::string_view k_language_extensions = "AWS::LanguageExtensions";

/// One macro's use.
struct Transform {
  std::string name;
  boost::json::object parameters;  ///< as written
};

/// The uses behind `Transform` or `Fn::Transform`: a name, `{Name, Parameters}`, or a list of both. ValidationError.
AwsResult<std::vector<Transform>> read_transforms(const boost::json::value& value);

}  // namespace sortie::emulator::cloudformation
