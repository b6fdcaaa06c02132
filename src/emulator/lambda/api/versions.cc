#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/json.hpp>

#include "emulator/lambda/api/operation.h"
#include "wire/json.h"

/// Published versions and aliases.
namespace sortie::emulator::lambda {
namespace {

namespace json = boost::json;

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

Task<Answer> publish_version(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto target, find_target(operation, "PublishVersion"));
  auto& function = *target.function;
  auto sha = wire::string_or(operation.body, "CodeSha256");
  if (!sha.empty() && sha != function.latest.code_sha256) {
    co_return std::unexpected(invalid_parameter(
        fmt::format("CodeSHA256 ({}) is different from current CodeSHA256 in $LATEST ({}). Please try again with the "
                    "CodeSHA256 in $LATEST.",
                    sha, function.latest.code_sha256)));
  }
  auto revision = wire::string_or(operation.body, "RevisionId");
  if (!revision.empty() && revision != function.latest.revision_id) co_return std::unexpected(wrong_revision());
  auto description = wire::string_or(operation.body, "Description", function.latest.description);
  const auto& version = publish(function, description);
  operation.functions.save(function);
  co_return json_response(201, configuration_document(function, version), operation.call.request_id);
}

Task<Answer> list_versions(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto target, find_target(operation, "ListVersionsByFunction"));
  ASSIGN_OR_CO_RETURN(auto page, read_page(operation.query("MaxItems"), operation.query("Marker")));
  const auto& function = *target.function;
  std::vector<std::pair<std::string, json::object>> items;
  items.emplace_back("$LATEST", configuration_document(function, function.latest, k_latest));
  for (const auto& [number, version] : function.versions) {
    items.emplace_back(fmt::format("{:010}", number), configuration_document(function, version));
  }
  co_return json_response(200, page_document("Versions", std::move(items), page), operation.call.request_id);
}

Task<Answer> create_alias(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto target, find_target(operation, "CreateAlias"));
  auto& function = *target.function;
  auto name = wire::string_or(operation.body, "Name");
  if (!is_plain_name(name) || is_version(name) || name.size() > 128) {
    co_return std::unexpected(validation_error(
        {constraint(name, "name", "Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)")}));
  }
  auto version = wire::string_or(operation.body, "FunctionVersion");
  CO_RETURN_IF_ERROR(check_alias(function, operation.body, version));
  if (function.aliases.contains(name)) {
    co_return aws_fail(409, "ResourceConflictException", "Alias already exists: " + function.arn(name));
  }
  auto& alias = function.aliases[name];
  alias = {version, wire::string_or(operation.body, "Description"), make_request_id(), {}};
  apply_weights(operation.body, alias);
  operation.functions.save(function);
  co_return json_response(201, alias_document(function, name, alias), operation.call.request_id);
}

Task<Answer> get_alias(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto target, find_target(operation, "GetAlias"));
  auto found = target.function->aliases.find(operation.parts.at(1));
  if (found == target.function->aliases.end()) {
    co_return std::unexpected(alias_not_found(*target.function, operation.parts.at(1)));
  }
  co_return json_response(200, alias_document(*target.function, found->first, found->second),
                          operation.call.request_id);
}

Task<Answer> update_alias(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto target, find_target(operation, "UpdateAlias"));
  auto& function = *target.function;
  auto found = function.aliases.find(operation.parts.at(1));
  if (found == function.aliases.end()) {
    co_return aws_fail(404, "ResourceNotFoundException", "Alias not found: " + function.arn(operation.parts.at(1)));
  }
  auto& alias = found->second;
  auto revision = wire::string_or(operation.body, "RevisionId");
  if (!revision.empty() && revision != alias.revision_id) co_return std::unexpected(wrong_revision());
  auto version = wire::string_or(operation.body, "FunctionVersion", alias.version);
  CO_RETURN_IF_ERROR(check_alias(function, operation.body, version));
  CO_RETURN_IF_ERROR(check_kept_weights(operation.body, alias, version));
  alias.version = version;
  alias.description = wire::string_or(operation.body, "Description", alias.description);
  alias.revision_id = make_request_id();
  apply_weights(operation.body, alias);
  operation.functions.save(function);
  if (auto config = function.provisioned.find(found->first); config != function.provisioned.end()) {
    config->second.pending = true;
    operation.provisioner.provision_soon(function);
  }
  co_return json_response(200, alias_document(function, found->first, alias), operation.call.request_id);
}

Task<Answer> delete_alias(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto target, find_target(operation, "DeleteAlias"));
  auto& function = *target.function;
  // An alias that is not there is deleted all the same.
  if (function.aliases.erase(operation.parts.at(1)) > 0) {
    operation.provisioner.unprovision(function, operation.parts.at(1));
    function.forget(operation.parts.at(1));
    operation.functions.save(function);
  }
  co_return empty_response(204, operation.call.request_id);
}

Task<Answer> list_aliases(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto target, find_target(operation, "ListAliases"));
  ASSIGN_OR_CO_RETURN(auto page, read_page(operation.query("MaxItems"), operation.query("Marker")));
  auto of_version = operation.query("FunctionVersion");
  std::vector<std::pair<std::string, json::object>> items;
  for (const auto& [name, alias] : target.function->aliases) {
    if (of_version.empty() || of_version == alias.version) {
      items.emplace_back(name, alias_document(*target.function, name, alias));
    }
  }
  co_return json_response(200, page_document("Aliases", std::move(items), page), operation.call.request_id);
}

constexpr Row k_operations[] = {
    {"PublishVersion",
     publish_version,
     {.method = "POST", .path = "/2015-03-31/functions/{FunctionName}/versions", .json_body = true}},
    {"ListVersionsByFunction",
     list_versions,
     {.method = "GET", .path = "/2015-03-31/functions/{FunctionName}/versions"}},
    {"CreateAlias",
     create_alias,
     {.method = "POST", .path = "/2015-03-31/functions/{FunctionName}/aliases", .json_body = true}},
    {"ListAliases", list_aliases, {.method = "GET", .path = "/2015-03-31/functions/{FunctionName}/aliases"}},
    {"GetAlias", get_alias, {.method = "GET", .path = "/2015-03-31/functions/{FunctionName}/aliases/{Name}"}},
    {"UpdateAlias",
     update_alias,
     {.method = "PUT", .path = "/2015-03-31/functions/{FunctionName}/aliases/{Name}", .json_body = true}},
    {"DeleteAlias", delete_alias, {.method = "DELETE", .path = "/2015-03-31/functions/{FunctionName}/aliases/{Name}"}},
};

}  // namespace

std::span<const Row> version_operations() {
  return k_operations;
}

}  // namespace sortie::emulator::lambda
