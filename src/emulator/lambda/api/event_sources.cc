#include <boost/json.hpp>

#include "emulator/lambda/api/operation.h"
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

Task<Answer> create_event_source(Operation& operation) {
  CO_RETURN_IF_ERROR(operation.allow("CreateEventSourceMapping", "*"));
  CO_RETURN_IF_ERROR(check_event_source(operation.body));
  ASSIGN_OR_CO_RETURN(auto ref, operation.name_of(NameUse::other, wire::string_or(operation.body, "FunctionName"), {}));
  auto* function = operation.functions.find(ref.region, ref.name);
  if (function == nullptr || function->find(ref.qualifier) == nullptr) {
    co_return std::unexpected(invalid_parameter("Function does not exist"));
  }
  co_return std::unexpected(not_implemented("lambda", "CreateEventSourceMapping"));
}

/// Getting, updating and deleting: there is none.
Task<Answer> find_event_source(Operation& operation) {
  const auto& method = operation.call.request.method;
  const auto* action = method == "GET"   ? "GetEventSourceMapping"
                       : method == "PUT" ? "UpdateEventSourceMapping"
                                         : "DeleteEventSourceMapping";
  CO_RETURN_IF_ERROR(operation.permissions.authorize(operation.call, std::string("lambda:") + action, "*"));
  co_return aws_fail(404, "ResourceNotFoundException", "The resource you requested does not exist.");
}

constexpr Row k_operations[] = {
    {"CreateEventSourceMapping",
     create_event_source,
     {.method = "POST", .path = "/2015-03-31/event-source-mappings", .json_body = true}},
    {"DeleteEventSourceMapping",
     find_event_source,
     {.method = "DELETE", .path = "/2015-03-31/event-source-mappings/{UUID}"}},
    {"GetEventSourceMapping", find_event_source, {.method = "GET", .path = "/2015-03-31/event-source-mappings/{UUID}"}},
    {"UpdateEventSourceMapping",
     find_event_source,
     {.method = "PUT", .path = "/2015-03-31/event-source-mappings/{UUID}"}},
};

}  // namespace

std::span<const Row> event_source_operations() {
  return k_operations;
}

}  // namespace sortie::emulator::lambda
