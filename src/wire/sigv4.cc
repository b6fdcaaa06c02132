#include "wire/sigv4.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "base/ascii.h"
#include "wire/checksum.h"
#include "wire/date.h"
#include "wire/sigv4_canonical.h"
#include "wire/uri.h"

namespace sortie::wire {

namespace {

using sigv4_detail::k_algorithm;
using sigv4_detail::name_is;
using sigv4_detail::SignedHeader;

/// What proxies and HTTP clients add or change on the way, and the signature itself.
bool is_left_unsigned(std::string_view lower_case_name) {
  constexpr std::array<std::string_view, 13> names = {
      "authorization", "connection",        "expect",  "keep-alive", "presigned-expires", "proxy-authorization", "te",
      "trailer",       "transfer-encoding", "upgrade", "user-agent", "x-amzn-trace-id",   "accept-encoding"};
  return std::find(names.begin(), names.end(), lower_case_name) != names.end();
}

Scope scope_of(std::string_view amz_date, const SigningOptions& options) {
  return {std::string(amz_date.substr(0, 8)), options.region, options.service};
}

std::vector<SignedHeader> headers_to_sign(const RequestParts& request) {
  std::vector<SignedHeader> headers;
  headers.reserve(request.headers.size() + 3);
  for (const auto& [name, value] : request.headers) {
    auto lower_name = ascii_lower(name);
    if (!is_left_unsigned(lower_name)) headers.push_back({std::move(lower_name), value});
  }
  return headers;
}

/// Insertion sort: few headers, nearly sorted, and equal names must keep their order.
void sort_headers(std::vector<SignedHeader>& headers) {
  for (auto at = headers.begin(); at != headers.end(); ++at) {
    const auto place =
        std::upper_bound(headers.begin(), at, *at, [](const auto& a, const auto& b) { return a.name < b.name; });
    std::rotate(place, at, at + 1);
  }
}

std::string key_for(std::string_view secret, const Scope& scope, SigningKeyCache* cache) {
  return cache != nullptr ? cache->get(secret, scope) : derive_signing_key(secret, scope);
}

void sign_into(Signature& out, std::string_view secret, SigningKeyCache* cache) {
  out.string_to_sign = sigv4_detail::string_to_sign(out.amz_date, out.scope, out.canonical_request);
  out.signing_key = key_for(secret, out.scope, cache);
  out.signature = hex_encode(hmac_sha256(out.signing_key, out.string_to_sign));
}

}  // namespace

PathRules PathRules::for_service(std::string_view service) {
  const bool is_s3 = service == "s3" || service == "s3express" || service == "s3-object-lambda";
  return {!is_s3, !is_s3};
}

std::string Scope::to_string() const {
  return fmt::format("{}/{}/{}/aws4_request", date, region, service);
}

std::string derive_signing_key(std::string_view secret, const Scope& scope) {
  const auto date_key = hmac_sha256(fmt::format("AWS4{}", secret), scope.date);
  return hmac_sha256(hmac_sha256(hmac_sha256(date_key, scope.region), scope.service), "aws4_request");
}

const std::string& SigningKeyCache::get(std::string_view secret, const Scope& scope) {
  lookup_.clear();
  fmt::format_to(std::back_inserter(lookup_), "{}\n{}\n{}\n{}", secret, scope.date, scope.region, scope.service);
  if (const auto found = keys_.find(lookup_); found != keys_.end()) return found->second;
  // Scopes change once a day: starting over is as good as any order of eviction.
  if (keys_.size() >= k_max_entries) keys_.clear();
  return keys_.emplace(lookup_, derive_signing_key(secret, scope)).first->second;
}

Signature sign_headers(const RequestParts& request, std::string_view payload_hash,
                       const SigningCredentials& credentials, const SigningOptions& options, SystemTime now,
                       SigningKeyCache* cache) {
  Signature out;
  out.amz_date = format_amz_date(now);
  out.scope = scope_of(out.amz_date, options);
  out.headers.emplace_back("X-Amz-Date", out.amz_date);
  if (options.content_sha256_header) out.headers.emplace_back("x-amz-content-sha256", payload_hash);
  const bool has_token = !credentials.session_token.empty();
  if (has_token && options.sign_session_token) {
    out.headers.emplace_back("X-Amz-Security-Token", credentials.session_token);
  }
  auto headers = headers_to_sign(request);
  // What is set here replaces what the request had.
  std::erase_if(headers, [&](const auto& header) {
    return std::any_of(out.headers.begin(), out.headers.end(),
                       [&](const auto& own) { return name_is(own.first, header.name); });
  });
  for (const auto& [name, value] : out.headers) headers.push_back({ascii_lower(name), value});
  sort_headers(headers);
  const auto names = sigv4_detail::join_names(headers);
  out.canonical_request = sigv4_detail::canonical_request(request, options.path, canonical_query(request.query),
                                                          headers, names, payload_hash);
  sign_into(out, credentials.secret_access_key, cache);
  if (has_token && !options.sign_session_token) {
    out.headers.emplace_back("X-Amz-Security-Token", credentials.session_token);
  }
  out.headers.emplace_back("Authorization",
                           fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", k_algorithm,
                                       credentials.access_key_id, out.scope.to_string(), names, out.signature));
  return out;
}

Signature presign(const RequestParts& request, std::string_view payload_hash, const SigningCredentials& credentials,
                  const SigningOptions& options, SystemTime now, std::chrono::seconds expires, SigningKeyCache* cache) {
  Signature out;
  out.amz_date = format_amz_date(now);
  out.scope = scope_of(out.amz_date, options);
  auto headers = headers_to_sign(request);
  sort_headers(headers);
  const auto names = sigv4_detail::join_names(headers);
  const auto add = [&](std::string_view name, std::string_view value) {
    if (!out.query.empty()) out.query += '&';
    out.query += name;
    out.query += '=';
    append_uri_encoded(out.query, value);
  };
  out.query = request.query;
  add("X-Amz-Algorithm", k_algorithm);
  add("X-Amz-Credential", fmt::format("{}/{}", credentials.access_key_id, out.scope.to_string()));
  add("X-Amz-Date", out.amz_date);
  add("X-Amz-SignedHeaders", names);
  add("X-Amz-Expires", fmt::format("{}", expires.count()));
  const bool has_token = !credentials.session_token.empty();
  if (has_token && options.sign_session_token) add("X-Amz-Security-Token", credentials.session_token);
  out.canonical_request =
      sigv4_detail::canonical_request(request, options.path, canonical_query(out.query), headers, names, payload_hash);
  sign_into(out, credentials.secret_access_key, cache);
  if (has_token && !options.sign_session_token) add("X-Amz-Security-Token", credentials.session_token);
  add("X-Amz-Signature", out.signature);
  return out;
}

}  // namespace sortie::wire
