#include <fmt/format.h>

#include <boost/json.hpp>
#include <chrono>

#include "emulator/lambda/api/destinations.h"
#include "emulator/lambda/api/operation.h"
#include "wire/json.h"

/// Event invoke configurations: retries and destinations of asynchronous invocations.
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

Answer keep_event_config(Operation& operation, const Target& target, EventInvokeConfig config) {
  RETURN_IF_ERROR(apply_config(operation.body, config));
  RETURN_IF_ERROR(check_destinations(operation, *target.function));
  const auto now =
      std::chrono::duration_cast<std::chrono::milliseconds>(operation.clock.now().time_since_epoch()).count();
  config.last_modified = static_cast<double>(now) / 1000;
  auto& kept = target.function->event_configs[config_key(target.ref)] = config;
  operation.functions.save(*target.function);
  return json_response(200, config_document(*target.function, config_key(target.ref), kept), operation.call.request_id);
}

Task<Answer> put_event_config(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto target, find_permitted(operation, "PutFunctionEventInvokeConfig"));
  if (target.version == nullptr) co_return std::unexpected(no_such_function());
  co_return keep_event_config(operation, target, {});
}

Task<Answer> update_event_config(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto target, find_permitted(operation, "UpdateFunctionEventInvokeConfig"));
  if (target.version == nullptr) co_return std::unexpected(no_such_function());
  auto found = target.function->event_configs.find(config_key(target.ref));
  if (found == target.function->event_configs.end()) co_return std::unexpected(no_such_config(target.ref));
  co_return keep_event_config(operation, target, found->second);
}

Task<Answer> get_event_config(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto target, find_permitted(operation, "GetFunctionEventInvokeConfig"));
  if (target.function == nullptr) co_return std::unexpected(no_such_config(target.ref));
  auto found = target.function->event_configs.find(config_key(target.ref));
  if (found == target.function->event_configs.end()) co_return std::unexpected(no_such_config(target.ref));
  co_return json_response(200, config_document(*target.function, found->first, found->second),
                          operation.call.request_id);
}

Task<Answer> delete_event_config(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto target, find_permitted(operation, "DeleteFunctionEventInvokeConfig"));
  if (target.function == nullptr || target.function->event_configs.erase(config_key(target.ref)) == 0) {
    co_return std::unexpected(no_such_config(target.ref));
  }
  operation.functions.save(*target.function);
  co_return empty_response(204, operation.call.request_id);
}

Task<Answer> list_event_configs(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto target, find_permitted(operation, "ListFunctionEventInvokeConfigs"));
  if (target.function == nullptr) co_return std::unexpected(no_such_function());
  ASSIGN_OR_CO_RETURN(auto page, read_page(operation.query("MaxItems"), operation.query("Marker")));
  std::vector<std::pair<std::string, json::object>> items;
  for (const auto& [qualifier, config] : target.function->event_configs) {
    items.emplace_back(qualifier, config_document(*target.function, qualifier, config));
  }
  co_return json_response(200, page_document("FunctionEventInvokeConfigs", std::move(items), page),
                          operation.call.request_id);
}

constexpr Row k_operations[] = {
    {"PutFunctionEventInvokeConfig",
     put_event_config,
     {.method = "PUT", .path = "/2019-09-25/functions/{FunctionName}/event-invoke-config", .json_body = true}},
    {"UpdateFunctionEventInvokeConfig",
     update_event_config,
     {.method = "POST", .path = "/2019-09-25/functions/{FunctionName}/event-invoke-config", .json_body = true}},
    {"GetFunctionEventInvokeConfig",
     get_event_config,
     {.method = "GET", .path = "/2019-09-25/functions/{FunctionName}/event-invoke-config"}},
    {"DeleteFunctionEventInvokeConfig",
     delete_event_config,
     {.method = "DELETE", .path = "/2019-09-25/functions/{FunctionName}/event-invoke-config"}},
    {"ListFunctionEventInvokeConfigs",
     list_event_configs,
     {.method = "GET", .path = "/2019-09-25/functions/{FunctionName}/event-invoke-config/list"}},
};

}  // namespace

std::span<const Row> event_invoke_operations() {
  return k_operations;
}

}  // namespace sortie::emulator::lambda
