#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/json.hpp>

#include "emulator/core/protocol.h"
#include "emulator/lambda/api/service.h"
#include "wire/json.h"

/// Published versions and aliases.
namespace sortie::emulator::lambda {
namespace {

namespace json = boost::json;

/// True when publishing `latest` would make what `published` is already.
bool same_content(const Version& latest, const Version& published) {
  return latest.code_sha256 == published.code_sha256 && latest.runtime == published.runtime &&
         latest.role == published.role && latest.handler == published.handler && latest.timeout == published.timeout &&
         latest.memory_mb == published.memory_mb && latest.ephemeral_mb == published.ephemeral_mb &&
         latest.environment == published.environment && latest.architecture == published.architecture &&
         latest.log_format == published.log_format && latest.log_group == published.log_group &&
         latest.application_log_level == published.application_log_level &&
         latest.system_log_level == published.system_log_level && latest.tracing_mode == published.tracing_mode &&
         latest.kms_key_arn == published.kms_key_arn && latest.snap_start == published.snap_start &&
         latest.layers == published.layers;
}

AwsError alias_not_found(const Function& function, const std::string& name) {
  return {404, "ResourceNotFoundException", "Cannot find alias arn: " + function.arn(name), {}};
}

AwsError broken_weights(const json::object& weights, std::string_view broken) {
  std::vector<std::string> shown;
  for (const auto& [version, weight] : weights) {
    shown.push_back(fmt::format("{}={}", std::string_view(version), json::serialize(weight)));
  }
  return validation_error(
      {constraint(fmt::format("{{{}}}", fmt::join(shown, ", ")), "routingConfig.additionalVersionWeights", broken)});
}

/// The second version of an alias and its share of the invocations.
AwsResult<void> check_weights(const Function& function, const json::object& weights, const std::string& version) {
  for (const auto& [other, weight] : weights) {
    if (!is_version(other)) {
      return std::unexpected(broken_weights(
          weights,
          "Map keys must satisfy constraint: [Member must have length less than or equal to 1024, Member must have "
          "length greater than or equal to 1, Member must satisfy regular expression pattern: [0-9]+, Member must not "
          "be null]"));
    }
    const double share = weight.is_number() ? weight.to_number<double>() : -1;
    if (!(share >= 0 && share <= 1)) {
      return std::unexpected(broken_weights(
          weights,
          "Map value must satisfy constraint: [Member must have value less than or equal to 1.0, Member must have "
          "value greater than or equal to 0.0, Member must not be null]"));
    }
  }
  if (weights.size() > 1) {
    return std::unexpected(invalid_parameter("Number of items in AdditionalVersionWeights cannot be greater than 1"));
  }
  if (weights.empty()) return {};
  const std::string other(weights.begin()->key());
  if (other == version) {
    return std::unexpected(invalid_parameter(fmt::format(
        "Invalid function version {0}. Function version {0} is already included in routing configuration.", other)));
  }
  if (version == k_latest) {
    return std::unexpected(invalid_parameter("$LATEST is not supported for an alias pointing to more than 1 version"));
  }
  if (function.find(other) == nullptr) return std::unexpected(function_not_found(function.arn(other)));
  return {};
}

const json::object& weights_of(const json::object& body) {
  return wire::object_or_empty(wire::object_or_empty(body, "RoutingConfig"), "AdditionalVersionWeights");
}

void apply_weights(const json::object& body, Alias& alias) {
  if (wire::find(body, "RoutingConfig") == nullptr) return;
  alias.weights.clear();
  for (const auto& [version, weight] : weights_of(body)) alias.weights.emplace(version, weight.to_number<double>());
}

/// An alias points to a version, or to two.
AwsResult<void> check_alias(const Function& function, const json::object& body, const std::string& version) {
  if (version != k_latest && !is_version(version)) {
    return std::unexpected(validation_error(
        {constraint(version, "functionVersion",
                    R"(Member must satisfy regular expression pattern: (\$LATEST(\.PUBLISHED)?|[0-9]+))")}));
  }
  if (function.find(version) == nullptr) return std::unexpected(function_not_found(function.arn(version)));
  return check_weights(function, weights_of(body), version);
}

/// A version that an alias keeps as its second one cannot become its first.
AwsResult<void> check_kept_weights(const json::object& body, const Alias& alias, const std::string& version) {
  if (wire::find(body, "RoutingConfig") != nullptr || !alias.weights.contains(version)) return {};
  return std::unexpected(invalid_parameter(fmt::format(
      "Invalid function version {0}. Function version {0} is already included in routing configuration.", version)));
}

}  // namespace

const Version& Service::publish(Function& function, const std::string& description, Version::Status status) {
  if (function.last_version > 0) {
    auto last = function.versions.find(function.last_version);
    if (last != function.versions.end() && same_content(function.latest, last->second)) return last->second;
  }
  auto number = ++function.last_version;
  auto& version = function.versions[number];
  version = function.latest;
  version.version = std::to_string(number);
  version.description = description;
  version.revision_id = make_request_id();
  version.status = status;
  function.latest.revision_id = make_request_id();
  return version;
}

Task<Service::Answer> Service::publish_version(Request& request) {
  auto target = find_target(request, "PublishVersion");
  if (!target) co_return std::unexpected(target.error());
  auto& function = *target->function;
  auto sha = wire::string_or(request.body, "CodeSha256");
  if (!sha.empty() && sha != function.latest.code_sha256) {
    co_return std::unexpected(invalid_parameter(
        fmt::format("CodeSHA256 ({}) is different from current CodeSHA256 in $LATEST ({}). Please try again with the "
                    "CodeSHA256 in $LATEST.",
                    sha, function.latest.code_sha256)));
  }
  auto revision = wire::string_or(request.body, "RevisionId");
  if (!revision.empty() && revision != function.latest.revision_id) co_return std::unexpected(wrong_revision());
  auto description = wire::string_or(request.body, "Description", function.latest.description);
  const auto& version = publish(function, description);
  registry_.save(function);
  co_return json_response(201, configuration_document(function, version), request.call.request_id);
}

Task<Service::Answer> Service::list_versions(Request& request) {
  auto target = find_target(request, "ListVersionsByFunction");
  if (!target) co_return std::unexpected(target.error());
  auto page = read_page(request.query("MaxItems"), request.query("Marker"));
  if (!page) co_return std::unexpected(page.error());
  const auto& function = *target->function;
  std::vector<std::pair<std::string, json::object>> items;
  items.emplace_back("$LATEST", configuration_document(function, function.latest, k_latest));
  for (const auto& [number, version] : function.versions) {
    items.emplace_back(fmt::format("{:010}", number), configuration_document(function, version));
  }
  co_return json_response(200, page_document("Versions", std::move(items), *page), request.call.request_id);
}

Task<Service::Answer> Service::create_alias(Request& request) {
  auto target = find_target(request, "CreateAlias");
  if (!target) co_return std::unexpected(target.error());
  auto& function = *target->function;
  auto name = wire::string_or(request.body, "Name");
  if (!is_plain_name(name) || is_version(name) || name.size() > 128) {
    co_return std::unexpected(validation_error(
        {constraint(name, "name", "Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)")}));
  }
  auto version = wire::string_or(request.body, "FunctionVersion");
  if (auto checked = check_alias(function, request.body, version); !checked) co_return std::unexpected(checked.error());
  if (function.aliases.contains(name)) {
    co_return aws_fail(409, "ResourceConflictException", "Alias already exists: " + function.arn(name));
  }
  auto& alias = function.aliases[name];
  alias = {version, wire::string_or(request.body, "Description"), make_request_id(), {}};
  apply_weights(request.body, alias);
  registry_.save(function);
  co_return json_response(201, alias_document(function, name, alias), request.call.request_id);
}

Task<Service::Answer> Service::get_alias(Request& request) {
  auto target = find_target(request, "GetAlias");
  if (!target) co_return std::unexpected(target.error());
  auto found = target->function->aliases.find(request.parts.at(1));
  if (found == target->function->aliases.end()) {
    co_return std::unexpected(alias_not_found(*target->function, request.parts.at(1)));
  }
  co_return json_response(200, alias_document(*target->function, found->first, found->second), request.call.request_id);
}

Task<Service::Answer> Service::update_alias(Request& request) {
  auto target = find_target(request, "UpdateAlias");
  if (!target) co_return std::unexpected(target.error());
  auto& function = *target->function;
  auto found = function.aliases.find(request.parts.at(1));
  if (found == function.aliases.end()) {
    co_return aws_fail(404, "ResourceNotFoundException", "Alias not found: " + function.arn(request.parts.at(1)));
  }
  auto& alias = found->second;
  auto revision = wire::string_or(request.body, "RevisionId");
  if (!revision.empty() && revision != alias.revision_id) co_return std::unexpected(wrong_revision());
  auto version = wire::string_or(request.body, "FunctionVersion", alias.version);
  if (auto checked = check_alias(function, request.body, version); !checked) co_return std::unexpected(checked.error());
  if (auto checked = check_kept_weights(request.body, alias, version); !checked) {
    co_return std::unexpected(checked.error());
  }
  alias.version = version;
  alias.description = wire::string_or(request.body, "Description", alias.description);
  alias.revision_id = make_request_id();
  apply_weights(request.body, alias);
  registry_.save(function);
  if (auto config = function.provisioned.find(found->first); config != function.provisioned.end()) {
    config->second.pending = true;
    provision_soon(function);
  }
  co_return json_response(200, alias_document(function, found->first, alias), request.call.request_id);
}

Task<Service::Answer> Service::delete_alias(Request& request) {
  auto target = find_target(request, "DeleteAlias");
  if (!target) co_return std::unexpected(target.error());
  auto& function = *target->function;
  // An alias that is not there is deleted all the same.
  if (function.aliases.erase(request.parts.at(1)) > 0) {
    pool_->unprovision(function.arn(request.parts.at(1)));
    function.forget(request.parts.at(1));
    registry_.save(function);
  }
  co_return empty_response(204, request.call.request_id);
}

Task<Service::Answer> Service::list_aliases(Request& request) {
  auto target = find_target(request, "ListAliases");
  if (!target) co_return std::unexpected(target.error());
  auto page = read_page(request.query("MaxItems"), request.query("Marker"));
  if (!page) co_return std::unexpected(page.error());
  auto of_version = request.query("FunctionVersion");
  std::vector<std::pair<std::string, json::object>> items;
  for (const auto& [name, alias] : target->function->aliases) {
    if (of_version.empty() || of_version == alias.version) {
      items.emplace_back(name, alias_document(*target->function, name, alias));
    }
  }
  co_return json_response(200, page_document("Aliases", std::move(items), *page), request.call.request_id);
}

}  // namespace sortie::emulator::lambda
