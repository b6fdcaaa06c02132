#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/json.hpp>
#include <cmath>

#include "base/deadline.h"
#include "emulator/core/protocol.h"
#include "emulator/lambda/api/service.h"
#include "wire/date.h"
#include "wire/json.h"

/// Provisioned concurrency: counted in the account's concurrency; the pool starts the environments.
namespace sortie::emulator::lambda {
namespace {

namespace json = boost::json;

constexpr char k_unpublished[] = "Provisioned Concurrency Configs cannot be applied to unpublished function versions.";

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

}  // namespace

/// A published version or an alias, permitted.
AwsResult<Service::Target> Service::provisioned_target(Request& request, std::string_view action,
                                                       std::string_view refusal) {
  auto ref = name_of(request, NameUse::other, request.parts.at(0), request.query("Qualifier"));
  if (ref && (ref->qualifier.empty() || ref->qualifier == k_latest)) {
    return std::unexpected(invalid_parameter(std::string(refusal)));
  }
  // Of a function that is not there it is the version or the alias that is missing.
  auto target = event_target(request, action);
  if (!target || target->version != nullptr) return target;
  if (is_version(target->ref.qualifier)) return std::unexpected(function_not_found(target->ref.arn()));
  return aws_fail(404, "ResourceNotFoundException", "Cannot find alias arn: " + target->ref.arn());
}

AwsResult<void> Service::check_provisioned(const Function& function, const std::string& qualifier,
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
  if (reserved_except(function) + others + wanted > k_account_concurrency - k_least_unreserved) {
    return std::unexpected(
        invalid_parameter(fmt::format("Specified ConcurrentExecutions for function decreases account's "
                                      "UnreservedConcurrentExecution below its minimum value of [{}].",
                                      k_least_unreserved)));
  }
  return {};
}

Task<Service::Answer> Service::put_provisioned(Request& request) {
  const auto wanted = wire::int_or(request.body, "ProvisionedConcurrentExecutions");
  if (wanted < 1) {
    co_return std::unexpected(validation_error({constraint(std::to_string(wanted), "provisionedConcurrentExecutions",
                                                           "Member must have value greater than or equal to 1")}));
  }
  auto target = provisioned_target(request, "PutProvisionedConcurrencyConfig", k_unpublished);
  if (!target) co_return std::unexpected(target.error());
  if (target->version->version == k_latest) co_return std::unexpected(invalid_parameter(k_unpublished));
  auto& function = *target->function;
  const auto& qualifier = target->ref.qualifier;
  if (auto fits = check_provisioned(function, qualifier, wanted); !fits) co_return std::unexpected(fits.error());
  if (auto* revision = function.revision_of(target->version->version)) *revision = make_request_id();
  function.provisioned[qualifier] = {.executions = static_cast<int>(wanted),
                                     .last_modified = wire::format_iso8601_offset(clock_.now())};
  registry_.save(function);
  provision_soon(function);
  co_return json_response(202, provisioned_document(function, qualifier), request.call.request_id);
}

json::object Service::provisioned_document(const Function& function, const std::string& qualifier) {
  const auto& config = function.provisioned.at(qualifier);
  const auto there = pool_->provisioned(function.arn(qualifier));
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

void Service::provision_soon(const Function& function) {
  if (function.provisioned.empty()) return;
  asio::co_spawn(executor_, provision_later(shared_from_this(), function.region, function.name), asio::detached);
}

Task<void> Service::provision_later(std::shared_ptr<Service> self, std::string region, std::string name) {
  co_await sleep_for(self->options_.realism ? self->options_.realism->create_time : self->options_.activation_time);
  if (self->closed_) co_return;
  if (auto* function = self->registry_.find(region, name)) self->provision(*function);
}

/// An alias of two versions has its share of environments for each of them.
void Service::provision(Function& function) {
  for (auto& [qualifier, config] : function.provisioned) {
    if (!std::exchange(config.pending, false)) continue;
    std::vector<std::pair<std::string, int>> counts;
    int left = config.executions;
    auto alias = function.aliases.find(qualifier);
    if (alias != function.aliases.end()) {
      for (const auto& [version, weight] : alias->second.weights) {
        const int share = std::min(left, static_cast<int>(std::lround(config.executions * weight)));
        counts.emplace_back(version, share);
        left -= share;
      }
    }
    counts.emplace_back(alias == function.aliases.end() ? qualifier : alias->second.version, left);
    std::vector<Pool::Wanted> wanted;
    std::string failure;
    for (const auto& [number, count] : counts) {
      const auto* version = function.find(number);
      if (number == k_latest) {
        failure = k_unpublished;
        continue;
      }
      auto deployment = version != nullptr ? deployment_of(function, *version)
                                           : aws_fail(404, "ResourceNotFoundException", "The version is gone");
      if (deployment) {
        wanted.push_back({*std::move(deployment), count});
      } else {
        failure = deployment.error().message;
      }
    }
    pool_->provision(function.arn(qualifier), std::move(wanted), std::move(failure));
  }
}

void Service::unprovision(const Function& function) {
  for (const auto& [qualifier, config] : function.provisioned) pool_->unprovision(function.arn(qualifier));
}

Task<Service::Answer> Service::get_provisioned(Request& request) {
  if (request.query("List") == "ALL") co_return list_provisioned(request);
  auto target = provisioned_target(request, "GetProvisionedConcurrencyConfig",
                                   "The function resource provided must be an alias or a published version.");
  if (!target) co_return std::unexpected(target.error());
  auto found = target->function->provisioned.find(target->ref.qualifier);
  if (found == target->function->provisioned.end()) {
    co_return aws_fail(404, "ProvisionedConcurrencyConfigNotFoundException",
                       "No Provisioned Concurrency Config found for this function");
  }
  co_return json_response(200, provisioned_document(*target->function, found->first), request.call.request_id);
}

Service::Answer Service::list_provisioned(Request& request) {
  auto target = find_target(request, "ListProvisionedConcurrencyConfigs");
  if (!target) return std::unexpected(target.error());
  auto page = read_page(request.query("MaxItems"), request.query("Marker"));
  if (!page) return std::unexpected(page.error());
  std::vector<std::pair<std::string, json::object>> items;
  for (const auto& [qualifier, config] : target->function->provisioned) {
    auto document = provisioned_document(*target->function, qualifier);
    document.emplace("FunctionArn", target->function->arn(qualifier));
    items.emplace_back(qualifier, std::move(document));
  }
  return json_response(200, page_document("ProvisionedConcurrencyConfigs", std::move(items), *page),
                       request.call.request_id);
}

Task<Service::Answer> Service::delete_provisioned(Request& request) {
  auto target = provisioned_target(request, "DeleteProvisionedConcurrencyConfig",
                                   "The function resource provided must be an alias or a published version.");
  if (!target) co_return std::unexpected(target.error());
  // One that is not there is deleted all the same.
  if (target->function->provisioned.erase(target->ref.qualifier) > 0) {
    pool_->unprovision(target->function->arn(target->ref.qualifier));
    registry_.save(*target->function);
  }
  co_return empty_response(204, request.call.request_id);
}

}  // namespace sortie::emulator::lambda
