#include "emulator/s3/protocol/tags.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/utf8.h"
#include "emulator/s3/protocol/answers.h"
#include "emulator/s3/protocol/errors.h"
#include "wire/uri.h"
#include "wire/xml.h"

namespace sortie::emulator::s3 {
namespace {

constexpr std::size_t k_max_tag_key = 128;
constexpr std::size_t k_max_tag_value = 256;

/// In characters, as S3 counts tags.
std::size_t length_of(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::ranges::count_if(utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

bool is_tag_text(std::string_view text) {
  return is_valid_utf8(text) && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  static_cast<unsigned char>(c) >= 0x80 || std::string_view(" +-=._:/@").contains(c);
         });
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

}  // namespace

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
    RETURN_IF_ERROR(check_tag(key, value, false));
  }
  if (pairs->size() > k_max_object_tags) return s3_fail(400, "BadRequest", "Object tags cannot be greater than 10");
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
    RETURN_IF_ERROR(check_tag(key, value, of_bucket));
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
  xml.open("Tagging", k_xmlns).open("TagSet");
  for (const auto& [key, value] : tags) {
    xml.open("Tag").element("Key", key).element("Value", value).close();
  }
  return xml.finish();
}

}  // namespace sortie::emulator::s3
