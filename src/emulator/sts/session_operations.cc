#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/ascii.h"
#include "base/number.h"
#include "emulator/core/validation.h"
#include "emulator/sts/operation.h"
#include "wire/arn.h"
#include "wire/date.h"
#include "wire/xml.h"

/// GetCallerIdentity, AssumeRole, GetSessionToken, GetAccessKeyInfo.
namespace sortie::emulator::sts {
namespace {

constexpr std::size_t k_max_session_policy = 2048;
constexpr std::size_t k_max_policy_arns = 10;
constexpr std::size_t k_max_tags = 50;

std::unexpected<AwsError> refuse(std::string message) {
  return aws_fail(400, "ValidationError", std::move(message));
}

/// `DurationSeconds`, from 900 to `most`.
AwsResult<std::chrono::seconds> read_duration(const wire::QueryInput& input, std::int64_t most, std::int64_t fallback) {
  const auto text = input.get("DurationSeconds");
  if (!text) return std::chrono::seconds(fallback);
  const auto seconds = parse_number<std::int64_t>(*text);
  if (!seconds) return refuse(violation("durationSeconds", *text, "Member must be an integer"));
  if (*seconds < 900) return refuse(violation("durationSeconds", *text, constraint::min_value(900)));
  if (*seconds > most) return refuse(violation("durationSeconds", *text, constraint::max_value(most)));
  return std::chrono::seconds(*seconds);
}

/// Session names and source identities: 2 to 64 characters of `A-Z a-z 0-9 _ = , . @ -`.
AwsResult<std::string> read_name(const wire::QueryInput& input, std::string_view parameter, std::string_view called,
                                 bool required) {
  const auto value = input.get(parameter);
  if (!value) {
    if (!required) return std::string();
    return refuse(missing_violation(called));
  }
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_+=,.@-").find(c) != std::string_view::npos;
  };
  if (value->size() < 2) return refuse(violation(called, *value, constraint::min_length(2)));
  if (value->size() > 64) return refuse(violation(called, *value, constraint::max_length(64)));
  if (!std::ranges::all_of(*value, fits)) {
    return refuse(violation(called, *value, constraint::pattern("[\\w+=,.@-]*")));
  }
  return std::string(*value);
}

AwsResult<std::vector<std::pair<std::string, std::string>>> read_tags(const wire::QueryInput& input) {
  auto tags = input.pairs("Tags", "Key", "Value");
  if (tags.size() > k_max_tags) return refuse(unshown_violation("tags", constraint::max_length(50)));
  std::set<std::string> seen;
  for (const auto& [key, value] : tags) {
    if (key.empty() || key.size() > 128) return refuse(unshown_violation("tags", constraint::length_between(1, 128)));
    if (value.size() > 256) return refuse(unshown_violation("tags", constraint::max_length(256)));
    if (!seen.insert(ascii_lower(key)).second) {
      return aws_fail(400, "InvalidParameterValue",
                      "Duplicate tag keys found. Please note that Tag keys are case insensitive.");
    }
  }
  for (const std::string& key : input.list("TransitiveTagKeys")) {
    if (!seen.contains(ascii_lower(key))) {
      return aws_fail(400, "InvalidParameterValue",
                      "The specified transitive tag key must be included in the requested tags.");
    }
  }
  return tags;
}

AwsResult<AssumeRoleRequest> read_assume_role(const wire::QueryInput& input) {
  AssumeRoleRequest request;
  request.role_arn = std::string(input.get_or("RoleArn", ""));
  if (request.role_arn.size() < 20) {
    return refuse(violation("roleArn", request.role_arn, constraint::min_length(20)));
  }
  const auto arn = wire::parse_arn(request.role_arn);
  if (!arn) return refuse(request.role_arn + " is invalid");
  ASSIGN_OR_RETURN(request.session_name, read_name(input, "RoleSessionName", "roleSessionName", true));
  ASSIGN_OR_RETURN(request.source_identity, read_name(input, "SourceIdentity", "sourceIdentity", false));
  ASSIGN_OR_RETURN(request.duration, read_duration(input, 43'200, 3600));
  request.external_id = std::string(input.get_or("ExternalId", ""));
  if (input.contains("ExternalId") && (request.external_id.size() < 2 || request.external_id.size() > 1224)) {
    return refuse(violation("externalId", request.external_id, constraint::length_between(2, 1224)));
  }
  request.policy = std::string(input.get_or("Policy", ""));
  if (request.policy.size() > k_max_session_policy) {
    return refuse(unshown_violation("policy", constraint::max_length(2048)));
  }
  for (const wire::QueryInput& policy : input.structures("PolicyArns")) {
    request.policy_arns.emplace_back(policy.get_or("arn", ""));
  }
  if (request.policy_arns.size() > k_max_policy_arns) {
    return refuse(unshown_violation("policyArns", constraint::max_length(10)));
  }
  ASSIGN_OR_RETURN(request.tags, read_tags(input));
  request.transitive_tags = input.list("TransitiveTagKeys");
  return request;
}

void write_credentials(wire::XmlWriter& xml, const SessionCredentials& credentials) {
  xml.open("Credentials").element("AccessKeyId", credentials.access_key_id);
  xml.element("SecretAccessKey", credentials.secret_access_key).element("SessionToken", credentials.session_token);
  xml.element("Expiration", wire::format_iso8601(credentials.expires)).close();
}

AwsResult<std::string> get_caller_identity(Operation& operation) {
  wire::XmlWriter xml(false);  // needs no permission, and no policy can deny it
  xml.element("Arn", operation.call.principal.arn).element("UserId", operation.call.principal.user_id);
  xml.element("Account", operation.call.principal.account);
  return xml.finish();
}

AwsResult<std::string> assume_role(Operation& operation) {
  ASSIGN_OR_RETURN(const AssumeRoleRequest request, read_assume_role(operation.input));
  ASSIGN_OR_RETURN(const AssumedRole assumed, operation.sessions.assume_role(operation.call, request));
  wire::XmlWriter xml(false);
  xml.open("AssumedRoleUser").element("AssumedRoleId", assumed.principal.user_id);
  xml.element("Arn", assumed.principal.arn).close();
  write_credentials(xml, assumed.credentials);
  if (assumed.packed_policy_percent > 0) {
    xml.element("PackedPolicySize", static_cast<long long>(assumed.packed_policy_percent));
  }
  if (!request.source_identity.empty()) xml.element("SourceIdentity", request.source_identity);
  return xml.finish();
}

AwsResult<std::string> get_session_token(Operation& operation) {
  if (operation.input.contains("TokenCode") || operation.input.contains("SerialNumber")) {
    return aws_fail(403, "AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code.");
  }
  const bool root = operation.call.principal.kind == Principal::Kind::root;
  ASSIGN_OR_RETURN(const auto duration, read_duration(operation.input, 129'600, root ? 3600 : 43'200));
  const auto most = root ? std::min(duration, std::chrono::seconds(3600)) : duration;
  ASSIGN_OR_RETURN(const SessionCredentials credentials, operation.sessions.session_token(operation.call, most));
  wire::XmlWriter xml(false);
  write_credentials(xml, credentials);
  return xml.finish();
}

AwsResult<std::string> get_access_key_info(Operation& operation) {
  const std::string id(operation.input.get_or("AccessKeyId", ""));
  if (id.size() < 16) return refuse(violation("accessKeyId", id, constraint::min_length(16)));
  AuthorizationRequest request;
  request.action = "sts:GetAccessKeyInfo";
  request.resource = "*";
  RETURN_IF_ERROR(operation.authorizer.authorize(operation.call, request));
  const auto key = operation.identities.find_key(id);
  if (!key) return aws_fail(400, "ValidationError", "Invalid Access Key ID.");
  wire::XmlWriter xml(false);
  xml.element("Account", key->principal.account);
  return xml.finish();
}

constexpr Row k_operations[] = {
    {"GetCallerIdentity", get_caller_identity},
    {"AssumeRole", assume_role},
    {"GetSessionToken", get_session_token},
    {"GetAccessKeyInfo", get_access_key_info},
};

}  // namespace

std::span<const Row> session_operations() {
  return k_operations;
}

}  // namespace sortie::emulator::sts
