#pragma once

#include <boost/json/value.hpp>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "emulator/cloudformation/template/template.h"
#include "emulator/core/call.h"

namespace sortie::emulator::cloudformation {

/// One parameter as a request gives it.
struct GivenParameter {
  std::string key;
  std::string value;
  bool use_previous = false;
};

/// The texts that a stack operation works with: given, else of `previous` where asked for, else the default; checked
/// against the declarations. ValidationError in AWS's words.
AwsResult<ParameterTexts> resolve_parameters(const Template& whole, const std::vector<GivenParameter>& given,
                                             const ParameterTexts& previous);

/// What `Ref` gives: text, or a list of texts.
boost::json::value parameter_value(const ParameterDeclaration& declaration, const std::string& text);

/// "****" for a parameter with NoEcho, else the text.
std::string shown_parameter(const Template& whole, const std::string& name, const std::string& text);

}  // namespace sortie::emulator::cloudformation
