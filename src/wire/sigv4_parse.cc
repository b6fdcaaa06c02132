#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "base/number.h"
#include "wire/date.h"
#include "wire/sigv4.h"
#include "wire/sigv4_canonical.h"
#include "wire/uri.h"

namespace sortie::wire {

namespace {

using sigv4_detail::k_algorithm;
using sigv4_detail::name_is;
using Reason = SignatureError::Reason;
using Parsed = std::expected<ParsedSignature, SignatureError>;

constexpr std::size_t k_max_signed_headers = 256;
constexpr std::int64_t k_max_expires_seconds = 604'800;

std::unexpected<SignatureError> refuse(Reason reason, std::string message) {
  SignatureError error;
  error.reason = reason;
  error.message = std::move(message);
  return std::unexpected(std::move(error));
}

std::optional<std::string_view> header(const RequestParts& request, std::string_view lower_case_name) {
  for (const auto& [name, value] : request.headers) {
    if (name_is(name, lower_case_name)) return value;
  }
  return std::nullopt;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// The signature's own parameters of a query.
struct QueryFields {
  std::optional<std::string> algorithm, credential, date, expires, signed_headers, signature, token, content_sha256;
  std::optional<std::string> v2_key, v2_signature, v2_expires;
  std::string repeated;  ///< the first name that came twice

  [[nodiscard]] bool is_v4() const { return algorithm || credential || signature; }
  [[nodiscard]] bool is_v2() const { return v2_key && v2_signature; }
};

QueryFields read_query(std::string_view query) {
  QueryFields fields;
  const std::array<std::pair<std::string_view, std::optional<std::string>*>, 11> known = {{
      {"x-amz-algorithm", &fields.algorithm},
      {"x-amz-credential", &fields.credential},
      {"x-amz-date", &fields.date},
      {"x-amz-expires", &fields.expires},
      {"x-amz-signedheaders", &fields.signed_headers},
      {"x-amz-signature", &fields.signature},
      {"x-amz-security-token", &fields.token},
      {"x-amz-content-sha256", &fields.content_sha256},
      {"awsaccesskeyid", &fields.v2_key},
      {"signature", &fields.v2_signature},
      {"expires", &fields.v2_expires},
  }};
  while (!query.empty()) {
    const auto item = query.substr(0, std::min(query.find('&'), query.size()));
    query.remove_prefix(std::min(item.size() + 1, query.size()));
    const auto equals = std::min(item.find('='), item.size());
    for (const auto& [name, target] : known) {
      if (!name_is(item.substr(0, equals), name)) continue;
      if (target->has_value() && fields.repeated.empty()) fields.repeated = name;
      *target = uri_decode_lenient(equals == item.size() ? "" : item.substr(equals + 1), Plus::is_space);
    }
  }
  return fields;
}

std::vector<std::string> split_names(std::string_view text) {
  std::vector<std::string> names;
  while (!text.empty() && names.size() <= k_max_signed_headers) {
    const auto name = text.substr(0, std::min(text.find(';'), text.size()));
    text.remove_prefix(std::min(name.size() + 1, text.size()));
    if (!name.empty()) names.push_back(ascii_lower(name));
  }
  return names;
}

/// `KEY/date/region/service/aws4_request`; keys of S3-compatible stores may contain slashes, so read from the end.
std::expected<void, SignatureError> read_credential(ParsedSignature& out, std::string_view credential) {
  std::array<std::string_view, 4> tail;
  for (std::size_t i = 4; i-- > 0;) {
    const auto slash = credential.rfind('/');
    if (slash == std::string_view::npos) {
      return refuse(Reason::malformed,
                    fmt::format("credential must have exactly 5 slash-delimited elements: {}", credential));
    }
    tail[i] = credential.substr(slash + 1);
    credential = credential.substr(0, slash);
  }
  if (credential.empty()) return refuse(Reason::malformed, "credential without an access key id");
  if (tail[3] != "aws4_request") {
    return refuse(Reason::malformed, fmt::format("credential should be scoped with a valid terminator: "
                                                 "'aws4_request', not '{}'",
                                                 tail[3]));
  }
  out.access_key_id = credential;
  out.scope = {std::string(tail[0]), std::string(tail[1]), std::string(tail[2])};
  return {};
}

/// What both forms of version 4 share once their parts are known.
Parsed check_v4(ParsedSignature out, std::string_view credential, std::string_view names, std::string_view signature) {
  if (const auto ok = read_credential(out, credential); !ok) return std::unexpected(ok.error());
  out.signed_headers = split_names(names);
  if (out.signed_headers.size() > k_max_signed_headers) return refuse(Reason::malformed, "too many signed headers");
  if (out.scope.date != std::string_view(out.amz_date).substr(0, 8)) {
    return refuse(Reason::malformed, fmt::format("date in credential scope does not match the date of the request: "
                                                 "'{}' != '{}'",
                                                 out.scope.date, out.amz_date.substr(0, 8)));
  }
  out.signature = signature;
  return out;
}

std::expected<void, SignatureError> read_header_date(ParsedSignature& out, const RequestParts& request) {
  const auto amz_date = header(request, "x-amz-date");
  const auto text = amz_date ? amz_date : header(request, "date");
  if (!text)
    return refuse(Reason::incomplete,
                  "authorization header requires existence of either a 'X-Amz-Date' or a "
                  "'Date' header");
  const auto time = parse_timestamp(trim(*text));
  if (!time) return refuse(Reason::malformed, fmt::format("date must be in ISO-8601 'basic format', got '{}'", *text));
  out.signed_at = *time;
  out.amz_date = format_amz_date(*time);
  return {};
}

Parsed parse_v4_header(const RequestParts& request, std::string_view value) {
  std::string_view credential;
  std::string_view names;
  std::string_view signature;
  std::string_view rest = value;
  while (!rest.empty()) {
    const auto item = trim(rest.substr(0, std::min(rest.find(','), rest.size())));
    rest.remove_prefix(
        std::min(rest.find(',') == std::string_view::npos ? rest.size() : rest.find(',') + 1, rest.size()));
    const auto equals = item.find('=');
    if (equals == std::string_view::npos) continue;
    const auto name = item.substr(0, equals);
    const auto content = item.substr(equals + 1);
    if (name == "Credential") credential = content;
    if (name == "SignedHeaders") names = content;
    if (name == "Signature") signature = content;
  }
  std::string lacking;
  if (credential.empty()) lacking += "Authorization header requires 'Credential' parameter. ";
  if (signature.empty()) lacking += "Authorization header requires 'Signature' parameter. ";
  if (names.empty()) lacking += "Authorization header requires 'SignedHeaders' parameter. ";
  if (!lacking.empty()) return refuse(Reason::incomplete, lacking.substr(0, lacking.size() - 1));
  ParsedSignature out;
  out.kind = ParsedSignature::Kind::v4_header;
  if (const auto ok = read_header_date(out, request); !ok) return std::unexpected(ok.error());
  out.session_token = header(request, "x-amz-security-token").value_or("");
  out.content_sha256 = header(request, "x-amz-content-sha256").value_or("");
  return check_v4(std::move(out), credential, names, signature);
}

std::expected<std::int64_t, SignatureError> read_number(std::string_view name, std::string_view text) {
  const auto value = parse_number<std::int64_t>(text);
  if (!value) return refuse(Reason::malformed, fmt::format("{} should be a number", name));
  return *value;
}

Parsed parse_v4_query(const RequestParts& request, QueryFields fields) {
  const std::array<std::pair<std::string_view, const std::optional<std::string>*>, 6> required = {{
      {"X-Amz-Algorithm", &fields.algorithm},
      {"X-Amz-Credential", &fields.credential},
      {"X-Amz-Signature", &fields.signature},
      {"X-Amz-Date", &fields.date},
      {"X-Amz-SignedHeaders", &fields.signed_headers},
      {"X-Amz-Expires", &fields.expires},
  }};
  for (const auto& [name, field] : required) {
    if (!*field || (*field)->empty()) {
      return refuse(Reason::incomplete, fmt::format("query requires the parameter '{}'", name));
    }
  }
  if (*fields.algorithm != k_algorithm) {
    return refuse(Reason::unsupported, fmt::format("X-Amz-Algorithm only supports \"{}\"", k_algorithm));
  }
  ParsedSignature out;
  out.kind = ParsedSignature::Kind::v4_query;
  const auto time = parse_amz_date(*fields.date);
  if (!time) return refuse(Reason::malformed, "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"");
  out.signed_at = *time;
  out.amz_date = *fields.date;
  const auto expires = read_number("X-Amz-Expires", *fields.expires);
  if (!expires) return std::unexpected(expires.error());
  if (*expires < 0) return refuse(Reason::malformed, "X-Amz-Expires must be non-negative");
  if (*expires > k_max_expires_seconds) {
    return refuse(Reason::malformed,
                  "X-Amz-Expires must be less than a week (in seconds) that is, "
                  "the given X-Amz-Expires must be less than 604800 seconds");
  }
  out.expires = std::chrono::seconds(*expires);
  out.session_token = fields.token ? *fields.token : std::string(header(request, "x-amz-security-token").value_or(""));
  out.content_sha256 = fields.content_sha256 ? *fields.content_sha256
                                             : std::string(header(request, "x-amz-content-sha256").value_or(""));
  return check_v4(std::move(out), *fields.credential, *fields.signed_headers, *fields.signature);
}

Parsed parse_v2_header(const RequestParts& request, std::string_view value) {
  const auto colon = value.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == value.size()) {
    return refuse(Reason::malformed, "AWS authorization header is invalid, expected AwsAccessKeyId:signature");
  }
  ParsedSignature out;
  out.kind = ParsedSignature::Kind::v2_header;
  out.access_key_id = trim(value.substr(0, colon));
  out.signature = value.substr(colon + 1);
  if (const auto ok = read_header_date(out, request); !ok) return std::unexpected(ok.error());
  out.session_token = header(request, "x-amz-security-token").value_or("");
  return out;
}

Parsed parse_v2_query(const RequestParts& request, QueryFields fields) {
  if (!fields.v2_expires) return refuse(Reason::incomplete, "query requires the parameter 'Expires'");
  const auto expires = read_number("Expires", *fields.v2_expires);
  if (!expires) return std::unexpected(expires.error());
  // The year 9999: past it, arithmetic on the time would overflow.
  if (*expires < 0 || *expires > 253'402'300'799) return refuse(Reason::malformed, "invalid date in 'Expires'");
  ParsedSignature out;
  out.kind = ParsedSignature::Kind::v2_query;
  out.access_key_id = *fields.v2_key;
  out.signature = *fields.v2_signature;
  out.expires_at = SystemTime(std::chrono::seconds(*expires));
  out.session_token = fields.token ? *fields.token : std::string(header(request, "x-amz-security-token").value_or(""));
  return out;
}

}  // namespace

std::expected<ParsedSignature, SignatureError> parse_authorization(const RequestParts& request) {
  std::optional<std::string_view> authorization;
  for (const auto& [name, value] : request.headers) {
    if (!name_is(name, "authorization")) continue;
    if (authorization) return refuse(Reason::malformed, "more than one authorization header");
    authorization = trim(value);
  }
  QueryFields fields;
  if (!request.query.empty()) fields = read_query(request.query);
  const bool in_query = fields.is_v4() || fields.is_v2();
  if (authorization && in_query) {
    return refuse(Reason::malformed,
                  "only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, "
                  "Signature query string parameter or the Authorization header should be specified");
  }
  if (in_query && !fields.repeated.empty()) {
    return refuse(Reason::malformed, fmt::format("query parameter '{}' is given twice", fields.repeated));
  }
  if (fields.is_v4()) return parse_v4_query(request, std::move(fields));
  if (fields.is_v2()) return parse_v2_query(request, std::move(fields));
  if (!authorization || authorization->empty()) return refuse(Reason::missing, "no signature");
  const auto space = std::min(authorization->find(' '), authorization->size());
  const auto scheme = authorization->substr(0, space);
  const auto rest = trim(authorization->substr(space));
  if (scheme == k_algorithm) return parse_v4_header(request, rest);
  if (scheme == "AWS") return parse_v2_header(request, rest);
  return refuse(Reason::unsupported, fmt::format("unsupported authorization type '{}'", scheme.substr(0, 64)));
}

std::string payload_hash_for(const ParsedSignature& parsed, std::string_view body_sha256) {
  if (parsed.scope.service != "s3") return std::string(body_sha256);
  if (parsed.content_sha256.empty() && parsed.kind == ParsedSignature::Kind::v4_query) {
    return std::string(k_unsigned_payload);
  }
  return parsed.content_sha256;
}

}  // namespace sortie::wire
