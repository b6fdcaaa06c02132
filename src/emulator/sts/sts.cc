#include "emulator/sts/sts.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "emulator/core/protocol.h"
#include "wire/arn.h"
#include "wire/date.h"
#include "wire/xml.h"

namespace sortie::emulator {

namespace {

constexpr std::string_view k_namespace = "https://sts.amazonaws.com/doc/2011-06-15/";
constexpr std::string_view k_version = "2011-06-15";
constexpr std::size_t k_max_form = 256 * 1024;
constexpr std::size_t k_max_session_policy = 2048;
constexpr std::size_t k_max_policy_arns = 10;
constexpr std::size_t k_max_tags = 50;

std::unexpected<AwsError> violation(std::string_view parameter, std::string_view constraint,
                                    std::string_view value = {}) {
  return aws_fail(400, "ValidationError",
                  fmt::format("1 validation error detected: Value {}at '{}' failed to satisfy constraint: {}",
                              value.empty() ? "" : fmt::format("'{}' ", value), parameter, constraint));
}

/// `DurationSeconds`, from 900 to `most`.
AwsResult<std::chrono::seconds> read_duration(const wire::QueryInput& input, std::int64_t most, std::int64_t fallback) {
  const auto text = input.get("DurationSeconds");
  if (!text) return std::chrono::seconds(fallback);
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), seconds);
  if (error != std::errc() || end != text->data() + text->size()) {
    return violation("durationSeconds", "Member must be an integer", *text);
  }
  if (seconds < 900) return violation("durationSeconds", "Member must have value greater than or equal to 900", *text);
  if (seconds > most) {
    return violation("durationSeconds", fmt::format("Member must have value less than or equal to {}", most), *text);
  }
  return std::chrono::seconds(seconds);
}

/// Session names and source identities: 2 to 64 characters of `A-Z a-z 0-9 _ = , . @ -`.
AwsResult<std::string> read_name(const wire::QueryInput& input, std::string_view parameter, std::string_view called,
                                 bool required) {
  const auto value = input.get(parameter);
  if (!value) {
    if (!required) return std::string();
    return aws_fail(400, "ValidationError",
                    fmt::format("1 validation error detected: Value null at '{}' failed to satisfy constraint: Member "
                                "must not be null",
                                called));
  }
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_+=,.@-").find(c) != std::string_view::npos;
  };
  if (value->size() < 2) return violation(called, "Member must have length greater than or equal to 2", *value);
  if (value->size() > 64) return violation(called, "Member must have length less than or equal to 64", *value);
  if (!std::ranges::all_of(*value, fits)) {
    return violation(called, "Member must satisfy regular expression pattern: [\\w+=,.@-]*", *value);
  }
  return std::string(*value);
}

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return text;
}

