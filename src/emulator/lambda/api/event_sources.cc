#include <boost/json.hpp>

#include "emulator/core/protocol.h"
#include "emulator/lambda/api/service.h"
#include "wire/arn.h"
#include "wire/json.h"

/// Event source mappings: there are no event sources here, so there are no mappings. What AWS refuses is refused in its
/// words; what it would make is refused by name.
namespace sortie::emulator::lambda {
namespace {

namespace json = boost::json;

constexpr int k_batch_without_window = 10;

AwsResult<void> check_stream_position(const json::object& body, std::string_view service, const std::string& source) {
  auto position = wire::string_or(body, "StartingPosition");
  if (position.empty()) {
    return std::unexpected(
        invalid_parameter("1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: "
                          "Member must not be "
                          "null."));
  }
  if (position != "LATEST" && position != "TRIM_HORIZON" && position != "AT_TIMESTAMP") {
    return std::unexpected(
        validation_error({not_in_set(position, "startingPosition", "LATEST, AT_TIMESTAMP, TRIM_HORIZON")}));
  }
  if (service == "dynamodb" && position == "AT_TIMESTAMP") {
    return std::unexpected(invalid_parameter("Unsupported starting position for arn type: " + source));
  }
  return {};
}

/// What AWS looks at before it looks for the function.
AwsResult<void> check_event_source(const json::object& body) {
  if (wire::find(wire::object_or_empty(body, "DestinationConfig"), "OnSuccess") != nullptr) {
    return std::unexpected(
        invalid_parameter("Unsupported DestinationConfig parameter for given event source mapping type."));
  }
  auto source = wire::string_or(body, "EventSourceArn");
  if (wire::find(body, "SelfManagedEventSource") != nullptr) {
    if (wire::find(body, "SourceAccessConfigurations") != nullptr) return {};
    return std::unexpected(invalid_parameter("Required 'sourceAccessConfigurations' parameter is missing."));
  }
  auto arn = wire::parse_arn(source);
  if (!arn) return std::unexpected(invalid_parameter("Unrecognized event source."));
  if (arn->service == "dynamodb" || arn->service == "kinesis") return check_stream_position(body, arn->service, source);
  if (arn->service == "sqs" && wire::int_or(body, "BatchSize") > k_batch_without_window &&
      wire::int_or(body, "MaximumBatchingWindowInSeconds") == 0) {
    return std::unexpected(
        invalid_parameter("Maximum batch window in seconds must be greater than 0 if maximum batch size is greater "
                          "than 10"));
  }
  return {};
}

}  // namespace

Task<Service::Answer> Service::create_event_source(Request& request) {
  if (auto allowed = authorize(request.call, "lambda:CreateEventSourceMapping", "*"); !allowed) {
    co_return std::unexpected(allowed.error());
  }
  if (auto checked = check_event_source(request.body); !checked) co_return std::unexpected(checked.error());
  auto ref = name_of(request, NameUse::other, wire::string_or(request.body, "FunctionName"), {});
  if (!ref) co_return std::unexpected(ref.error());
  auto* function = registry_.find(ref->region, ref->name);
  if (function == nullptr || function->find(ref->qualifier) == nullptr) {
    co_return std::unexpected(invalid_parameter("Function does not exist"));
  }
  co_return std::unexpected(not_implemented("lambda", "CreateEventSourceMapping"));
}

/// Getting, updating and deleting: there is none.
Task<Service::Answer> Service::find_event_source(Request& request) {
  const auto& method = request.call.request.method;
  const auto* action = method == "GET"   ? "GetEventSourceMapping"
                       : method == "PUT" ? "UpdateEventSourceMapping"
                                         : "DeleteEventSourceMapping";
  if (auto allowed = authorize(request.call, std::string("lambda:") + action, "*"); !allowed) {
    co_return std::unexpected(allowed.error());
  }
  co_return aws_fail(404, "ResourceNotFoundException", "The resource you requested does not exist.");
}

}  // namespace sortie::emulator::lambda
