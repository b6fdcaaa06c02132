#include <fmt/format.h>

#include <boost/json.hpp>
#include <chrono>

#include "emulator/core/protocol.h"
#include "emulator/lambda/api/service.h"
#include "wire/json.h"

/// How asynchronous invocations are retried, and who is told: event invoke configurations.
namespace sortie::emulator::lambda {
namespace {

namespace json = boost::json;

AwsError no_such_function() {
  return {404, "ResourceNotFoundException", "The function doesn't exist.", {}};
}

std::string config_key(const FunctionRef& ref) {
  return ref.qualifier.empty() ? std::string(k_latest) : ref.qualifier;
}

AwsError no_such_config(FunctionRef ref) {
  ref.qualifier = config_key(ref);
  return {404,
          "ResourceNotFoundException",
          fmt::format("The function {} doesn't have an EventInvokeConfig", ref.arn()),
          {}};
}

json::object destination_document(const std::string& arn) {
  return arn.empty() ? json::object() : json::object{{"Destination", arn}};
}

json::object config_document(const Function& function, const std::string& qualifier, const EventInvokeConfig& config) {
  json::object document{{"FunctionArn", function.arn(qualifier)},
                        {"LastModified", config.last_modified},
                        {"DestinationConfig", json::object{{"OnSuccess", destination_document(config.on_success)},
                                                           {"OnFailure", destination_document(config.on_failure)}}}};
  if (config.retries) document.emplace("MaximumRetryAttempts", *config.retries);
  if (config.event_age) document.emplace("MaximumEventAgeInSeconds", config.event_age->count());
  return document;
}

/// A whole number between `least` and `most`; anything else is added to `broken`.
std::optional<int> read_number(const json::object& body, std::string_view member, std::string_view name, int least,
                               int most, std::vector<std::string>& broken) {
  const auto* value = wire::find(body, member);
  if (value == nullptr || value->is_null()) return std::nullopt;
  const auto number = value->is_int64() ? value->get_int64() : std::int64_t{-1};
  if (number < least) {
    broken.push_back(constraint(json::serialize(*value), name,
                                fmt::format("Member must have value greater than or equal to {}", least)));
  } else if (number > most) {
    broken.push_back(constraint(json::serialize(*value), name,
                                fmt::format("Member must have value less than or equal to {}", most)));
  }
  return static_cast<int>(number);
}

/// Lays `body` over `config`.
AwsResult<void> apply_config(const json::object& body, EventInvokeConfig& config) {
  std::vector<std::string> broken;
  auto retries = read_number(body, "MaximumRetryAttempts", "maximumRetryAttempts", 0, 2, broken);
  auto age = read_number(body, "MaximumEventAgeInSeconds", "maximumEventAgeInSeconds", 60, 21'600, broken);
  if (!broken.empty()) return std::unexpected(validation_error(broken));
  const auto* destinations = wire::find(body, "DestinationConfig");
  if (!retries && !age && destinations == nullptr) {
    return std::unexpected(
        invalid_parameter("You must specify at least one of error handling or destination setting."));
  }
  for (auto [way, kept] : {std::pair{"OnSuccess", &config.on_success}, {"OnFailure", &config.on_failure}}) {
    const auto* wanted = wire::find(wire::object_or_empty(body, "DestinationConfig"), way);
    if (wanted != nullptr && wanted->is_object()) *kept = wire::string_or(wanted->get_object(), "Destination");
  }
  if (retries) config.retries = retries;
  if (age) config.event_age = std::chrono::seconds(*age);
  return {};
}

}  // namespace

/// Function and qualifier, permitted; the function may be missing.
AwsResult<Service::Target> Service::event_target(Request& request, std::string_view action,
                                                 std::vector<std::pair<std::string, std::string>> context) {
  auto ref = name_of(request, NameUse::other, request.parts.at(0), request.query("Qualifier"));
  if (!ref) return std::unexpected(ref.error());
  if (auto allowed = authorize(request.call, fmt::format("lambda:{}", action), ref->arn(), {}, std::move(context));
      !allowed) {
    return std::unexpected(allowed.error());
  }
  Target target{.ref = *std::move(ref)};
  target.function = registry_.find(target.ref.region, target.ref.name);
  if (target.function != nullptr) target.version = target.function->find(target.ref.qualifier);
  return target;
}

Service::Answer Service::keep_event_config(Request& request, const Target& target, EventInvokeConfig config) {
  if (auto applied = apply_config(request.body, config); !applied) return std::unexpected(applied.error());
  if (auto there = check_destinations(request, *target.function); !there) return std::unexpected(there.error());
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(clock_.now().time_since_epoch()).count();
  config.last_modified = static_cast<double>(now) / 1000;
  auto& kept = target.function->event_configs[config_key(target.ref)] = config;
  registry_.save(*target.function);
  return json_response(200, config_document(*target.function, config_key(target.ref), kept), request.call.request_id);
}

Task<Service::Answer> Service::put_event_config(Request& request) {
  auto target = event_target(request, "PutFunctionEventInvokeConfig");
  if (!target) co_return std::unexpected(target.error());
  if (target->version == nullptr) co_return std::unexpected(no_such_function());
  co_return keep_event_config(request, *target, {});
}

Task<Service::Answer> Service::update_event_config(Request& request) {
  auto target = event_target(request, "UpdateFunctionEventInvokeConfig");
  if (!target) co_return std::unexpected(target.error());
  if (target->version == nullptr) co_return std::unexpected(no_such_function());
  auto found = target->function->event_configs.find(config_key(target->ref));
  if (found == target->function->event_configs.end()) co_return std::unexpected(no_such_config(target->ref));
  co_return keep_event_config(request, *target, found->second);
}

Task<Service::Answer> Service::get_event_config(Request& request) {
  auto target = event_target(request, "GetFunctionEventInvokeConfig");
  if (!target) co_return std::unexpected(target.error());
  if (target->function == nullptr) co_return std::unexpected(no_such_config(target->ref));
  auto found = target->function->event_configs.find(config_key(target->ref));
  if (found == target->function->event_configs.end()) co_return std::unexpected(no_such_config(target->ref));
  co_return json_response(200, config_document(*target->function, found->first, found->second),
                          request.call.request_id);
}

Task<Service::Answer> Service::delete_event_config(Request& request) {
  auto target = event_target(request, "DeleteFunctionEventInvokeConfig");
  if (!target) co_return std::unexpected(target.error());
  if (target->function == nullptr || target->function->event_configs.erase(config_key(target->ref)) == 0) {
    co_return std::unexpected(no_such_config(target->ref));
  }
  registry_.save(*target->function);
  co_return empty_response(204, request.call.request_id);
}

Task<Service::Answer> Service::list_event_configs(Request& request) {
  auto target = event_target(request, "ListFunctionEventInvokeConfigs");
  if (!target) co_return std::unexpected(target.error());
  if (target->function == nullptr) co_return std::unexpected(no_such_function());
  auto page = read_page(request.query("MaxItems"), request.query("Marker"));
  if (!page) co_return std::unexpected(page.error());
  std::vector<std::pair<std::string, json::object>> items;
  for (const auto& [qualifier, config] : target->function->event_configs) {
    items.emplace_back(qualifier, config_document(*target->function, qualifier, config));
  }
  co_return json_response(200, page_document("FunctionEventInvokeConfigs", std::move(items), *page),
                          request.call.request_id);
}

/// What an asynchronous invocation is given. AWS's default is two retries and six hours.
AsyncQueue::RetryPolicy Service::retry_policy_of(const std::string& region, const std::string& name,
                                                 const std::string& qualifier) {
  AsyncQueue::RetryPolicy policy;
  const auto* function = registry_.find(region, name);
  if (function == nullptr) return policy;
  auto found = function->event_configs.find(qualifier.empty() ? std::string(k_latest) : qualifier);
  if (found == function->event_configs.end()) return policy;
  if (found->second.retries) policy.retries = *found->second.retries;
  if (found->second.event_age) policy.event_age = *found->second.event_age;
  return policy;
}

}  // namespace sortie::emulator::lambda
