#pragma once

#include <boost/json.hpp>

#include "aws/lambda.h"

/// Lambda's shapes as JSON. Private to aws/lambda*.
namespace sortie::aws {

namespace json = boost::json;

json::object create_function_json(const CreateFunctionRequest& request);
json::object update_function_code_json(const UpdateFunctionCodeRequest& request);
json::object update_function_configuration_json(const UpdateFunctionConfigurationRequest& request);
/// The body of CreateFunction or UpdateFunctionCode with the code's zip in it: megabytes that need not pass through a
/// JSON value and its serializer.
std::string serialize_with_zip(const boost::json::object& body, const FunctionCode& code);
FunctionConfiguration read_function_configuration(const json::object& object);

InvokeStream make_invoke_stream(http::Response response);

}  // namespace sortie::aws
