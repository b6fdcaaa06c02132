#include <fmt/format.h>

#include <boost/json.hpp>

#include "emulator/lambda/api/operation.h"
#include "wire/json.h"

/// Reserved concurrency, and what the account has.
namespace sortie::emulator::lambda {
namespace {

namespace json = boost::json;

constexpr std::int64_t k_total_code_size = 80'530'636'800;
constexpr std::int64_t k_unzipped_limit = 262'144'000;
constexpr std::int64_t k_zipped_limit = 52'428'800;

/// Concurrency is reserved for whole functions.
AwsResult<Target> concurrency_target(Operation& operation, std::string_view action) {
  auto ref = operation.name_of(NameUse::other, operation.parts.at(0), {});
  if (ref && !ref->qualifier.empty()) {
    return std::unexpected(
        invalid_parameter("This operation is permitted on Lambda functions only. Aliases and versions do not support "
                          "this operation. Please specify either a function name or an unqualified function ARN."));
  }
  return find_target(operation, action);
}

Task<Answer> put_concurrency(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto target, concurrency_target(operation, "PutFunctionConcurrency"));
  auto& function = *target.function;
  auto wanted = wire::int_or(operation.body, "ReservedConcurrentExecutions", -1);
  if (wanted < 0) {
    co_return std::unexpected(validation_error({constraint(std::to_string(wanted), "reservedConcurrentExecutions",
                                                           "Member must have value greater than or equal to 0")}));
  }
  if (operation.functions.reserved_except(function) + wanted > k_account_concurrency - k_least_unreserved) {
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
  operation.functions.save(function);
  co_return json_response(200, json::object{{"ReservedConcurrentExecutions", wanted}}, operation.call.request_id);
}

Task<Answer> get_concurrency(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto target, concurrency_target(operation, "GetFunctionConcurrency"));
  json::object document;
  if (auto reserved = target.function->reserved_concurrency) {
    document.emplace("ReservedConcurrentExecutions", *reserved);
  }
  co_return json_response(200, document, operation.call.request_id);
}

Task<Answer> delete_concurrency(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto target, concurrency_target(operation, "DeleteFunctionConcurrency"));
  target.function->reserved_concurrency.reset();
  operation.functions.save(*target.function);
  co_return empty_response(204, operation.call.request_id);
}

Task<Answer> get_account_settings(Operation& operation) {
  CO_RETURN_IF_ERROR(operation.allow("GetAccountSettings", "*"));
  std::int64_t functions = 0;
  std::uint64_t size = 0;
  int reserved = 0;
  for (const auto& [key, function] : operation.functions.all()) {
    if (function.region != operation.call.region) continue;
    ++functions;
    size += function.latest.code_size;
    for (const auto& [number, version] : function.versions) size += version.code_size;
    reserved += function.set_aside();
  }
  for (const auto& [key, layer] : operation.layers.all()) {
    if (layer.region != operation.call.region) continue;
    for (const auto& [number, version] : layer.versions) size += version.code_size;
  }
  json::object document{
      {"AccountLimit", json::object{{"TotalCodeSize", k_total_code_size},
                                    {"CodeSizeUnzipped", k_unzipped_limit},
                                    {"CodeSizeZipped", k_zipped_limit},
                                    {"ConcurrentExecutions", k_account_concurrency},
                                    {"UnreservedConcurrentExecutions", k_account_concurrency - reserved}}},
      {"AccountUsage", json::object{{"TotalCodeSize", size}, {"FunctionCount", functions}}}};
  co_return json_response(200, document, operation.call.request_id);
}

constexpr Row k_operations[] = {
    {"GetAccountSettings", get_account_settings, {.method = "GET", .path = "/2016-08-19/account-settings"}},
    {"PutFunctionConcurrency",
     put_concurrency,
     {.method = "PUT", .path = "/2017-10-31/functions/{FunctionName}/concurrency", .json_body = true}},
    {"DeleteFunctionConcurrency",
     delete_concurrency,
     {.method = "DELETE", .path = "/2017-10-31/functions/{FunctionName}/concurrency"}},
    {"GetFunctionConcurrency",
     get_concurrency,
     {.method = "GET", .path = "/2019-09-30/functions/{FunctionName}/concurrency"}},
};

}  // namespace

std::span<const Row> concurrency_operations() {
  return k_operations;
}

}  // namespace sortie::emulator::lambda
