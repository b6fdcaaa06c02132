#pragma once

#include <string>
#include <string_view>

#include "emulator/cloudformation/resources/resource_type.h"
#include "emulator/cloudformation/resources/step.h"

namespace sortie::emulator::cloudformation {

ResourceType lambda_version_type();
ResourceType lambda_alias_type();
ResourceType lambda_permission_type();
ResourceType lambda_layer_version_type();
// lambda_invocation_resources.cc
ResourceType lambda_url_type();
ResourceType lambda_event_invoke_type();

namespace lambda {

/// `/2015-03-31/functions/NAME`; a name or an ARN.
std::string function_path(std::string_view function);
Step step(std::string method, std::string path, const boost::json::object* body = nullptr);

}  // namespace lambda
}  // namespace sortie::emulator::cloudformation
