#include <fmt/format.h>

#include <boost/json.hpp>

#include "emulator/core/protocol.h"
#include "emulator/lambda/api/service.h"
#include "wire/json.h"

/// Reserved concurrency, and what the account has.
namespace sortie::emulator::lambda {
namespace {

namespace json = boost::json;

constexpr std::int64_t k_total_code_size = 80'530'636'800;
constexpr std::int64_t k_unzipped_limit = 262'144'000;
constexpr std::int64_t k_zipped_limit = 52'428'800;

}  // namespace

/// Concurrency is reserved for whole functions.
AwsResult<Service::Target> Service::concurrency_target(Request& request, std::string_view action) {
  auto ref = name_of(request, NameUse::other, request.parts.at(0), {});
  if (ref && !ref->qualifier.empty()) {
    return std::unexpected(
        invalid_parameter("This operation is permitted on Lambda functions only. Aliases and versions do not support "
                          "this operation. Please specify either a function name or an unqualified function ARN."));
  }
  return find_target(request, action);
}

Task<Service::Answer> Service::put_concurrency(Request& request) {
  auto target = concurrency_target(request, "PutFunctionConcurrency");
  if (!target) co_return std::unexpected(target.error());
  auto& function = *target->function;
  auto wanted = wire::int_or(request.body, "ReservedConcurrentExecutions", -1);
  if (wanted < 0) {
    co_return std::unexpected(validation_error({constraint(std::to_string(wanted), "reservedConcurrentExecutions",
                                                           "Member must have value greater than or equal to 0")}));
  }
  if (reserved_except(function) + wanted > k_account_concurrency - k_least_unreserved) {
    co_return std::unexpected(
        invalid_parameter(fmt::format("Specified ReservedConcurrentExecutions for function decreases account's "
                                      "UnreservedConcurrentExecution below its minimum value of [{}].",
                                      k_least_unreserved)));
  }
  if (auto provisioned = function.provisioned_total(); wanted < provisioned) {
    co_return std::unexpected(
        invalid_parameter(fmt::format(" ReservedConcurrentExecutions  {} should not be lower than function's total "
                                      "provisioned concurrency [{}].",
                                      wanted, provisioned)));
  }
  function.reserved_concurrency = static_cast<int>(wanted);
  registry_.save(function);
  co_return json_response(200, json::object{{"ReservedConcurrentExecutions", wanted}}, request.call.request_id);
}

Task<Service::Answer> Service::get_concurrency(Request& request) {
  auto target = concurrency_target(request, "GetFunctionConcurrency");
  if (!target) co_return std::unexpected(target.error());
  json::object document;
  if (auto reserved = target->function->reserved_concurrency) {
    document.emplace("ReservedConcurrentExecutions", *reserved);
  }
  co_return json_response(200, document, request.call.request_id);
}

Task<Service::Answer> Service::delete_concurrency(Request& request) {
  auto target = concurrency_target(request, "DeleteFunctionConcurrency");
  if (!target) co_return std::unexpected(target.error());
  target->function->reserved_concurrency.reset();
  registry_.save(*target->function);
  co_return empty_response(204, request.call.request_id);
}

Task<Service::Answer> Service::get_account_settings(Request& request) {
  if (auto allowed = authorize(request.call, "lambda:GetAccountSettings", "*"); !allowed) {
    co_return std::unexpected(allowed.error());
  }
  std::int64_t functions = 0;
  std::uint64_t size = 0;
  int reserved = 0;
  for (const auto& [key, function] : registry_.all()) {
    if (function.region != request.call.region) continue;
    ++functions;
    size += function.latest.code_size;
    for (const auto& [number, version] : function.versions) size += version.code_size;
    reserved += function.set_aside();
  }
  for (const auto& [key, layer] : layers_.all()) {
    if (layer.region != request.call.region) continue;
    for (const auto& [number, version] : layer.versions) size += version.code_size;
  }
  json::object document{
      {"AccountLimit", json::object{{"TotalCodeSize", k_total_code_size},
                                    {"CodeSizeUnzipped", k_unzipped_limit},
                                    {"CodeSizeZipped", k_zipped_limit},
                                    {"ConcurrentExecutions", k_account_concurrency},
                                    {"UnreservedConcurrentExecutions", k_account_concurrency - reserved}}},
      {"AccountUsage", json::object{{"TotalCodeSize", size}, {"FunctionCount", functions}}}};
  co_return json_response(200, document, request.call.request_id);
}

}  // namespace sortie::emulator::lambda
