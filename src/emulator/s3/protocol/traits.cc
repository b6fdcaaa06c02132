#include "emulator/s3/protocol/traits.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"
#include "emulator/s3/protocol/customer_key.h"
#include "emulator/s3/protocol/errors.h"
#include "emulator/s3/protocol/metadata.h"

namespace sortie::emulator::s3 {
namespace {

constexpr std::size_t k_max_metadata = 2048;
constexpr std::string_view k_kept[] = {"content-type",     "cache-control", "content-disposition",
                                       "content-language", "expires",       "x-amz-website-redirect-location"};
constexpr std::string_view k_storage_classes[] = {"STANDARD",   "REDUCED_REDUNDANCY",  "STANDARD_IA",
                                                  "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER",
                                                  "GLACIER_IR", "DEEP_ARCHIVE"};

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

AwsResult<void> check_header_text(std::string_view name, std::string_view value) {
  if (is_header_text(value)) return {};
  return invalid_argument(name, value, "Header value cannot be represented using ISO-8859-1.");
}

}  // namespace

bool ObjectTraits::sealed() const {
  return std::ranges::find(headers, k_customer_algorithm, &Fields::value_type::first) != headers.end();
}

void ObjectTraits::set_sealed(bool sealed) {
  std::erase_if(headers, [](const auto& field) { return field.first == k_customer_algorithm; });
  if (sealed) headers.emplace_back(k_customer_algorithm, "AES256");
}

bool is_archived(std::string_view storage_class) {
  return storage_class == "GLACIER" || storage_class == "DEEP_ARCHIVE";
}

AwsResult<void> refuse_unknown_features(const http::Headers& headers) {
  const auto encryption = headers.get_or("x-amz-server-side-encryption", "AES256");
  if (encryption != "AES256") return header_not_implemented("x-amz-server-side-encryption");
  if (headers.contains("x-amz-write-offset-bytes")) return header_not_implemented("x-amz-write-offset-bytes");
  return {};
}

AwsResult<ObjectTraits> read_traits(const http::Headers& headers) {
  RETURN_IF_ERROR(refuse_unknown_features(headers));
  ObjectTraits traits;
  std::size_t metadata = 0;
  for (const auto& [name, value] : headers) {
    std::string field = ascii_lower(name);
    const bool kept = field.starts_with(k_meta_prefix) || field == "content-encoding" ||
                      std::ranges::find(k_kept, field) != std::end(k_kept);
    if (!kept) continue;
    RETURN_IF_ERROR(check_header_text(field, value));
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
  ASSIGN_OR_RETURN(auto tags, read_tag_header(headers.get_or("x-amz-tagging", "")));
  traits.tags = std::move(tags);
  return traits;
}

}  // namespace sortie::emulator::s3
