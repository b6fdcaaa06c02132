#include "wire/sigv2.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "base/ascii.h"
#include "wire/checksum.h"
#include "wire/date.h"
#include "wire/sigv4_canonical.h"
#include "wire/uri.h"

namespace sortie::wire {

namespace {

using sigv4_detail::name_is;

/// The query parameters that name what is asked for, sorted; the others are not signed.
constexpr std::array<std::string_view, 28> k_sub_resources = {"accelerate",
                                                              "acl",
                                                              "cors",
                                                              "delete",
                                                              "encryption",
                                                              "lifecycle",
                                                              "location",
                                                              "logging",
                                                              "notification",
                                                              "partNumber",
                                                              "policy",
                                                              "replication",
                                                              "requestPayment",
                                                              "response-cache-control",
                                                              "response-content-disposition",
                                                              "response-content-encoding",
                                                              "response-content-language",
                                                              "response-content-type",
                                                              "response-expires",
                                                              "restore",
                                                              "tagging",
                                                              "torrent",
                                                              "uploadId",
                                                              "uploads",
                                                              "versionId",
                                                              "versioning",
                                                              "versions",
                                                              "website"};

std::string_view header(const RequestParts& request, std::string_view lower_case_name) {
  for (const auto& [name, value] : request.headers) {
    if (name_is(name, lower_case_name)) return value;
  }
  return {};
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

void append_amz_headers(std::string& out, const RequestParts& request) {
  std::map<std::string, std::string> headers;
  for (const auto& [name, value] : request.headers) {
    auto lower_name = ascii_lower(name);
    if (!lower_name.starts_with("x-amz-")) continue;
    auto& joined = headers[std::move(lower_name)];
    if (!joined.empty()) joined += ',';
    joined += trim(value);
  }
  for (const auto& [name, value] : headers) out += fmt::format("{}:{}\n", name, value);
}

void append_resource(std::string& out, const RequestParts& request, std::string_view virtual_bucket) {
  if (!virtual_bucket.empty()) {
    out += '/';
    out += virtual_bucket;
  }
  out += request.path;
  std::map<std::string, std::optional<std::string>> signed_parameters;
  std::string_view query = request.query;
  while (!query.empty()) {
    const auto item = query.substr(0, std::min(query.find('&'), query.size()));
    query.remove_prefix(std::min(item.size() + 1, query.size()));
    const auto equals = std::min(item.find('='), item.size());
    const auto name = item.substr(0, equals);
    if (!std::binary_search(k_sub_resources.begin(), k_sub_resources.end(), name)) continue;
    std::optional<std::string> value;
    if (equals < item.size()) value = uri_decode_lenient(item.substr(equals + 1), Plus::is_space);
    signed_parameters.emplace(name, std::move(value));
  }
  char separator = '?';
  for (const auto& [name, value] : signed_parameters) {
    out += separator;
    out += name;
    // `?acl=` and `?acl` are the same resource.
    if (value && !value->empty()) out += "=" + *value;
    separator = '&';
  }
}

using Fields = std::vector<std::pair<std::string, std::string>>;

/// The headers that a presigned URL has in its query, as SDKs write it: they were signed as headers. One that is sent
/// as a header as well counts as that.
Fields fields_in_query(const RequestParts& request) {
  Fields fields;
  std::string_view query = request.query;
  while (!query.empty()) {
    const auto item = query.substr(0, std::min(query.find('&'), query.size()));
    query.remove_prefix(std::min(item.size() + 1, query.size()));
    const auto equals = std::min(item.find('='), item.size());
    auto name = ascii_lower(uri_decode_lenient(item.substr(0, equals), Plus::is_space));
    const bool signed_as_header = name.starts_with("x-amz-") || name == "content-md5" || name == "content-type";
    if (!signed_as_header || !header(request, name).empty()) continue;
    fields.emplace_back(std::move(name),
                        equals < item.size() ? uri_decode_lenient(item.substr(equals + 1), Plus::is_space) : "");
  }
  return fields;
}

std::string signature_of(std::string_view secret, std::string_view to_sign) {
  return base64_encode(hmac_sha1(secret, to_sign));
}

}  // namespace

std::string string_to_sign_v2(const RequestParts& request, std::string_view virtual_bucket,
                              std::string_view date_or_expiry) {
  std::string out = fmt::format("{}\n{}\n{}\n{}\n", request.method, header(request, "content-md5"),
                                header(request, "content-type"), date_or_expiry);
  append_amz_headers(out, request);
  append_resource(out, request, virtual_bucket);
  return out;
}

std::vector<std::pair<std::string, std::string>> sign_headers_v2(const RequestParts& request,
                                                                 std::string_view virtual_bucket,
                                                                 const SigningCredentials& credentials,
                                                                 SystemTime now) {
  std::vector<std::pair<std::string, std::string>> headers = {{"Date", format_http_date(now)}};
  std::vector<HeaderView> all(request.headers.begin(), request.headers.end());
  if (!credentials.session_token.empty()) {
    headers.emplace_back("X-Amz-Security-Token", credentials.session_token);
    std::erase_if(all, [](const auto& field) { return name_is(field.first, "x-amz-security-token"); });
    all.emplace_back("x-amz-security-token", credentials.session_token);
  }
  const RequestParts signed_request{request.method, request.path, request.query, all};
  // With an x-amz-date among the headers that one counts and the date's line stays empty.
  const bool has_amz_date = !header(signed_request, "x-amz-date").empty();
  const auto to_sign = string_to_sign_v2(signed_request, virtual_bucket, has_amz_date ? "" : headers.front().second);
  headers.emplace_back("Authorization", fmt::format("AWS {}:{}", credentials.access_key_id,
                                                    signature_of(credentials.secret_access_key, to_sign)));
  return headers;
}

std::string presign_v2(const RequestParts& request, std::string_view virtual_bucket,
                       const SigningCredentials& credentials, SystemTime now, std::chrono::seconds expires) {
  const auto expiry =
      fmt::format("{}", std::chrono::floor<std::chrono::seconds>(now + expires).time_since_epoch().count());
  std::vector<HeaderView> all(request.headers.begin(), request.headers.end());
  if (!credentials.session_token.empty()) all.emplace_back("x-amz-security-token", credentials.session_token);
  const RequestParts signed_request{request.method, request.path, request.query, all};
  std::string query(request.query);
  const auto add = [&](std::string_view name, std::string_view value) {
    if (!query.empty()) query += '&';
    query += fmt::format("{}={}", name, uri_encode(value));
  };
  add("AWSAccessKeyId", credentials.access_key_id);
  add("Expires", expiry);
  if (!credentials.session_token.empty()) add("x-amz-security-token", credentials.session_token);
  add("Signature",
      signature_of(credentials.secret_access_key, string_to_sign_v2(signed_request, virtual_bucket, expiry)));
  return query;
}

std::expected<void, SignatureError> verify_v2(const ParsedSignature& parsed, const RequestParts& request,
                                              std::string_view virtual_bucket, std::string_view secret,
                                              SystemTime now) {
  if (auto ok = verify_time(parsed, now); !ok) return ok;
  std::vector<HeaderView> all(request.headers.begin(), request.headers.end());
  std::string date(header(request, "x-amz-date").empty() ? header(request, "date") : "");
  const auto moved = parsed.kind == ParsedSignature::Kind::v2_query ? fields_in_query(request) : Fields();
  if (parsed.kind == ParsedSignature::Kind::v2_query) {
    date = fmt::format("{}", parsed.expires_at.time_since_epoch() / std::chrono::seconds(1));
    for (const auto& [name, value] : moved) all.emplace_back(name, value);
  }
  auto to_sign = string_to_sign_v2({request.method, request.path, request.query, all}, virtual_bucket, date);
  if (equal_in_constant_time(signature_of(secret, to_sign), parsed.signature)) return {};
  // S3 takes `/bucket` for `/bucket/`, and clients (botocore) sign the latter while they send the former.
  const bool bare_bucket = virtual_bucket.empty() && request.path.size() > 1 && request.path.rfind('/') == 0;
  if (bare_bucket) {
    const std::string path = std::string(request.path) + "/";
    const auto alternative = string_to_sign_v2({request.method, path, request.query, all}, virtual_bucket, date);
    if (equal_in_constant_time(signature_of(secret, alternative), parsed.signature)) return {};
  }
  SignatureError error;
  error.reason = SignatureError::Reason::mismatch;
  error.message = "the calculated signature does not match the signature provided";
  error.string_to_sign = std::move(to_sign);
  return std::unexpected(std::move(error));
}

}  // namespace sortie::wire
