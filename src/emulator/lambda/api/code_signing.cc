#include <fmt/format.h>

#include <boost/json.hpp>

#include "emulator/lambda/api/function_signing.h"
#include "emulator/lambda/api/operation.h"
#include "emulator/lambda/catalogue/configuration.h"
#include "wire/arn.h"
#include "wire/date.h"
#include "wire/json.h"

/// Code signing configurations, and which function has which. Packages are taken as unsigned: a configuration that
/// enforces signatures lets none in.
namespace sortie::emulator::lambda {
namespace {

namespace json = boost::json;

constexpr std::size_t k_publishers_limit = 20;

AwsError no_such_config(const std::string& arn) {
  // Recorded without a Type.
  return {404,
          "ResourceNotFoundException",
          fmt::format("The Lambda code signing configuration {} can not be found.", arn),
          {k_no_type}};
}

AwsError no_such_config_for_function(const std::string& arn) {
  return {404,
          "CodeSigningConfigNotFoundException",
          fmt::format("The code signing configuration cannot be found. Check that the provided configuration is not "
                      "deleted: {}.",
                      arn),
          {}};
}

/// Lays `body` over `config`.
AwsResult<void> apply_config(const json::object& body, CodeSigningConfig& config) {
  std::vector<std::string> broken;
  auto policy = wire::string_or(wire::object_or_empty(body, "CodeSigningPolicies"), "UntrustedArtifactOnDeployment",
                                config.policy);
  if (policy != "Warn" && policy != "Enforce") {
    broken.push_back(not_in_set(policy, "codeSigningPolicies.untrustedArtifactOnDeployment", "Warn, Enforce"));
  }
  const auto* list = wire::find(wire::object_or_empty(body, "AllowedPublishers"), "SigningProfileVersionArns");
  if (list != nullptr && list->is_array()) {
    config.publishers.clear();
    for (const auto& each : list->get_array()) {
      if (each.is_string()) config.publishers.emplace_back(each.get_string());
    }
  }
  if (config.publishers.empty() || config.publishers.size() > k_publishers_limit) {
    broken.push_back(constraint(fmt::format("{} ARNs", config.publishers.size()),
                                "allowedPublishers.signingProfileVersionArns",
                                "Member must have length between 1 and 20"));
  }
  if (!broken.empty()) return std::unexpected(validation_error(broken));
  config.policy = policy;
  config.description = wire::string_or(body, "Description", config.description);
  return {};
}

AwsResult<CodeSigningConfig*> signing_target(Operation& operation, std::string_view action) {
  const auto& arn = operation.parts.at(0);
  RETURN_IF_ERROR(operation.allow(action, arn));
  auto* config = operation.code_signing.find(arn);
  if (config == nullptr) return std::unexpected(no_such_config(arn));
  return config;
}

Task<Answer> create_code_signing(Operation& operation) {
  CO_RETURN_IF_ERROR(operation.allow("CreateCodeSigningConfig", "*"));
  CodeSigningConfig config{.region = operation.call.region, .id = make_code_signing_id()};
  CO_RETURN_IF_ERROR(apply_config(operation.body, config));
  config.tags = wire::string_map(wire::object_or_empty(operation.body, "Tags"));
  CO_RETURN_IF_ERROR(check_tags(config.tags));
  config.arn = fmt::format("arn:{}:lambda:{}:{}:code-signing-config:{}", wire::partition_of(config.region),
                           config.region, operation.account, config.id);
  config.last_modified = wire::format_iso8601_millis(operation.clock.now());
  const auto& kept = operation.code_signing.save(config);
  co_return json_response(201, json::object{{"CodeSigningConfig", code_signing_document(kept)}},
                          operation.call.request_id);
}

Task<Answer> list_code_signing(Operation& operation) {
  CO_RETURN_IF_ERROR(operation.allow("ListCodeSigningConfigs", "*"));
  ASSIGN_OR_CO_RETURN(auto page, read_page(operation.query("MaxItems"), operation.query("Marker")));
  std::vector<std::pair<std::string, json::object>> items;
  for (const auto& [arn, config] : operation.code_signing.all()) {
    if (config.region == operation.call.region) items.emplace_back(arn, code_signing_document(config));
  }
  co_return json_response(200, page_document("CodeSigningConfigs", std::move(items), page), operation.call.request_id);
}

Task<Answer> get_code_signing(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto config, signing_target(operation, "GetCodeSigningConfig"));
  co_return json_response(200, json::object{{"CodeSigningConfig", code_signing_document(*config)}},
                          operation.call.request_id);
}

Task<Answer> update_code_signing(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto config, signing_target(operation, "UpdateCodeSigningConfig"));
  auto changed = *config;
  CO_RETURN_IF_ERROR(apply_config(operation.body, changed));
  if (!operation.body.empty()) changed.last_modified = wire::format_iso8601_millis(operation.clock.now());
  const auto& kept = operation.code_signing.save(changed);
  co_return json_response(200, json::object{{"CodeSigningConfig", code_signing_document(kept)}},
                          operation.call.request_id);
}

