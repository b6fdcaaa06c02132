#include "emulator/s3/protocol/request.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"
#include "base/number.h"
#include "base/utf8.h"
#include "emulator/s3/protocol/errors.h"
#include "emulator/s3/protocol/metadata.h"
#include "wire/checksum.h"

namespace sortie::emulator::s3 {
namespace {

constexpr std::size_t k_max_key = 1024;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_lower_or_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z');
}

std::string_view without_slash(std::string_view path) {
  return path.starts_with('/') ? path.substr(1) : path;
}

Failure invalid_uri() {
  return s3_fail(400, "InvalidURI", "Couldn't parse the specified URI.");
}

/// Whether a parameter of a presigned URL counts like the header of that name. Those of the signature itself do not,
/// and neither do checksums: SDKs put there that of the empty body which they had when they signed, and S3 passes over
/// it.
bool counts_as_header(std::string_view field) {
  if (field == "content-type" || field == "content-md5") return true;
  static constexpr std::string_view k_own[] = {
      "x-amz-algorithm",     "x-amz-credential", "x-amz-date",           "x-amz-expires",
      "x-amz-signedheaders", "x-amz-signature",  "x-amz-security-token", "x-amz-sdk-checksum-algorithm"};
  if (!field.starts_with("x-amz-") || std::ranges::find(k_own, field) != std::end(k_own)) return false;
  return !(field.starts_with("x-amz-checksum-") && wire::checksum_algorithm_from(field));
}

void take_signed_fields(const Call& call, const std::vector<wire::QueryParameter>& query, http::Headers& headers) {
  const bool version_2 = call.signature_version == "AWS";
  for (const auto& [name, value] : query) {
    const std::string field = ascii_lower(name);
    // Only in version 2 are these two signed as parameters.
    if (!counts_as_header(field) || (field.starts_with("content-") && !version_2)) continue;
    if (!headers.contains(field)) headers.add(field, value);
  }
}

void decode_metadata(http::Headers& headers) {
  http::Headers decoded;
  for (const auto& [name, value] : headers) {
    const bool metadata = ascii_lower(name).starts_with(k_meta_prefix);
    decoded.add(name, metadata ? text_of_header(value) : value);
  }
  headers = std::move(decoded);
}

bool has_foreign_metadata(const http::Headers& headers) {
  return std::ranges::any_of(headers, [](const auto& field) {
    return std::ranges::any_of(field.second, [](char c) { return static_cast<unsigned char>(c) >= 0x80; }) &&
           ascii_lower(field.first).starts_with(k_meta_prefix);
  });
}

}  // namespace

std::optional<std::string> bucket_of(std::string_view path, const std::string& virtual_bucket) {
  if (!virtual_bucket.empty()) return virtual_bucket;
  path = without_slash(path);
  auto bucket = wire::uri_decode(path.substr(0, path.find('/')));
  if (!bucket) return std::nullopt;
  return *std::move(bucket);
}

AwsResult<Request> read_request(Call call) {
  Request request;
  auto query = wire::parse_query(call.request.query);
  if (!query) return invalid_uri();
  request.query = *std::move(query);
  auto bucket = bucket_of(call.request.path, call.virtual_bucket);
  if (!bucket) return invalid_uri();
  request.bucket = *std::move(bucket);
  std::string_view key = without_slash(call.request.path);
  if (call.virtual_bucket.empty()) {
    const auto slash = key.find('/');
    key = slash == std::string_view::npos ? std::string_view() : key.substr(slash + 1);
  }
  auto decoded = wire::uri_decode(key);
  if (!decoded) return invalid_uri();
  RETURN_IF_ERROR(check_key(*decoded));
  request.key = *std::move(decoded);
  if (has_foreign_metadata(call.request.headers)) decode_metadata(call.request.headers);
  if (call.signature == Call::Signature::query) take_signed_fields(call, request.query, call.request.headers);
  request.call = std::move(call);
  return request;
}

AwsResult<void> check_key(std::string_view key) {
  if (!is_valid_utf8(key) || key.contains('\0')) return invalid_uri();
  if (key.size() > k_max_key) {
    return s3_fail(400, "KeyTooLongError", "Your key is too long",
                   {{"Size", fmt::to_string(key.size())}, {"MaxSizeAllowed", fmt::to_string(k_max_key)}});
  }
  return {};
}

bool is_bucket_name(std::string_view name) {
  if (name.size() < 3 || name.size() > 63) return false;
  if (!is_lower_or_digit(name.front()) || !is_lower_or_digit(name.back())) return false;
  if (name.contains("..") || name.starts_with("xn--") || name.starts_with("sthree-") || name.ends_with("-s3alias") ||
      name.ends_with("--ol-s3")) {
    return false;
  }
  if (!std::ranges::all_of(name, [](char c) { return is_lower_or_digit(c) || c == '-' || c == '.'; })) return false;
  const bool address =
      std::ranges::all_of(name, [](char c) { return is_digit(c) || c == '.'; }) && std::ranges::count(name, '.') == 3;
  return !address;
}

AwsResult<CopySource> read_copy_source(std::string_view header) {
  CopySource source;
  constexpr std::string_view k_version = "?versionId=";
  std::string_view path = header;
  if (const auto at = path.rfind(k_version); at != std::string_view::npos) {
    source.version = path.substr(at + k_version.size());
    path = path.substr(0, at);
  }
  const auto decoded = wire::uri_decode(path);
  std::string_view rest = decoded ? std::string_view(*decoded) : std::string_view();
  if (rest.starts_with('/')) rest.remove_prefix(1);
  const auto slash = rest.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == rest.size()) {
    return invalid_argument("x-amz-copy-source", "x-amz-copy-source", "Invalid copy source object key");
  }
  source.bucket = rest.substr(0, slash);
  source.key = rest.substr(slash + 1);
  return source;
}

AwsResult<std::size_t> read_count(const Request& request, std::string_view name, std::size_t most) {
  const auto text = request.parameter(name);
  if (!text || text->empty()) return most;
  const auto parsed = parse_number<std::int32_t>(*text);
  if (!parsed || *parsed < 0) {
    return invalid_argument(name, *text, fmt::format("Provided {} not an integer or within integer range", name));
  }
  const std::int32_t value = *parsed;
  return std::min(static_cast<std::size_t>(value), most);
}

}  // namespace sortie::emulator::s3
