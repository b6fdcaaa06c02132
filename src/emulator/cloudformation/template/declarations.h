#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "emulator/cloudformation/template/template.h"

/// The members of the sections Parameters, Resources and Outputs, each by itself. ValidationError in AWS's words.
namespace sortie::emulator::cloudformation {

AwsResult<ParameterDeclaration> read_parameter(const std::string& name, const boost::json::value& value);
AwsResult<ResourceDeclaration> read_resource(const std::string& name, const boost::json::value& value);
AwsResult<OutputDeclaration> read_output(const std::string& name, const boost::json::value& value);

/// A scalar as text, empty when it is not there. `where` is for the refusal: `[/Resources/A]`.
AwsResult<std::string> text_member(const boost::json::object& object, std::string_view name, const std::string& where);

}  // namespace sortie::emulator::cloudformation
