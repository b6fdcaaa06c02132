#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "emulator/lambda/api/operation.h"
#include "wire/date.h"
#include "wire/json.h"

/// Provisioned concurrency: counted in the account's concurrency; the pool starts the environments.
namespace sortie::emulator::lambda {
namespace {

namespace json = boost::json;

AwsError conflict(std::string message) {
  return {409, "ResourceConflictException", std::move(message), {}};
}

/// An alias and the version that it points to cannot both be provisioned.
AwsResult<void> check_overlap(const Function& function, const std::string& qualifier) {
  if (auto alias = function.aliases.find(qualifier); alias != function.aliases.end()) {
    if (!function.provisioned.contains(alias->second.version)) return {};
    return std::unexpected(
        conflict("Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version"));
  }
  for (const auto& [name, alias] : function.aliases) {
    if (alias.version == qualifier && function.provisioned.contains(name)) {
      return std::unexpected(conflict("Version is pointed to by a Provisioned Concurrency alias"));
    }
  }
  return {};
}

/// A published version or an alias, permitted.
AwsResult<Target> provisioned_target(Operation& operation, std::string_view action, std::string_view refusal) {
  auto ref = operation.name();
  if (ref && (ref->qualifier.empty() || ref->qualifier == k_latest)) {
    return std::unexpected(invalid_parameter(std::string(refusal)));
  }
  // Of a function that is not there it is the version or the alias that is missing.
  auto target = find_permitted(operation, action);
  if (!target || target->version != nullptr) return target;
  if (is_version(target->ref.qualifier)) return std::unexpected(function_not_found(target->ref.arn()));
  return aws_fail(404, "ResourceNotFoundException", "Cannot find alias arn: " + target->ref.arn());
}

AwsResult<void> check_provisioned(const Operation& operation, const Function& function, const std::string& qualifier,
                                  std::int64_t wanted) {
  if (auto apart = check_overlap(function, qualifier); !apart) return apart;
  auto before = function.provisioned.find(qualifier);
  const auto others =
      function.provisioned_total() - (before == function.provisioned.end() ? 0 : before->second.executions);
  if (function.reserved_concurrency) {
    if (wanted + others <= *function.reserved_concurrency) return {};
    return std::unexpected(invalid_parameter(
        "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function"));
  }
  if (wanted > k_account_concurrency) {
    return std::unexpected(invalid_parameter(fmt::format(
        "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [{}].",
        k_account_concurrency)));
  }
  if (operation.functions.reserved_except(function) + others + wanted > k_account_concurrency - k_least_unreserved) {
    return std::unexpected(
        invalid_parameter(fmt::format("Specified ConcurrentExecutions for function decreases account's "
                                      "UnreservedConcurrentExecution below its minimum value of [{}].",
                                      k_least_unreserved)));
  }
  return {};
}

json::object provisioned_document(const Operation& operation, const Function& function, const std::string& qualifier) {
  const auto& config = function.provisioned.at(qualifier);
  const auto there = operation.provisioner.status(function, qualifier);
  const int available = std::min(there.there, config.executions);
  const bool failed = !config.pending && !there.failure.empty();
  const bool ready = !config.pending && there.complete;
  json::object document{{"RequestedProvisionedConcurrentExecutions", config.executions},
                        {"AvailableProvisionedConcurrentExecutions", available},
                        {"AllocatedProvisionedConcurrentExecutions", available},
                        {"Status", failed  ? "FAILED"
                                   : ready ? "READY"
                                           : "IN_PROGRESS"},
                        {"LastModified", config.last_modified}};
  if (failed) document.emplace("StatusReason", there.failure);
  return document;
}

Task<Answer> put_provisioned(Operation& operation) {
  const auto wanted = wire::int_or(operation.body, "ProvisionedConcurrentExecutions");
  if (wanted < 1) {
    co_return std::unexpected(validation_error({constraint(std::to_string(wanted), "provisionedConcurrentExecutions",
                                                           "Member must have value greater than or equal to 1")}));
  }
  ASSIGN_OR_CO_RETURN(auto target, provisioned_target(operation, "PutProvisionedConcurrencyConfig", k_unpublished));
  if (target.version->version == k_latest) co_return std::unexpected(invalid_parameter(k_unpublished));
  auto& function = *target.function;
  const auto& qualifier = target.ref.qualifier;
  CO_RETURN_IF_ERROR(check_provisioned(operation, function, qualifier, wanted));
  if (auto* revision = function.revision_of(target.version->version)) *revision = make_request_id();
  function.provisioned[qualifier] = {.executions = static_cast<int>(wanted),
                                     .last_modified = wire::format_iso8601_offset(operation.clock.now())};
  operation.functions.save(function);
  operation.provisioner.provision_soon(function);
  co_return json_response(202, provisioned_document(operation, function, qualifier), operation.call.request_id);
}

Task<Answer> get_provisioned(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto target,
                      provisioned_target(operation, "GetProvisionedConcurrencyConfig",
                                         "The function resource provided must be an alias or a published version."));
  auto found = target.function->provisioned.find(target.ref.qualifier);
  if (found == target.function->provisioned.end()) {
    co_return aws_fail(404, "ProvisionedConcurrencyConfigNotFoundException",
                       "No Provisioned Concurrency Config found for this function");
  }
  co_return json_response(200, provisioned_document(operation, *target.function, found->first),
                          operation.call.request_id);
}

Task<Answer> list_provisioned(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto target, find_target(operation, "ListProvisionedConcurrencyConfigs"));
  ASSIGN_OR_CO_RETURN(auto page, read_page(operation.query("MaxItems"), operation.query("Marker")));
  std::vector<std::pair<std::string, json::object>> items;
  for (const auto& [qualifier, config] : target.function->provisioned) {
    auto document = provisioned_document(operation, *target.function, qualifier);
    document.emplace("FunctionArn", target.function->arn(qualifier));
    items.emplace_back(qualifier, std::move(document));
  }
  co_return json_response(200, page_document("ProvisionedConcurrencyConfigs", std::move(items), page),
                          operation.call.request_id);
}

Task<Answer> delete_provisioned(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto target,
                      provisioned_target(operation, "DeleteProvisionedConcurrencyConfig",
                                         "The function resource provided must be an alias or a published version."));
  // One that is not there is deleted all the same.
  if (target.function->provisioned.erase(target.ref.qualifier) > 0) {
    operation.provisioner.unprovision(*target.function, target.ref.qualifier);
    operation.functions.save(*target.function);
  }
  co_return empty_response(204, operation.call.request_id);
}

constexpr Row k_operations[] = {
    {"PutProvisionedConcurrencyConfig",
     put_provisioned,
     {.method = "PUT", .path = "/2019-09-30/functions/{FunctionName}/provisioned-concurrency", .json_body = true}},
    {"ListProvisionedConcurrencyConfigs",
     list_provisioned,
     {.method = "GET", .path = "/2019-09-30/functions/{FunctionName}/provisioned-concurrency", .query = "List=ALL"}},
    {"GetProvisionedConcurrencyConfig",
     get_provisioned,
     {.method = "GET", .path = "/2019-09-30/functions/{FunctionName}/provisioned-concurrency"}},
    {"DeleteProvisionedConcurrencyConfig",
     delete_provisioned,
     {.method = "DELETE", .path = "/2019-09-30/functions/{FunctionName}/provisioned-concurrency"}},
};

}  // namespace

std::span<const Row> provisioned_operations() {
  return k_operations;
}

}  // namespace sortie::emulator::lambda
