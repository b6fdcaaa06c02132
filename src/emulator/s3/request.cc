#include "emulator/s3/request.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "base/utf8.h"
#include "emulator/s3/errors.h"
#include "emulator/s3/metadata.h"
#include "wire/checksum.h"
#include "wire/xml.h"

namespace sortie::emulator::s3 {
namespace {

constexpr std::size_t k_max_key = 1024;
constexpr std::size_t k_max_metadata = 2048;
constexpr std::size_t k_max_tag_key = 128;
constexpr std::size_t k_max_tag_value = 256;
constexpr std::string_view k_kept[] = {"content-type",     "cache-control", "content-disposition",
                                       "content-language", "expires",       "x-amz-website-redirect-location"};
constexpr std::string_view k_storage_classes[] = {"STANDARD",   "REDUCED_REDUNDANCY",  "STANDARD_IA",
                                                  "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER",
                                                  "GLACIER_IR", "DEEP_ARCHIVE"};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return out;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_lower_or_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z');
}

/// In characters, as S3 counts tags.
std::size_t length_of(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::ranges::count_if(utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

bool is_tag_text(std::string_view text) {
  return is_valid_utf8(text) && std::ranges::all_of(text, [](char c) {
           return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80 ||
                  std::string_view(" +-=._:/@").contains(c);
         });
}

/// `aws-chunked` says how the bytes travelled, not what they are.
std::string without_transfer_coding(std::string_view codings) {
  std::string kept;
  while (!codings.empty()) {
    const auto comma = codings.find(',');
    std::string_view one = codings.substr(0, comma);
    codings.remove_prefix(comma == std::string_view::npos ? codings.size() : comma + 1);
    while (one.starts_with(' ')) one.remove_prefix(1);
    while (one.ends_with(' ')) one.remove_suffix(1);
    if (one.empty() || http::iequals(one, "aws-chunked")) continue;
    if (!kept.empty()) kept += ',';
    kept += one;
  }
  return kept;
}

Failure tag_failure(std::string message, std::string_view key, std::string_view value = {}) {
  return s3_fail(400, "InvalidTag", std::move(message),
                 {{"TagKey", std::string(key)}, {"TagValue", std::string(value)}});
}

AwsResult<void> check_tag(std::string_view key, std::string_view value, bool of_bucket) {
  if (key.empty() || length_of(key) > k_max_tag_key || !is_tag_text(key)) {
    return tag_failure("The TagKey you have provided is invalid", key);
  }
  if (key.starts_with("aws:")) {
    return tag_failure(
        of_bucket ? "System tags cannot be added/updated by requester" : "Your TagKey cannot be prefixed with aws:",
        key);
  }
  if (length_of(value) > k_max_tag_value || !is_tag_text(value)) {
    return tag_failure("The TagValue you have provided is invalid", key, value);
  }
  return {};
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
    const std::string field = lower(name);
    // Only in version 2 are these two signed as parameters.
    if (!counts_as_header(field) || (field.starts_with("content-") && !version_2)) continue;
    if (!headers.contains(field)) headers.add(field, value);
  }
}

void decode_metadata(http::Headers& headers) {
  http::Headers decoded;
  for (const auto& [name, value] : headers) {
    const bool metadata = lower(name).starts_with(k_meta_prefix);
    decoded.add(name, metadata ? text_of_header(value) : value);
  }
  headers = std::move(decoded);
}

bool has_foreign_metadata(const http::Headers& headers) {
  return std::ranges::any_of(headers, [](const auto& field) {
    return std::ranges::any_of(field.second, [](char c) { return static_cast<unsigned char>(c) >= 0x80; }) &&
           lower(field.first).starts_with(k_meta_prefix);
  });
}

AwsResult<void> check_header_text(std::string_view name, std::string_view value) {
  if (is_header_text(value)) return {};
  return invalid_argument(name, value, "Header value cannot be represented using ISO-8859-1.");
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
  if (auto valid = check_key(*decoded); !valid) return std::unexpected(valid.error());
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

AwsResult<void> refuse_unknown_features(const http::Headers& headers) {
  const auto encryption = headers.get_or("x-amz-server-side-encryption", "AES256");
  if (encryption != "AES256") return header_not_implemented("x-amz-server-side-encryption");
  if (headers.contains("x-amz-write-offset-bytes")) return header_not_implemented("x-amz-write-offset-bytes");
  return {};
}

AwsResult<ObjectTraits> read_traits(const http::Headers& headers) {
  if (auto known = refuse_unknown_features(headers); !known) return std::unexpected(known.error());
  ObjectTraits traits;
  std::size_t metadata = 0;
  for (const auto& [name, value] : headers) {
    std::string field = lower(name);
    const bool kept = field.starts_with(k_meta_prefix) || field == "content-encoding" ||
                      std::ranges::find(k_kept, field) != std::end(k_kept);
    if (!kept) continue;
    if (auto sendable = check_header_text(field, value); !sendable) return std::unexpected(sendable.error());
    if (field.starts_with(k_meta_prefix)) {
      metadata += field.size() - k_meta_prefix.size() + value.size();
      traits.headers.emplace_back(std::move(field), value);
    } else if (field == "content-encoding") {
      std::string codings = without_transfer_coding(value);
      if (!codings.empty()) traits.headers.emplace_back(std::move(field), std::move(codings));
    } else if (!value.empty()) {
      traits.headers.emplace_back(std::move(field), value);
    }
  }
  if (metadata > k_max_metadata) {
    return s3_fail(400, "MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size",
                   {{"Size", fmt::to_string(metadata)}, {"MaxSizeAllowed", fmt::to_string(k_max_metadata)}});
  }
  if (headers.get_or("content-type", "").empty()) traits.headers.emplace_back("content-type", "binary/octet-stream");
  traits.storage_class = headers.get_or("x-amz-storage-class", "STANDARD");
  if (std::ranges::find(k_storage_classes, traits.storage_class) == std::end(k_storage_classes)) {
    return s3_fail(400, "InvalidStorageClass", "The storage class you specified is not valid",
                   {{"StorageClassRequested", traits.storage_class}});
  }
  auto tags = read_tag_header(headers.get_or("x-amz-tagging", ""));
  if (!tags) return std::unexpected(tags.error());
  traits.tags = *std::move(tags);
  return traits;
}

AwsResult<Tags> read_tag_header(std::string_view text) {
  auto pairs = wire::parse_query(text);
  auto bad = [&] {
    return invalid_argument("x-amz-tagging", text,
                            "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters "
                            "without tag name duplicates.");
  };
  if (!pairs) return bad();
  std::set<std::string_view> seen;
  for (const auto& [key, value] : *pairs) {
    if (!seen.insert(key).second || !is_tag_text(key) || !is_tag_text(value)) return bad();
    if (auto valid = check_tag(key, value, false); !valid) return std::unexpected(valid.error());
  }
  if (pairs->size() > 10) return s3_fail(400, "BadRequest", "Object tags cannot be greater than 10");
  Tags tags(pairs->begin(), pairs->end());
  std::ranges::sort(tags);
  return tags;
}

AwsResult<Tags> read_tag_document(std::string_view xml, std::size_t limit, bool of_bucket) {
  const auto document = wire::XmlDocument::parse(xml);
  if (!document || document->root().name() != "Tagging") return malformed_xml();
  const auto set = document->root().child("TagSet");
  if (!set) return malformed_xml();
  return read_tags(set, limit, of_bucket);
}

AwsResult<Tags> read_tags(const wire::XmlNode& set, std::size_t limit, bool of_bucket) {
  Tags tags;
  for (const auto& tag : set.children("Tag")) {
    if (!tag.child("Key") || !tag.child("Value")) return malformed_xml();
    std::string key = tag.child_text("Key");
    std::string value = tag.child_text("Value");
    if (auto valid = check_tag(key, value, of_bucket); !valid) return std::unexpected(valid.error());
    if (std::ranges::any_of(tags, [&](const auto& other) { return other.first == key; })) {
      return tag_failure("Cannot provide multiple Tags with the same key", key);
    }
    tags.emplace_back(std::move(key), std::move(value));
  }
  if (tags.size() > limit) {
    return s3_fail(400, "BadRequest",
                   fmt::format("{} tags cannot be greater than {}", of_bucket ? "Bucket" : "Object", limit));
  }
  std::ranges::sort(tags);
  return tags;
}

std::string tag_document(const Tags& tags) {
  wire::XmlWriter xml;
  xml.open("Tagging", "http://s3.amazonaws.com/doc/2006-03-01/").open("TagSet");
  for (const auto& [key, value] : tags) {
    xml.open("Tag").element("Key", key).element("Value", value).close();
  }
  return xml.finish();
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
  std::int32_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc{} || end != text->data() + text->size() || value < 0) {
    return invalid_argument(name, *text, fmt::format("Provided {} not an integer or within integer range", name));
  }
  return std::min(static_cast<std::size_t>(value), most);
}

}  // namespace sortie::emulator::s3
