#include "emulator/ssm/operation.h"

#include <fmt/format.h>

#include "emulator/core/json_service.h"
#include "wire/arn.h"
#include "wire/checksum.h"

namespace sortie::emulator::ssm {
namespace {

namespace json = boost::json;

constexpr std::size_t k_max_tags = 50;
constexpr char k_token_kind[] = "ssm/";

AwsResult<void> decide(const Operation& operation, AuthorizationRequest request) {
  request.resource_account = operation.call.account;
  return json_decision(operation.authorizer.authorize(operation.call, request));
}

/// Stands for what KMS would have made of the value: nobody can read it, and it is the same each time.
std::string encrypted(const Operation& operation, const Parameter& parameter) {
  const auto key = fmt::format("{}:{}", parameter_arn(operation.call, parameter.name), parameter.version);
  std::string bytes("\x01\x02\x02\x00\x78", 5);  // how KMS's ciphertexts begin: `AQICAH` in base64
  for (std::size_t block = 0; bytes.size() < parameter.value.size() + 100; ++block) {
    bytes += wire::hmac_sha256(key, fmt::format("{}/{}", block, parameter.value));
  }
  return wire::base64_encode(bytes);
}

}  // namespace

AwsResult<void> Operation::allow(std::string_view action, const std::string& name, ContextKeys context) const {
  AuthorizationRequest request{
      .action = fmt::format("ssm:{}", action), .resource = parameter_arn(call, name), .context = {}};
  request.context = std::move(context);
  for (const auto& [key, value] : store.tags(call.region, name)) {
    request.context.emplace_back("aws:ResourceTag/" + key, value);
    request.context.emplace_back("ssm:resourceTag/" + key, value);
  }
  return decide(*this, std::move(request));
}

AwsResult<void> Operation::allow_all(std::string_view action) const {
  return decide(*this, {.action = fmt::format("ssm:{}", action),
                        .resource = fmt::format("arn:{}:ssm:{}:{}:*", wire::partition_of(call.region), call.region,
                                                call.account)});
}

AwsResult<Parameter> Operation::existing(const std::string& name) const {
  auto parameter = store.find(call.region, name);
  if (!parameter) return aws_fail(400, "ParameterNotFound", fmt::format("Parameter {} not found.", name));
  return *std::move(parameter);
}

std::string shown_value(const Operation& operation, const Parameter& parameter, bool decrypt) {
  if (parameter.type != "SecureString" || decrypt) return parameter.value;
  return encrypted(operation, parameter);
}

double epoch_seconds(SystemTime time) {
  return static_cast<double>(time.time_since_epoch().count()) / 1000;
}

json::object shown_parameter(const Operation& operation, const Parameter& parameter, bool decrypt,
                             const std::string& selector) {
  json::object shown{{"Name", parameter.name},
                     {"Type", parameter.type},
                     {"Value", shown_value(operation, parameter, decrypt)},
                     {"Version", parameter.version},
                     {"LastModifiedDate", epoch_seconds(parameter.modified)},
                     {"ARN", parameter_arn(operation.call, parameter.name)},
                     {"DataType", parameter.data_type}};
  if (!selector.empty()) shown["Selector"] = ":" + selector;
  return shown;
}

json::object shown_metadata(const Parameter& parameter) {
  json::object shown{{"Name", parameter.name},
                     {"Type", parameter.type},
                     {"LastModifiedDate", epoch_seconds(parameter.modified)},
                     {"LastModifiedUser", parameter.modified_by},
                     {"Version", parameter.version},
                     {"Tier", parameter.tier},
                     {"Policies", json::array()},
                     {"DataType", parameter.data_type}};
  if (!parameter.description.empty()) shown["Description"] = parameter.description;
  if (!parameter.key_id.empty()) shown["KeyId"] = parameter.key_id;
  if (!parameter.allowed_pattern.empty()) shown["AllowedPattern"] = parameter.allowed_pattern;
  return shown;
}

AwsResult<std::string> read_token(std::string_view token) {
  auto text = wire::base64_decode(token);
  if (!text || !text->starts_with(k_token_kind)) {
    return aws_fail(400, "InvalidNextToken", "The specified token isn't valid.");
  }
  return text->substr(sizeof k_token_kind - 1);
}

std::string make_token(std::string_view last) {
  return wire::base64_encode(fmt::format("{}{}", k_token_kind, last));
}

AwsResult<void> check_tags(const Tags& tags) {
  if (tags.size() > k_max_tags) {
    return aws_fail(400, "TooManyTagsError", "The number of tags exceeds the limit of 50 for a resource.");
  }
  for (const auto& [key, value] : tags) {
    if (key.starts_with("aws:")) {
      return aws_fail(400, "ValidationException", fmt::format("Tag key \"{}\" can't begin with aws:", key));
    }
  }
  return {};
}

}  // namespace sortie::emulator::ssm
