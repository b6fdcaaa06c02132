#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "emulator/core/protocol.h"
#include "emulator/lambda/api/service.h"
#include "wire/arn.h"
#include "wire/date.h"
#include "wire/json.h"

/// Destinations: functions that are told how an asynchronous invocation ended.
/// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
namespace sortie::emulator::lambda {
namespace {

namespace json = boost::json;

constexpr char k_pattern[] =
    R"(Member must satisfy regular expression pattern: $|kafka://([^.]([a-zA-Z0-9\-_.]{0,248}))|arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1})?:(\d{12})?:(.*))";

/// Whether `text` fits the pattern: of an ARN the parts that a typing error breaks are looked at.
bool is_destination(std::string_view text) {
  if (text.empty() || text.starts_with("kafka://")) return true;
  auto arn = wire::parse_arn(text);
  if (!arn || !arn->partition.starts_with("aws")) return false;
  return std::all_of(arn->service.begin(), arn->service.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  });
}

/// As AWS's messages write the document.
std::string describe_way(const json::object& destinations, std::string_view member, std::string_view name) {
  const auto* way = wire::find(destinations, member);
  if (way == nullptr || !way->is_object()) return "null";
  auto arn = wire::string_or(way->get_object(), "Destination", "null");
  return fmt::format("{}(destination={})", name, arn);
}

json::value document_or_text(const std::string& text) {
  boost::system::error_code error;
  auto value = json::parse(text, error);
  return error ? json::value(text) : value;
}

}  // namespace

/// What a request says of destinations: functions that are there, and not `function` itself.
AwsResult<void> Service::check_destinations(const Request& request, const Function& function) {
  const auto& destinations = wire::object_or_empty(request.body, "DestinationConfig");
  std::vector<std::string> broken;
  std::vector<std::string> arns;
  for (auto [member, name] : {std::pair{"OnSuccess", "onSuccess"}, {"OnFailure", "onFailure"}}) {
    auto arn = wire::string_or(wire::object_or_empty(destinations, member), "Destination");
    if (!is_destination(arn)) {
      broken.push_back(constraint(arn, fmt::format("destinationConfig.{}.destination", name), k_pattern));
    } else if (!arn.empty()) {
      arns.push_back(std::move(arn));
    }
  }
  if (!broken.empty()) return std::unexpected(validation_error(broken));
  for (const auto& text : arns) {
    auto arn = wire::parse_arn(text);
    const auto service = arn ? arn->service : std::string();
    if (service == "sqs" || service == "sns" || service == "events" || service == "s3") {
      return std::unexpected(
          not_implemented("lambda", "event invoke configurations with destinations other than functions"));
    }
    if (service != "lambda") {
      return std::unexpected(invalid_parameter(fmt::format(
          "The provided destination config DestinationConfig(onSuccess={}, onFailure={}) is invalid.",
          describe_way(destinations, "OnSuccess", "OnSuccess"), describe_way(destinations, "OnFailure", "OnFailure"))));
    }
    auto ref = name_of(request, NameUse::other, text, {});
    auto* other = ref ? registry_.find(ref->region, ref->name) : nullptr;
    if (other == &function) {
      return std::unexpected(invalid_parameter("You can't specify the function as a destination for itself."));
    }
    if (other == nullptr || other->find(ref->qualifier) == nullptr) {
      return std::unexpected(invalid_parameter(fmt::format("The destination ARN {} is invalid.", text)));
    }
  }
  return {};
}

/// The function's role must be allowed to invoke the destination; if it is not, nobody is told, as in AWS.
void Service::notify_destination(AsyncRequest request, const AsyncQueue::End& end) {
  auto* function = registry_.find(request.region, request.name);
  if (function == nullptr) return;
  const auto qualifier = request.qualifier.empty() ? std::string(k_latest) : request.qualifier;
  auto found = function->event_configs.find(qualifier);
  if (found == function->event_configs.end()) return;
  const auto& arn = end.condition == "Success" ? found->second.on_success : found->second.on_failure;
  if (arn.empty()) return;
  auto ref = parse_function_name(arn, {}, request.region, options_.account, NameUse::other);
  if (!ref || !may_invoke_as(*function, arn)) return;
  json::object record{{"version", "1.0"},
                      {"timestamp", wire::format_iso8601_millis(clock_.now())},
                      {"requestContext", json::object{{"requestId", request.request_id},
                                                      {"functionArn", function->arn(qualifier)},
                                                      {"condition", end.condition},
                                                      {"approximateInvokeCount", end.invocations}}},
                      {"requestPayload", document_or_text(request.payload)}};
  if (end.invocations > 0) {
    json::object context{{"statusCode", 200}, {"executedVersion", end.last.version}};
    if (!end.last.function_error.empty()) context.emplace("functionError", end.last.function_error);
    record.emplace("responseContext", std::move(context));
    record.emplace("responsePayload", document_or_text(end.last.payload));
  }
  async_->accept({.request_id = make_request_id(),
                  .region = ref->region,
                  .name = ref->name,
                  .qualifier = ref->qualifier,
                  .payload = json::serialize(record),
                  .client_context = {}});
}

/// Whether the role of `function` may invoke the function of that ARN.
bool Service::may_invoke_as(const Function& function, const std::string& arn) {
  auto credentials = identities_.assume_for_service(function.latest.role, "lambda.amazonaws.com", function.name,
                                                    std::chrono::minutes(15));
  auto key = credentials ? identities_.find_key(credentials->access_key_id) : std::nullopt;
  if (!key) return false;
  Call call{.service = "lambda",
            .region = function.region,
            .account = function.account,
            .request_id = make_request_id(),
            .principal = key->principal,
            .signature = Call::Signature::header,
            .signed_at = clock_.now()};
  return authorize(call, "lambda:InvokeFunction", arn).has_value();
}

}  // namespace sortie::emulator::lambda
