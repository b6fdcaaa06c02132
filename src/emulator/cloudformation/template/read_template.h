#pragma once

#include <boost/json/object.hpp>
#include <string_view>

#include "emulator/cloudformation/template/template.h"

/// From a template's document to its checked structure.
namespace sortie::emulator::cloudformation {

/// Checks sections, names, attributes and limits, then every reference (references.h): what CreateStack refuses with a
/// ValidationError in AWS's words.
AwsResult<Template> read_template(const boost::json::object& document);
/// What can be read before macros have run (macros.h): version, description, parameters, and as far as they are
/// well-formed mappings and the types and properties of resources. Other sections are not looked at.
AwsResult<Template> read_declarations(const boost::json::object& document);
/// parse_template_text, then expand_for_each with `parameters`, then read_template.
AwsResult<Template> load_template(std::string_view text, const ParameterTexts& parameters = {});

}  // namespace sortie::emulator::cloudformation
