#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/task.h"
#include "emulator/cloudformation/engine/caller.h"
#include "emulator/cloudformation/template/template.h"
#include "emulator/core/ports.h"

/// What templates take from Systems Manager: parameters of its types, and dynamic references (`{{resolve:ssm:…}}`).
/// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-supplied-parameter-types.html
/// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references-ssm.html
namespace sortie::emulator::cloudformation {

/// At most so many dynamic references in one resource.
inline constexpr std::size_t k_max_references = 60;

/// By the template's parameters of type `AWS::SSM::Parameter::…`: the values behind the names in `texts`, read as
/// `caller`; of `…::Name` the name itself, which has to be there. ValidationError in AWS's words.
/// `/cdk-bootstrap/… /version`, which `cdk bootstrap` makes, has a value also where nobody has made it.
Task<AwsResult<ParameterTexts>> fetch_stored_parameters(ServiceCalls& services, Caller caller,
                                                        std::vector<ParameterDeclaration> declarations,
                                                        ParameterTexts texts);

/// The dynamic references in an evaluated value, as they are written, each once.
std::vector<std::string> find_dynamic_references(const boost::json::value& value);
/// ValidationError for references of `ssm-secure`, with the path of each (`TYPE/Properties/A/B`): AWS allows them for a
/// few properties, none of which the embedded AWS has.
AwsResult<void> check_secure_references(std::string_view type, const boost::json::object& properties);
/// What references stand for, by their text. A failure is the reason why the resource cannot be made.
Task<AwsResult<boost::json::object>> fetch_dynamic_references(ServiceCalls& services, Caller caller,
                                                              std::vector<std::string> references);
/// `value` with what `known` has of the references in it; the others stay.
boost::json::value with_references(const boost::json::value& value, const boost::json::object& known);

}  // namespace sortie::emulator::cloudformation
