#include "emulator/lambda/catalogue/errors.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/json.hpp>

#include "emulator/core/protocol.h"

namespace sortie::emulator::lambda {

AwsError validation_error(const std::vector<std::string>& details) {
  return AwsError{400,
                  "ValidationException",
                  fmt::format("{} validation error{} detected: {}", details.size(), details.size() == 1 ? "" : "s",
                              fmt::join(details, "; ")),
                  {}};
}

std::string constraint(std::string_view value, std::string_view member, std::string_view broken) {
  return fmt::format("Value '{}' at '{}' failed to satisfy constraint: {}", value, member, broken);
}

std::string not_in_set(std::string_view value, std::string_view member, std::string_view allowed) {
  return constraint(value, member, fmt::format("Member must satisfy enum value set: [{}]", allowed));
}

AwsError function_not_found(const std::string& arn) {
  return AwsError{404, "ResourceNotFoundException", "Function not found: " + arn, {}};
}

AwsError wrong_revision() {
  return {
      412,
      "PreconditionFailedException",
      "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve "
      "the latest Revision Id",
      {}};
}

/// Lambda's errors differ in small ways: ResourceNotFoundException has a `Message`, what the request's own shape broke
/// has no `Type`.
http::Response render_lambda_error(const AwsError& error, const std::string& request_id) {
  const auto& code = error.code;
  bool own = code == "InvalidParameterValueException" || code == "ResourceConflictException" ||
             code == "PreconditionFailedException" || code == "TooManyRequestsException" ||
             code == "InvalidRequestContentException" || code == "RequestTooLargeException" ||
             code == "ProvisionedConcurrencyConfigNotFoundException";
  bool bare = code == "ValidationException" || code == "RequestEntityTooLargeException";
  if (!own && !bare && !error.fields.empty() && error.fields.front() == k_no_type) {
    auto response = json_response(error.status, {{"Message", error.message}}, request_id);
    response.headers.add("x-amzn-ErrorType", code);
    return response;
  }
  if (!own && !bare) return render_rest_json_error(error, request_id);
  boost::json::object body;
  if (own) body.emplace("Type", "User");
  for (const auto& [name, value] : error.fields) body.insert_or_assign(name, value);
  body.insert_or_assign("message", error.message);
  auto response = json_response(error.status, body, request_id);
  response.headers.add("x-amzn-ErrorType", code);
  return response;
}

http::Response empty_response(int status, const std::string& request_id) {
  return {.status = status, .headers = {{"x-amzn-RequestId", request_id}, {"Content-Type", "application/json"}}};
}

AwsError invalid_parameter(std::string message) {
  return {400, "InvalidParameterValueException", std::move(message), {}};
}

}  // namespace sortie::emulator::lambda
