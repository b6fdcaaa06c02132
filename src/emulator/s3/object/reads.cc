#include "emulator/s3/object/reads.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/number.h"
#include "emulator/s3/object/locks.h"
#include "emulator/s3/object/object_answers.h"
#include "emulator/s3/object/rows.h"
#include "emulator/s3/protocol/metadata.h"
#include "wire/date.h"

/// GetObject, HeadObject.
namespace sortie::emulator::s3 {
namespace {

constexpr int k_max_part = 10'000;

/// What part of the object is answered.
struct Selection {
  ByteRange range;
  bool partial = false;
  const Part* part = nullptr;  ///< asked for by number
};

AwsResult<Selection> select_range(const Request& request, const Object& object) {
  const Selection whole{{0, object.size}, false, nullptr};
  const auto text = request.headers().get("range");
  if (!text) return whole;
  ASSIGN_OR_RETURN(const auto range, read_range(*text, object.size));
  return range ? Selection{*range, true, nullptr} : whole;
}

AwsResult<int> read_number(std::string_view text) {
  const auto parsed = parse_number<int>(text);
  if (!parsed || *parsed < 1 || *parsed > k_max_part) {
    return invalid_argument("partNumber", text, "Part number must be an integer between 1 and 10000, inclusive");
  }
  const int number = *parsed;
  return number;
}

AwsResult<Selection> select(const Request& request, const Object& object, const std::vector<Part>& parts) {
  const auto number_text = request.parameter("partNumber");
  if (!number_text) return select_range(request, object);
  if (request.headers().contains("range")) {
    return invalid_request("Cannot specify both Range header and partNumber query parameter");
  }
  ASSIGN_OR_RETURN(const auto number, read_number(*number_text));
  if (!is_multipart(object) && number == 1) return Selection{{0, object.size}, object.size > 0, nullptr};
  if (is_multipart(object)) {
    int left = number;
    std::uint64_t first = 0;
    for (const Part& part : parts) {
      if (--left == 0) return Selection{{first, part.size}, true, &part};
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

AwsResult<void> check_not_archived(const Object& object) {
  const std::string& storage_class = object.traits.storage_class;
  if (!is_archived(storage_class)) return {};
  return s3_fail(403, "InvalidObjectState", "The operation is not valid for the object's storage class",
                 {{"StorageClass", storage_class}});
}

void describe_selection(http::Response& response, const Object& object, const Selection& selection, std::size_t parts) {
  const ByteRange& range = selection.range;
  if (selection.partial) {
    response.status = 206;
    response.headers.add("Content-Range",
                         fmt::format("bytes {}-{}/{}", range.first,
                                     range.first + std::max<std::uint64_t>(range.size, 1) - 1, object.size));
  }
  if (selection.part != nullptr) response.headers.add("x-amz-mp-parts-count", fmt::to_string(parts));
}

Answer get_object(Operation& operation) {
  return read_object(operation, ReadBody::yes);
}

Answer head_object(Operation& operation) {
  return read_object(operation, ReadBody::no);
}

constexpr Row k_rows[] = {
    {"GetObject", at_once<get_object>, on_object("GET")},
    {"HeadObject", at_once<head_object>, on_object("HEAD")},
};

}  // namespace

bool is_multipart(const Object& object) {
  return object.etag.contains('-');
}

AwsResult<std::optional<CustomerKey>> object_key(const Operation& operation, const Object& object, KeyHeaders which) {
  std::optional<Seal> seal;
  if (object.traits.sealed()) seal = operation.contents.seal_of(operation.catalog.parts(object).at(0).content);
  return key_for_reading(operation.request.headers(), seal, which);
}

Answer read_object(const Operation& operation, ReadBody body) {
  const Request& request = operation.request;
  const std::string version = request.parameter_or("versionId");
  ASSIGN_OR_RETURN(const auto bucket, allowed_key(operation, version_action(request, "GetObject", "GetObjectVersion")));
  ASSIGN_OR_RETURN(const auto object, existing_object(operation, bucket, request.key, version));
  ASSIGN_OR_RETURN(const auto key, object_key(operation, object));
  ASSIGN_OR_RETURN(const auto verdict, check_read(request.headers(), {object.etag, object.modified}, operation.now()));
  http::Response response;
  describe(response, bucket, object, key);
  if (verdict == ReadVerdict::not_modified) {
    response.status = 304;
    return response;
  }
  if (body == ReadBody::yes) RETURN_IF_ERROR(check_not_archived(object));
  const auto parts = operation.catalog.parts(object);
  ASSIGN_OR_RETURN(const auto selection, select(request, object, parts));

  describe_whole(response, object);
  add_lock(response, operation, bucket, object);
  if (version.empty()) add_expiration(response, operation, bucket, object);
  describe_selection(response, object, selection, parts.size());
  if (http::iequals(request.header("x-amz-checksum-mode"), "ENABLED")) {
    describe_checksum(response, object, selection);
  }
  RETURN_IF_ERROR(apply_overrides(request, response));
  const ByteRange& range = selection.range;
  response.headers.add("Content-Length", fmt::to_string(range.size));
  if (body == ReadBody::yes) {
    response.body = operation.contents.open(pieces_of(parts, range.first, range.size), key);
  }
  return response;
}

Task<AwsResult<std::string>> read_bytes(const Operation& operation, std::size_t limit) {
  ASSIGN_OR_CO_RETURN(auto answer, read_object(operation, ReadBody::yes));
  if (answer.body.length().value_or(limit + 1) > limit) {
    co_return s3_fail(400, "EntityTooLarge", fmt::format("The object is larger than {} bytes.", limit));
  }
  auto bytes = co_await answer.body.read_all(limit);
  if (!bytes) co_return s3_fail(500, "InternalError", "The object could not be read: " + bytes.error().message);
  co_return *std::move(bytes);
}

std::span<const Row> read_operations() {
  return k_rows;
}

}  // namespace sortie::emulator::s3
