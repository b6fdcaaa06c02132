#include <fmt/format.h>

#include <boost/json.hpp>

#include "emulator/core/protocol.h"
#include "emulator/lambda/api/service.h"
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

}  // namespace

AwsResult<CodeSigningConfig*> Service::signing_target(Request& request, std::string_view action) {
  const auto& arn = request.parts.at(0);
  if (auto allowed = authorize(request.call, fmt::format("lambda:{}", action), arn); !allowed) {
    return std::unexpected(allowed.error());
  }
  auto* config = code_signing_.find(arn);
  if (config == nullptr) return std::unexpected(no_such_config(arn));
  return config;
}

Task<Service::Answer> Service::create_code_signing(Request& request) {
  if (auto allowed = authorize(request.call, "lambda:CreateCodeSigningConfig", "*"); !allowed) {
    co_return std::unexpected(allowed.error());
  }
  CodeSigningConfig config{.region = request.call.region, .id = make_code_signing_id()};
  if (auto applied = apply_config(request.body, config); !applied) co_return std::unexpected(applied.error());
  config.tags = wire::string_map(wire::object_or_empty(request.body, "Tags"));
  if (auto tags = check_tags(config.tags); !tags) co_return std::unexpected(tags.error());
  config.arn = fmt::format("arn:{}:lambda:{}:{}:code-signing-config:{}", wire::partition_of(config.region),
                           config.region, options_.account, config.id);
  config.last_modified = wire::format_iso8601_millis(clock_.now());
  const auto& kept = code_signing_.save(config);
  co_return json_response(201, json::object{{"CodeSigningConfig", code_signing_document(kept)}},
                          request.call.request_id);
}

Task<Service::Answer> Service::list_code_signing(Request& request) {
  if (auto allowed = authorize(request.call, "lambda:ListCodeSigningConfigs", "*"); !allowed) {
    co_return std::unexpected(allowed.error());
  }
  auto page = read_page(request.query("MaxItems"), request.query("Marker"));
  if (!page) co_return std::unexpected(page.error());
  std::vector<std::pair<std::string, json::object>> items;
  for (const auto& [arn, config] : code_signing_.all()) {
    if (config.region == request.call.region) items.emplace_back(arn, code_signing_document(config));
  }
  co_return json_response(200, page_document("CodeSigningConfigs", std::move(items), *page), request.call.request_id);
}

Task<Service::Answer> Service::get_code_signing(Request& request) {
  auto config = signing_target(request, "GetCodeSigningConfig");
  if (!config) co_return std::unexpected(config.error());
  co_return json_response(200, json::object{{"CodeSigningConfig", code_signing_document(**config)}},
                          request.call.request_id);
}

Task<Service::Answer> Service::update_code_signing(Request& request) {
  auto config = signing_target(request, "UpdateCodeSigningConfig");
  if (!config) co_return std::unexpected(config.error());
  auto changed = **config;
  if (auto applied = apply_config(request.body, changed); !applied) co_return std::unexpected(applied.error());
  if (!request.body.empty()) changed.last_modified = wire::format_iso8601_millis(clock_.now());
  const auto& kept = code_signing_.save(changed);
  co_return json_response(200, json::object{{"CodeSigningConfig", code_signing_document(kept)}},
                          request.call.request_id);
}

Task<Service::Answer> Service::delete_code_signing(Request& request) {
  auto config = signing_target(request, "DeleteCodeSigningConfig");
  if (!config) co_return std::unexpected(config.error());
  for (const auto& [key, function] : registry_.all()) {
    if (function.code_signing_config != (*config)->arn) continue;
    co_return aws_fail(
        409, "ResourceConflictException",
        fmt::format("The code signing configuration {} is used by the function {}.", (*config)->arn, function.arn()));
  }
  code_signing_.erase(std::string((*config)->arn));
  co_return empty_response(204, request.call.request_id);
}

Task<Service::Answer> Service::list_signed_functions(Request& request) {
  auto config = signing_target(request, "ListFunctionsByCodeSigningConfig");
  if (!config) co_return std::unexpected(config.error());
  json::array arns;
  for (const auto& [key, function] : registry_.all()) {
    if (function.code_signing_config == (*config)->arn) arns.emplace_back(function.arn());
  }
  co_return json_response(200, json::object{{"FunctionArns", std::move(arns)}}, request.call.request_id);
}

Task<Service::Answer> Service::put_function_signing(Request& request) {
  auto arn = wire::string_or(request.body, "CodeSigningConfigArn");
  auto target = find_target(request, "PutFunctionCodeSigningConfig");
  const bool missing = !target && target.error().code == "ResourceNotFoundException";
  if (!target && !missing) co_return std::unexpected(target.error());
  if (code_signing_.find(arn) == nullptr) co_return std::unexpected(no_such_config_for_function(arn));
  if (missing) co_return std::unexpected(target.error());
  target->function->code_signing_config = arn;
  registry_.save(*target->function);
  co_return json_response(200, json::object{{"CodeSigningConfigArn", arn}, {"FunctionName", target->function->name}},
                          request.call.request_id);
}

Task<Service::Answer> Service::get_function_signing(Request& request) {
  auto target = find_target(request, "GetFunctionCodeSigningConfig");
  if (!target) co_return std::unexpected(target.error());
  json::object document;
  if (const auto& arn = target->function->code_signing_config; !arn.empty()) {
    document = {{"CodeSigningConfigArn", arn}, {"FunctionName", target->function->name}};
  }
  co_return json_response(200, document, request.call.request_id);
}

Task<Service::Answer> Service::delete_function_signing(Request& request) {
  auto target = find_target(request, "DeleteFunctionCodeSigningConfig");
  if (!target) co_return std::unexpected(target.error());
  target->function->code_signing_config.clear();
  registry_.save(*target->function);
  co_return empty_response(204, request.call.request_id);
}

/// Whether a package may come into the function.
AwsResult<void> Service::check_code_signing(const Function& function) {
  if (function.code_signing_config.empty()) return {};
  const auto* config = code_signing_.find(function.code_signing_config);
  if (config == nullptr) return std::unexpected(no_such_config_for_function(function.code_signing_config));
  if (config->policy != "Enforce") return {};
  return aws_fail(
      400, "CodeVerificationFailedException",
      "The code signature failed one or more of the validation checks for signature mismatch or expiry, and "
      "the code signing policy is set to ENFORCE. Lambda blocks the deployment.");
}

}  // namespace sortie::emulator::lambda
