#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "emulator/s3/metadata.h"
#include "emulator/s3/operations.h"
#include "wire/date.h"
#include "wire/xml.h"

/// GetObject, HeadObject, GetObjectAttributes.
namespace sortie::emulator::s3 {
namespace {

constexpr int k_max_part = 10'000;

bool is_multipart(const Object& object) {
  return object.etag.contains('-');
}

std::string_view read_action(const Request& request, std::string_view plain, std::string_view of_version) {
  return request.parameter("versionId") ? of_version : plain;
}

/// What part of the object is answered.
struct Selection {
  ByteRange range;
  bool partial = false;
  const Part* part = nullptr;  ///< asked for by number
};

AwsResult<Selection> select(const Request& request, const Object& object, const std::vector<Part>& parts) {
  const auto number_text = request.parameter("partNumber");
  const auto range_text = request.headers().get("range");
  if (!number_text) {
    if (!range_text) return Selection{{0, object.size}, false, nullptr};
    auto range = read_range(*range_text, object.size);
    if (!range) return std::unexpected(range.error());
    if (!*range) return Selection{{0, object.size}, false, nullptr};
    return Selection{**range, true, nullptr};
  }
  if (range_text) return invalid_request("Cannot specify both Range header and partNumber query parameter");
  int number = 0;
  const auto [end, error] = std::from_chars(number_text->data(), number_text->data() + number_text->size(), number);
  if (error != std::errc{} || end != number_text->data() + number_text->size() || number < 1 || number > k_max_part) {
    return invalid_argument("partNumber", *number_text,
                            "Part number must be an integer between 1 and 10000, inclusive");
  }
  if (!is_multipart(object)) {
    if (number == 1) return Selection{{0, object.size}, object.size > 0, nullptr};
  } else {
    std::uint64_t first = 0;
    for (const Part& part : parts) {
      if (--number == 0) return Selection{{first, part.size}, true, &part};
      first += part.size;
    }
  }
  return s3_fail(416, "InvalidPartNumber", "The requested partnumber is not satisfiable",
                 {{"PartNumberRequested", std::string(*number_text)},
                  {"ActualPartCount", fmt::to_string(is_multipart(object) ? parts.size() : 1)}});
}

constexpr std::pair<std::string_view, std::string_view> k_overrides[] = {
    {"response-content-type", "content-type"},
    {"response-content-language", "content-language"},
    {"response-expires", "expires"},
    {"response-cache-control", "cache-control"},
    {"response-content-disposition", "content-disposition"},
    {"response-content-encoding", "content-encoding"}};

AwsResult<void> apply_overrides(const Request& request, http::Response& response) {
  for (const auto& [parameter, header] : k_overrides) {
    const auto value = request.parameter(parameter);
    if (!value) continue;
    if (request.call.signature == Call::Signature::none) {
      return invalid_request("Request specific response headers cannot be used for anonymous GET requests.");
    }
    if (value->find_first_of("\r\n") != std::string_view::npos) {
      return invalid_argument(parameter, *value, "Header value cannot be represented using ISO-8859-1.");
    }
    response.headers.set(header, std::string(*value));
  }
  return {};
}

void describe(http::Response& response, const Bucket& bucket, const Object& object,
              const std::optional<CustomerKey>& key) {
  response.headers.add("Last-Modified", wire::format_http_date(object.modified));
  response.headers.add("ETag", in_quotes(object.etag));
  add_encryption(response, key);
  add_version(response, bucket, object);
}

void describe_whole(http::Response& response, const Object& object) {
  response.headers.add("Accept-Ranges", "bytes");
  Fields kept = object.traits.headers;
  std::erase_if(kept, [](const auto& field) { return field.first == k_customer_algorithm; });
  add_kept_headers(response, kept);
  if (object.traits.storage_class != "STANDARD")
    response.headers.add("x-amz-storage-class", object.traits.storage_class);
  if (!object.traits.tags.empty()) {
    response.headers.add("x-amz-tagging-count", fmt::to_string(object.traits.tags.size()));
  }
}

/// The checksum of what is answered: the part's, the whole object's, or none for a range.
void describe_checksum(http::Response& response, const Object& object, const Selection& selection) {
  if (!object.traits.checksum) return;
  ObjectChecksum checksum = *object.traits.checksum;
  if (selection.part != nullptr) {
    if (!checksum.composite) return;  // the parts of a full-object checksum have none to show
    checksum.value = selection.part->checksum;
  }
  if (selection.part == nullptr && selection.partial && selection.range.size < object.size) return;
  if (!checksum.value.empty()) add_checksum(response, checksum);
}

}  // namespace

AwsResult<std::optional<CustomerKey>> Operations::object_key(const Request& request, const Object& object,
                                                             KeyHeaders which) {
  std::optional<Seal> seal;
  if (object.traits.sealed()) seal = contents_.seal_of(catalog_.parts(object).at(0).content);
  return key_for_reading(request.headers(), seal, which);
}

Operations::Answer Operations::get_object(const Request& request, bool head) {
  const auto bucket = open_bucket(request);
  if (!bucket) return std::unexpected(bucket.error());
  const std::string version = request.parameter_or("versionId");
  if (auto allowed = allow(request, *bucket, read_action(request, "GetObject", "GetObjectVersion"), request.key);
      !allowed) {
    return std::unexpected(allowed.error());
  }
  const auto object = existing_object(request, *bucket, request.key, version);
  if (!object) return std::unexpected(object.error());
  const auto key = object_key(request, *object);
  if (!key) return std::unexpected(key.error());
  const auto verdict = check_read(request.headers(), {object->etag, object->modified}, now());
  if (!verdict) return std::unexpected(verdict.error());
  http::Response response;
  describe(response, *bucket, *object, *key);
  if (*verdict == ReadVerdict::not_modified) {
    response.status = 304;
    return response;
  }
  const std::string& storage_class = object->traits.storage_class;
  if (!head && (storage_class == "GLACIER" || storage_class == "DEEP_ARCHIVE")) {
    return s3_fail(403, "InvalidObjectState", "The operation is not valid for the object's storage class",
                   {{"StorageClass", storage_class}});
  }
  const auto parts = catalog_.parts(*object);
  const auto selection = select(request, *object, parts);
  if (!selection) return std::unexpected(selection.error());

  describe_whole(response, *object);
  add_lock(response, request, *bucket, *object);
  if (version.empty()) add_expiration(response, *bucket, *object);
  const ByteRange& range = selection->range;
  if (selection->partial) {
    response.status = 206;
    response.headers.add("Content-Range",
                         fmt::format("bytes {}-{}/{}", range.first,
                                     range.first + std::max<std::uint64_t>(range.size, 1) - 1, object->size));
  }
  if (selection->part != nullptr) response.headers.add("x-amz-mp-parts-count", fmt::to_string(parts.size()));
  if (http::iequals(request.header("x-amz-checksum-mode"), "ENABLED")) {
    describe_checksum(response, *object, *selection);
  }
  if (auto applied = apply_overrides(request, response); !applied) return std::unexpected(applied.error());
  response.headers.add("Content-Length", fmt::to_string(range.size));
  if (!head) response.body = contents_.open(pieces_of(parts, range.first, range.size), *key);
  return response;
}

Task<AwsResult<std::string>> Operations::read_object(Request& request, std::size_t limit) {
  auto answer = get_object(request, false);
  if (!answer) co_return std::unexpected(answer.error());
  if (answer->body.length().value_or(limit + 1) > limit) {
    co_return s3_fail(400, "EntityTooLarge", fmt::format("The object is larger than {} bytes.", limit));
  }
  auto bytes = co_await answer->body.read_all(limit);
  if (!bytes) co_return s3_fail(500, "InternalError", "The object could not be read: " + bytes.error().message);
  co_return *std::move(bytes);
}

Operations::Answer Operations::get_object_attributes(const Request& request) {
  const auto bucket = allowed_key(request, read_action(request, "GetObject", "GetObjectVersion"));
  if (!bucket) return std::unexpected(bucket.error());
  const auto allowed =
      allow(request, *bucket, read_action(request, "GetObjectAttributes", "GetObjectVersionAttributes"), request.key);
  if (!allowed) return std::unexpected(allowed.error());
  const auto object = existing_object(request, *bucket, request.key, request.parameter_or("versionId"));
  if (!object) return std::unexpected(object.error());
  if (const auto key = object_key(request, *object); !key) return std::unexpected(key.error());
  const std::string_view wanted = request.header("x-amz-object-attributes");
  if (wanted.empty()) {
    return s3_fail(400, "InvalidRequest", "Missing required header for this request: x-amz-object-attributes");
  }
  wire::XmlWriter xml;
  xml.open("GetObjectAttributesResponse", k_xmlns);
  if (wanted.contains("ETag")) xml.element("ETag", object->etag);
  const auto& checksum = object->traits.checksum;
  const std::string tag = checksum ? fmt::format("Checksum{}", wire::to_string(checksum->algorithm)) : "";
  if (wanted.contains("Checksum") && checksum) {
    const std::string value = checksum->value.substr(0, checksum->value.find('-'));
    xml.open("Checksum").element(tag, value);
    xml.element("ChecksumType", checksum->composite ? "COMPOSITE" : "FULL_OBJECT").close();
  }
  if (wanted.contains("ObjectParts") && is_multipart(*object)) {
    const auto parts = catalog_.parts(*object);
    xml.open("ObjectParts").element("PartsCount", count(parts.size()));
    if (checksum && checksum->composite) {
      const std::string_view most_text = request.header("x-amz-max-parts");
      const std::string_view after_text = request.header("x-amz-part-number-marker");
      int most = 1000;
      int after = 0;
      std::from_chars(most_text.data(), most_text.data() + most_text.size(), most);
      std::from_chars(after_text.data(), after_text.data() + after_text.size(), after);
      most = std::clamp(most, 0, 1000);
      std::vector<Part> page;
      for (const Part& part : parts) {
        if (part.number > after) page.push_back(part);
      }
      const bool more = page.size() > static_cast<std::size_t>(most);
      if (more) page.resize(static_cast<std::size_t>(most));
      xml.element("PartNumberMarker", count(after))
          .element("NextPartNumberMarker", count(page.empty() ? 0 : page.back().number));
      xml.element("MaxParts", count(most)).element("IsTruncated", more);
      for (const Part& part : page) {
        xml.open("Part").element("PartNumber", count(part.number)).element("Size", count(part.size));
        xml.element(tag, part.checksum).close();
      }
    }
    xml.close();
  }
  if (wanted.contains("StorageClass")) xml.element("StorageClass", object->traits.storage_class);
  if (wanted.contains("ObjectSize")) xml.element("ObjectSize", count(object->size));
  auto response = xml_answer(xml.finish());
  response.headers.add("Last-Modified", wire::format_http_date(object->modified));
  add_version(response, *bucket, *object);
  return response;
}

}  // namespace sortie::emulator::s3
