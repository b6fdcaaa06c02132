#include "emulator/core/refusal.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "wire/date.h"

namespace sortie::emulator {

namespace {

using Reason = wire::SignatureError::Reason;

enum class Family : std::uint8_t { json, query, s3 };

Family family_of(std::string_view service) {
  if (service == "s3") return Family::s3;
  if (service == "lambda" || service == "logs" || service == "ssm") return Family::json;
  return Family::query;
}

/// JSON 1.1 services answer 400 where the others answer 403.
int refused_status(std::string_view service) {
  return service == "logs" || service == "ssm" ? 400 : 403;
}

/// An error whose code has `Exception` behind it in JSON.
AwsError front_door(std::string_view service, std::string_view json_code, std::string_view query_code,
                    std::string message) {
  const bool json = family_of(service) == Family::json;
  return {refused_status(service), std::string(json ? json_code : query_code), std::move(message), {}};
}

std::string sentence(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 32);
  if (!text.empty() && text.back() != '.') text += '.';
  return text;
}

std::string hex_bytes(std::string_view text) {
  std::string result;
  for (unsigned char byte : text)
    fmt::format_to(std::back_inserter(result), "{}{:02x}", result.empty() ? "" : " ", byte);
  return result;
}

AwsError s3_mismatch(const wire::SignatureError& error, const wire::ParsedSignature* parsed) {
  AwsError answer{403,
                  "SignatureDoesNotMatch",
                  "The request signature we calculated does not match the signature you provided. Check your key and "
                  "signing method.",
                  {}};
  if (parsed != nullptr) {
    answer.fields.emplace_back("AWSAccessKeyId", parsed->access_key_id);
    answer.fields.emplace_back("StringToSign", error.string_to_sign);
    answer.fields.emplace_back("SignatureProvided", parsed->signature);
    answer.fields.emplace_back("StringToSignBytes", hex_bytes(error.string_to_sign));
    if (!parsed->is_v2()) {
      answer.fields.emplace_back("CanonicalRequest", error.canonical_request);
      answer.fields.emplace_back("CanonicalRequestBytes", hex_bytes(error.canonical_request));
    }
  }
  return answer;
}

AwsError s3_expired(const wire::SignatureError& error, const wire::ParsedSignature* parsed, SystemTime now) {
  AwsError answer{403, "AccessDenied", "Request has expired", {}};
  if (parsed != nullptr && parsed->expires) {
    answer.fields.emplace_back("X-Amz-Expires", fmt::format("{}", parsed->expires->count()));
  }
  answer.fields.emplace_back("Expires", wire::format_iso8601(error.valid_until));
  answer.fields.emplace_back("ServerTime", wire::format_iso8601(now));
  return answer;
}

AwsError refuse_s3(const wire::SignatureError& error, const wire::ParsedSignature* parsed, SystemTime now) {
  const bool query = error.message.starts_with("query") || error.message.starts_with("X-Amz-") ||
                     (parsed != nullptr && parsed->is_query());
  switch (error.reason) {
    case Reason::missing: return {403, "AccessDenied", "Access Denied", {}};
    case Reason::unsupported: return refuse_signature_v2();
    case Reason::incomplete:
    case Reason::malformed:
      if (query && error.reason == Reason::incomplete) {
        return {400,
                "AuthorizationQueryParametersError",
                "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, "
                "X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
                {}};
      }
      if (error.message.starts_with("credential must have")) {
        const std::string text =
            "the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".";
        if (!query) {
          return {400, "AuthorizationHeaderMalformed", "The authorization header is malformed; " + text, {}};
        }
        return {400, "AuthorizationQueryParametersError", "Error parsing the X-Amz-Credential parameter; " + text, {}};
      }
      if (query) return {400, "AuthorizationQueryParametersError", sentence(error.message), {}};
      return {400, "AuthorizationHeaderMalformed", "The authorization header is malformed; " + error.message + ".", {}};
    case Reason::not_signed:
      return {403,
              "AccessDenied",
              "There were headers present in the request which were not signed",
              {{"HeadersNotSigned", error.unsigned_headers.empty() ? "host" : error.unsigned_headers}}};
    case Reason::expired: return s3_expired(error, parsed, now);
    case Reason::not_yet_valid: return {403, "AccessDenied", "Request is not yet valid", {}};
    case Reason::skewed:
      return {403,
              "RequestTimeTooSkewed",
              "The difference between the request time and the current time is too large.",
              {{"RequestTime", wire::format_iso8601(error.signed_at)},
               {"ServerTime", wire::format_iso8601(now)},
               {"MaxAllowedSkewMilliseconds", "900000"}}};
    case Reason::mismatch: return s3_mismatch(error, parsed);
  }
  return {403, "AccessDenied", "Access Denied", {}};
}

std::string skew_text(const wire::SignatureError& error, SystemTime now) {
  constexpr auto k_skew = std::chrono::minutes(15);
  const std::string signed_at = wire::format_amz_date(error.signed_at);
  const std::string server = wire::format_amz_date(now);
  if (error.signed_at > now) {
    return fmt::format("Signature not yet current: {} is still later than {} ({} + 15 min.)", signed_at,
                       wire::format_amz_date(now + k_skew), server);
  }
  return fmt::format("Signature expired: {} is now earlier than {} ({} - 15 min.)", signed_at,
                     wire::format_amz_date(now - k_skew), server);
}

}  // namespace

