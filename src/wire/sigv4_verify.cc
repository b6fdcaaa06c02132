#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/ascii.h"
#include "wire/checksum.h"
#include "wire/sigv4.h"
#include "wire/sigv4_canonical.h"

namespace sortie::wire {

namespace {

using sigv4_detail::name_is;
using sigv4_detail::SignedHeader;
using Reason = SignatureError::Reason;

constexpr std::chrono::minutes k_max_skew{15};

std::unexpected<SignatureError> refuse(Reason reason, std::string message, const ParsedSignature& parsed) {
  SignatureError error;
  error.reason = reason;
  error.message = std::move(message);
  error.signed_at = parsed.signed_at;
  return std::unexpected(std::move(error));
}

bool is_signed(const ParsedSignature& parsed, std::string_view name) {
  return std::any_of(parsed.signed_headers.begin(), parsed.signed_headers.end(),
                     [&](const auto& known) { return name_is(name, known); });
}

/// `host` always; in S3 every `x-amz-*` header, or one could be put into a signed request by someone else. Except the
/// payload's hash: it is a line of the canonical request, and SDKs before mid-2016 did not sign its header.
std::expected<void, SignatureError> check_signed_headers(const ParsedSignature& parsed, const RequestParts& request) {
  if (!is_signed(parsed, "host")) {
    return refuse(Reason::not_signed, "'Host' must be a 'SignedHeader' in the AWS Authorization", parsed);
  }
  if (parsed.scope.service != "s3") return {};
  std::string unsigned_names;
  for (const auto& [name, value] : request.headers) {
    if (name.size() < 6 || !name_is(name.substr(0, 6), "x-amz-") || is_signed(parsed, name)) continue;
    if (name_is(name, "x-amz-content-sha256")) continue;
    if (!unsigned_names.empty()) unsigned_names += ", ";
    unsigned_names += ascii_lower(name);
  }
  if (unsigned_names.empty()) return {};
  auto error = refuse(Reason::not_signed, "there were headers present in the request which were not signed", parsed);
  error.error().unsigned_headers = std::move(unsigned_names);
  return error;
}

std::vector<SignedHeader> collect(const ParsedSignature& parsed, const RequestParts& request) {
  std::vector<SignedHeader> headers;
  headers.reserve(parsed.signed_headers.size());
  for (const auto& name : parsed.signed_headers) {
    bool present = false;
    for (const auto& [known, value] : request.headers) {
      if (!name_is(known, name)) continue;
      headers.push_back({name, value});
      present = true;
    }
    // A name without a header is signed as an empty value.
    if (!present) headers.push_back({name, {}});
  }
  return headers;
}

std::string join(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) {
    if (!out.empty()) out += ';';
    out += name;
  }
  return out;
}

}  // namespace

std::expected<void, SignatureError> verify_time(const ParsedSignature& parsed, SystemTime now) {
  using Kind = ParsedSignature::Kind;
  if (parsed.kind == Kind::v2_query || parsed.kind == Kind::v4_query) {
    const auto until = parsed.kind == Kind::v2_query
                           ? parsed.expires_at
                           : parsed.signed_at + parsed.expires.value_or(std::chrono::seconds(0));
    if (parsed.kind == Kind::v4_query && parsed.signed_at > now + k_max_skew) {
      return refuse(Reason::not_yet_valid, "request is not yet valid", parsed);
    }
    if (now <= until) return {};
    auto error = refuse(Reason::expired, "request has expired", parsed);
    error.error().valid_until = until;
    return error;
  }
  const auto skew = now - parsed.signed_at;
  if (skew > k_max_skew || skew < -k_max_skew) {
    return refuse(Reason::skewed, "the difference between the request time and the current time is too large", parsed);
  }
  return {};
}

std::expected<std::string, SignatureError> verify_signature(const ParsedSignature& parsed, const RequestParts& request,
                                                            std::string_view payload_hash, std::string_view secret,
                                                            SigningKeyCache* cache) {
  if (parsed.is_v2()) return refuse(Reason::unsupported, "signature version 2", parsed);
  if (const auto ok = check_signed_headers(parsed, request); !ok) return std::unexpected(ok.error());
  const auto query = canonical_query(request.query, parsed.is_query() ? "x-amz-signature" : "");
  auto canonical = sigv4_detail::canonical_request(request, PathRules::for_service(parsed.scope.service), query,
                                                   collect(parsed, request), join(parsed.signed_headers), payload_hash);
  auto to_sign = sigv4_detail::string_to_sign(parsed.amz_date, parsed.scope, canonical);
  std::string key = cache != nullptr ? cache->get(secret, parsed.scope) : derive_signing_key(secret, parsed.scope);
  if (equal_in_constant_time(hex_encode(hmac_sha256(key, to_sign)), parsed.signature)) return key;
  auto error = refuse(Reason::mismatch, "the calculated signature does not match the signature provided", parsed);
  error.error().canonical_request = std::move(canonical);
  error.error().string_to_sign = std::move(to_sign);
  return error;
}

std::expected<std::string, SignatureError> verify(const ParsedSignature& parsed, const RequestParts& request,
                                                  std::string_view payload_hash, std::string_view secret,
                                                  SystemTime now, SigningKeyCache* cache) {
  if (auto ok = verify_time(parsed, now); !ok) return std::unexpected(std::move(ok).error());
  return verify_signature(parsed, request, payload_hash, secret, cache);
}

}  // namespace sortie::wire