Task<Answer> delete_code_signing(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto config, signing_target(operation, "DeleteCodeSigningConfig"));
  for (const auto& [key, function] : operation.functions.all()) {
    if (function.code_signing_config != config->arn) continue;
    co_return aws_fail(
        409, "ResourceConflictException",
        fmt::format("The code signing configuration {} is used by the function {}.", config->arn, function.arn()));
  }
  operation.code_signing.erase(std::string(config->arn));
  co_return empty_response(204, operation.call.request_id);
}

Task<Answer> list_signed_functions(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto config, signing_target(operation, "ListFunctionsByCodeSigningConfig"));
  json::array arns;
  for (const auto& [key, function] : operation.functions.all()) {
    if (function.code_signing_config == config->arn) arns.emplace_back(function.arn());
  }
  co_return json_response(200, json::object{{"FunctionArns", std::move(arns)}}, operation.call.request_id);
}

Task<Answer> put_function_signing(Operation& operation) {
  auto arn = wire::string_or(operation.body, "CodeSigningConfigArn");
  auto target = find_target(operation, "PutFunctionCodeSigningConfig");
  const bool missing = !target && target.error().code == "ResourceNotFoundException";
  if (!target && !missing) co_return std::unexpected(target.error());
  if (operation.code_signing.find(arn) == nullptr) co_return std::unexpected(no_such_config_for_function(arn));
  if (missing) co_return std::unexpected(target.error());
  target->function->code_signing_config = arn;
  operation.functions.save(*target->function);
  co_return json_response(200, json::object{{"CodeSigningConfigArn", arn}, {"FunctionName", target->function->name}},
                          operation.call.request_id);
}

Task<Answer> get_function_signing(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto target, find_target(operation, "GetFunctionCodeSigningConfig"));
  json::object document;
  if (const auto& arn = target.function->code_signing_config; !arn.empty()) {
    document = {{"CodeSigningConfigArn", arn}, {"FunctionName", target.function->name}};
  }
  co_return json_response(200, document, operation.call.request_id);
}

Task<Answer> delete_function_signing(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto target, find_target(operation, "DeleteFunctionCodeSigningConfig"));
  target.function->code_signing_config.clear();
  operation.functions.save(*target.function);
  co_return empty_response(204, operation.call.request_id);
}

constexpr Row k_operations[] = {
    {"CreateCodeSigningConfig",
     create_code_signing,
     {.method = "POST", .path = "/2020-04-22/code-signing-configs", .json_body = true}},
    {"ListCodeSigningConfigs", list_code_signing, {.method = "GET", .path = "/2020-04-22/code-signing-configs"}},
    {"GetCodeSigningConfig",
     get_code_signing,
     {.method = "GET", .path = "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}"}},
    {"UpdateCodeSigningConfig",
     update_code_signing,
     {.method = "PUT", .path = "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}", .json_body = true}},
    {"DeleteCodeSigningConfig",
     delete_code_signing,
     {.method = "DELETE", .path = "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}"}},
    {"ListFunctionsByCodeSigningConfig",
     list_signed_functions,
     {.method = "GET", .path = "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}/functions"}},
    {"PutFunctionCodeSigningConfig",
     put_function_signing,
     {.method = "PUT", .path = "/2020-06-30/functions/{FunctionName}/code-signing-config", .json_body = true}},
    {"GetFunctionCodeSigningConfig",
     get_function_signing,
     {.method = "GET", .path = "/2020-06-30/functions/{FunctionName}/code-signing-config"}},
    {"DeleteFunctionCodeSigningConfig",
     delete_function_signing,
     {.method = "DELETE", .path = "/2020-06-30/functions/{FunctionName}/code-signing-config"}},
};

}  // namespace

AwsResult<void> check_code_signing(const Operation& operation, const Function& function) {
  if (function.code_signing_config.empty()) return {};
  const auto* config = operation.code_signing.find(function.code_signing_config);
  if (config == nullptr) return std::unexpected(no_such_config_for_function(function.code_signing_config));
  if (config->policy != "Enforce") return {};
  return aws_fail(
      400, "CodeVerificationFailedException",
      "The code signature failed one or more of the validation checks for signature mismatch or expiry, and "
      "the code signing policy is set to ENFORCE. Lambda blocks the deployment.");
}

std::span<const Row> code_signing_operations() {
  return k_operations;
}

}  // namespace sortie::emulator::lambda