AwsResult<std::vector<std::pair<std::string, std::string>>> read_tags(const wire::QueryInput& input) {
  auto tags = input.pairs("Tags", "Key", "Value");
  if (tags.size() > k_max_tags) return violation("tags", "Member must have length less than or equal to 50");
  std::set<std::string> seen;
  for (const auto& [key, value] : tags) {
    if (key.empty() || key.size() > 128) return violation("tags", "Member must have length between 1 and 128");
    if (value.size() > 256) return violation("tags", "Member must have length less than or equal to 256");
    if (!seen.insert(lower(key)).second) {
      return aws_fail(400, "InvalidParameterValue",
                      "Duplicate tag keys found. Please note that Tag keys are case insensitive.");
    }
  }
  for (const std::string& key : input.list("TransitiveTagKeys")) {
    if (!seen.contains(lower(key))) {
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
    return violation("roleArn", "Member must have length greater than or equal to 20", request.role_arn);
  }
  const auto arn = wire::parse_arn(request.role_arn);
  if (!arn) return aws_fail(400, "ValidationError", request.role_arn + " is invalid");
  ASSIGN_OR_RETURN(request.session_name, read_name(input, "RoleSessionName", "roleSessionName", true));
  ASSIGN_OR_RETURN(request.source_identity, read_name(input, "SourceIdentity", "sourceIdentity", false));
  ASSIGN_OR_RETURN(request.duration, read_duration(input, 43'200, 3600));
  request.external_id = std::string(input.get_or("ExternalId", ""));
  if (input.contains("ExternalId") && (request.external_id.size() < 2 || request.external_id.size() > 1224)) {
    return violation("externalId", "Member must have length between 2 and 1224", request.external_id);
  }
  request.policy = std::string(input.get_or("Policy", ""));
  if (request.policy.size() > k_max_session_policy) {
    return violation("policy", "Member must have length less than or equal to 2048");
  }
  for (const wire::QueryInput& policy : input.structures("PolicyArns")) {
    request.policy_arns.emplace_back(policy.get_or("arn", ""));
  }
  if (request.policy_arns.size() > k_max_policy_arns) {
    return violation("policyArns", "Member must have length less than or equal to 10");
  }
  ASSIGN_OR_RETURN(request.tags, read_tags(input));
  request.transitive_tags = input.list("TransitiveTagKeys");
  return request;
}

/// Credentials of GetSessionToken, which may ask STS for two things only.
bool is_own_session(const Principal& principal) {
  return principal.temporary && (principal.kind == Principal::Kind::user || principal.kind == Principal::Kind::root);
}

void write_credentials(wire::XmlWriter& xml, const SessionCredentials& credentials) {
  xml.open("Credentials").element("AccessKeyId", credentials.access_key_id);
  xml.element("SecretAccessKey", credentials.secret_access_key).element("SessionToken", credentials.session_token);
  xml.element("Expiration", wire::format_iso8601(credentials.expires)).close();
}

}  // namespace

Task<http::Response> Sts::handle(Call call) {
  const std::string_view body = call.request.body.bytes();
  auto input = wire::QueryInput::parse(body.empty() ? std::string_view(call.request.query) : body, k_max_form);
  if (!input) {
    co_return render_error({400, "MalformedQueryString", input.error().message, {}}, call.request_id, call.request);
  }
  const std::string action(input->get_or("Action", ""));
  const auto result = run(action, call, *input);
  if (!result) co_return render_error(result.error(), call.request_id, call.request);
  co_return render_query_success(k_namespace, action, *result, call.request_id);
}

AwsResult<std::string> Sts::run(std::string_view action, const Call& call, const wire::QueryInput& input) {
  if (action.empty()) return aws_fail(400, "MissingAction", "The request must contain the parameter Action.");
  if (const auto version = input.get_or("Version", k_version); version != k_version) {
    return aws_fail(400, "InvalidAction", fmt::format("Could not find operation {} for version {}", action, version));
  }
  if (action == "GetCallerIdentity") return get_caller_identity(call);
  if (action == "AssumeRole") return assume_role(call, input);
  if (is_own_session(call.principal)) {
    return aws_fail(403, "AccessDenied", fmt::format("Cannot call {} with session credentials", action));
  }
  if (action == "GetSessionToken") return get_session_token(call, input);
  if (action == "GetAccessKeyInfo") return get_access_key_info(call, input);
  return std::unexpected(not_implemented("sts", action));
}

AwsResult<std::string> Sts::get_caller_identity(const Call& call) {
  wire::XmlWriter xml(false);  // needs no permission, and no policy can deny it
  xml.element("Arn", call.principal.arn).element("UserId", call.principal.user_id);
  xml.element("Account", call.principal.account);
  return xml.finish();
}

AwsResult<std::string> Sts::assume_role(const Call& call, const wire::QueryInput& input) {
  ASSIGN_OR_RETURN(const AssumeRoleRequest request, read_assume_role(input));
  ASSIGN_OR_RETURN(const AssumedRole assumed, sessions_.assume_role(call, request));
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

AwsResult<std::string> Sts::get_session_token(const Call& call, const wire::QueryInput& input) {
  if (input.contains("TokenCode") || input.contains("SerialNumber")) {
    return aws_fail(403, "AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code.");
  }
  const bool root = call.principal.kind == Principal::Kind::root;
  ASSIGN_OR_RETURN(const auto duration, read_duration(input, 129'600, root ? 3600 : 43'200));
  const auto most = root ? std::min(duration, std::chrono::seconds(3600)) : duration;
  ASSIGN_OR_RETURN(const SessionCredentials credentials, sessions_.session_token(call, most));
  wire::XmlWriter xml(false);
  write_credentials(xml, credentials);
  return xml.finish();
}

AwsResult<std::string> Sts::get_access_key_info(const Call& call, const wire::QueryInput& input) {
  const std::string id(input.get_or("AccessKeyId", ""));
  if (id.size() < 16) return violation("accessKeyId", "Member must have length greater than or equal to 16", id);
  AuthorizationRequest question;
  question.action = "sts:GetAccessKeyInfo";
  question.resource = "*";
  RETURN_IF_ERROR(authorizer_.authorize(call, question));
  const auto key = identities_.find_key(id);
  if (!key) return aws_fail(400, "ValidationError", "Invalid Access Key ID.");
  wire::XmlWriter xml(false);
  xml.element("Account", key->principal.account);
  return xml.finish();
}

http::Response Sts::render_error(const AwsError& error, const std::string& request_id, const http::Request&) const {
  return render_query_error(k_namespace, error, request_id);
}

}  // namespace sortie::emulator