bool takes_signature_v2(std::string_view region) {
  static constexpr std::string_view k_regions[] = {"us-east-1",      "us-west-1",      "us-west-2",
                                                   "eu-west-1",      "ap-southeast-1", "ap-southeast-2",
                                                   "ap-northeast-1", "sa-east-1",      "us-gov-west-1"};
  return std::ranges::find(k_regions, region) != std::end(k_regions);
}

AwsError refuse_signature_v2() {
  return {400,
          "InvalidRequest",
          "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
          {}};
}

AwsError refuse_signature(std::string_view service, const wire::SignatureError& error,
                          const wire::ParsedSignature* parsed, SystemTime now) {
  if (family_of(service) == Family::s3) return refuse_s3(error, parsed, now);
  const auto invalid = [&](std::string message) {
    return front_door(service, "InvalidSignatureException", "SignatureDoesNotMatch", std::move(message));
  };
  switch (error.reason) {
    case Reason::missing:
      return front_door(service, "MissingAuthenticationTokenException", "MissingAuthenticationToken",
                        family_of(service) == Family::json ? "Missing Authentication Token"
                                                           : "Request is missing Authentication Token");
    case Reason::unsupported:
    case Reason::incomplete:
    case Reason::malformed:
      return front_door(service, "IncompleteSignatureException", "IncompleteSignature", sentence(error.message));
    case Reason::not_signed: return invalid(sentence(error.message));
    case Reason::expired:
    case Reason::not_yet_valid:
    case Reason::skewed: return invalid(skew_text(error, now));
    case Reason::mismatch: break;
  }
  return invalid(
      "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
      "and signing method. Consult the service documentation for details.");
}

AwsError refuse_key(std::string_view service, std::string_view access_key_id) {
  if (family_of(service) == Family::s3) {
    return {403,
            "InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.",
            {{"AWSAccessKeyId", std::string(access_key_id)}}};
  }
  return front_door(service, "UnrecognizedClientException", "InvalidClientTokenId",
                    "The security token included in the request is invalid.");
}

AwsError refuse_token(std::string_view service, const wire::ParsedSignature& parsed) {
  if (family_of(service) != Family::s3) return refuse_key(service, parsed.access_key_id);
  if (parsed.session_token.empty()) return refuse_key(service, parsed.access_key_id);
  return {400,
          "InvalidToken",
          "The provided token is malformed or otherwise invalid.",
          {{"Token-0", parsed.session_token}}};
}

AwsError refuse_expired_token(std::string_view service, const wire::ParsedSignature& parsed) {
  if (family_of(service) == Family::s3) {
    return {400, "ExpiredToken", "The provided token has expired.", {{"Token-0", parsed.session_token}}};
  }
  return front_door(service, "ExpiredTokenException", "ExpiredToken",
                    "The security token included in the request is expired");
}

AwsError refuse_scope_service(std::string_view service, const wire::ParsedSignature& parsed) {
  if (family_of(service) == Family::s3) {
    const std::string text =
        fmt::format("incorrect service \"{}\". This endpoint belongs to \"s3\"", parsed.scope.service);
    if (parsed.is_query()) {
      return {
          400, "AuthorizationQueryParametersError", "Error parsing the X-Amz-Credential parameter; " + text + ".", {}};
    }
    return {400, "AuthorizationHeaderMalformed", "The authorization header is malformed; " + text + ".", {}};
  }
  return front_door(service, "InvalidSignatureException", "SignatureDoesNotMatch",
                    fmt::format("Credential should be scoped to correct service: '{}'.", service));
}

AwsError refuse_scope_region(std::string_view service, const wire::ParsedSignature& parsed, std::string_view expected) {
  if (family_of(service) == Family::s3) {
    const std::string text = fmt::format("the region '{}' is wrong; expecting '{}'", parsed.scope.region, expected);
    if (parsed.is_query()) {
      return {400,
              "AuthorizationQueryParametersError",
              "Error parsing the X-Amz-Credential parameter; " + text,
              {{"Region", std::string(expected)}}};
    }
    return {400,
            "AuthorizationHeaderMalformed",
            "The authorization header is malformed; " + text,
            {{"Region", std::string(expected)}}};
  }
  return front_door(service, "InvalidSignatureException", "SignatureDoesNotMatch",
                    "Credential should be scoped to a valid region.");
}

}  // namespace sortie::emulator
