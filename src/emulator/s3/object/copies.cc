#include <fmt/format.h>

#include "emulator/s3/bucket/bucket_notifications.h"
#include "emulator/s3/object/copy_origin.h"
#include "emulator/s3/object/locks.h"
#include "emulator/s3/object/object_answers.h"
#include "emulator/s3/object/rows.h"
#include "wire/checksum.h"
#include "wire/date.h"
#include "wire/xml.h"

/// CopyObject.
namespace sortie::emulator::s3 {
namespace {

constexpr std::string_view k_redirect = "x-amz-website-redirect-location";

/// What a CopyObject asks for, besides its source.
struct CopyRequest {
  bool replaces_metadata = false;
  bool replaces_tags = false;
  std::optional<CustomerKey> key;
  ObjectTraits traits;
};

/// The bytes of a copy: new ones, or those of the origin with the digests of the whole.
struct CopiedBytes {
  std::optional<Received> received;
  std::string etag;
  ObjectChecksum checksum;
};

AwsResult<bool> read_directive(const Request& request, std::string_view header) {
  const std::string_view value = request.headers().get_or(header, "COPY");
  if (value == "COPY") return false;
  if (value == "REPLACE") return true;
  return invalid_argument(
      header, value,
      header == "x-amz-metadata-directive" ? "Unknown metadata directive." : "Unknown tagging directive.");
}

AwsResult<CopyRequest> read_copy(const Request& request) {
  CopyRequest copy;
  ASSIGN_OR_RETURN(copy.replaces_metadata, read_directive(request, "x-amz-metadata-directive"));
  ASSIGN_OR_RETURN(copy.replaces_tags, read_directive(request, "x-amz-tagging-directive"));
  ASSIGN_OR_RETURN(copy.key, read_customer_key(request.headers()));
  ASSIGN_OR_RETURN(copy.traits, read_traits(request.headers()));
  return copy;
}

/// A copy onto itself must change something.
AwsResult<void> check_change(const Operation& operation, const Bucket& bucket, const CopyRequest& copy,
                             const CopyOrigin& origin) {
  const Request& request = operation.request;
  const bool in_place = origin.bucket.id == bucket.id && origin.object.key == request.key && origin.object.latest;
  if (!in_place || copy.key || origin.key || copy.replaces_metadata) return {};
  if (operation.catalog.config(bucket, "encryption")) return {};
  for (const auto name :
       {std::string_view("x-amz-storage-class"), k_redirect, std::string_view("x-amz-server-side-encryption")}) {
    if (request.headers().contains(name)) return {};
  }
  return invalid_request(
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's "
      "metadata, storage class, website redirect location or encryption attributes.");
}

AwsResult<void> check_origin_size(const CopyOrigin& origin) {
  if (origin.object.size <= k_max_upload) return {};
  return invalid_request("The specified copy source is larger than the maximum allowable size for a copy source: " +
                         fmt::to_string(k_max_upload));
}

/// What is copied from the origin, and what the request says instead.
ObjectTraits traits_of_copy(const Request& request, CopyRequest copy, const ObjectTraits& original) {
  ObjectTraits traits = std::move(copy.traits);
  if (!copy.replaces_metadata) {
    // The redirect location is the one thing that is never copied.
    Fields kept = original.headers;
    std::erase_if(kept, [](const auto& field) { return field.first == k_redirect; });
    if (const auto redirect = request.headers().get(k_redirect)) kept.emplace_back(k_redirect, *redirect);
    traits.headers = std::move(kept);
  }
  if (!copy.replaces_tags) traits.tags = original.tags;
  traits.set_sealed(copy.key.has_value());
  return traits;
}

/// A copy is one piece: what was uploaded in parts gets a plain MD5 and a checksum of the whole. What is encrypted at
/// either end is written anew.
Task<AwsResult<CopiedBytes>> copy_bytes(Operation& operation, const CopyOrigin& origin,
                                        const std::optional<CustomerKey>& key,
                                        std::optional<ChecksumAlgorithm> wanted) {
  const auto before = origin.object.traits.checksum.value_or(ObjectChecksum{});
  const auto algorithm = wanted.value_or(before.algorithm);
  CopiedBytes bytes{{}, origin.object.etag, {algorithm, before.value, false}};
  const auto pieces = pieces_of(origin.parts, 0, origin.object.size);
  if (key || origin.key) {
    ASSIGN_OR_CO_RETURN(auto written, co_await operation.contents.receive(operation.contents.open(pieces, origin.key),
                                                                          {algorithm}, k_max_upload, key));
    bytes.etag = key ? make_opaque_etag() : wire::hex_encode(written.digests.md5);
    bytes.checksum.value = wire::base64_encode(written.digests.of(algorithm));
    bytes.received.emplace(std::move(written));
  } else if (bytes.etag.contains('-') || before.composite || before.value.empty() || algorithm != before.algorithm) {
    ASSIGN_OR_CO_RETURN(const auto values, co_await operation.contents.digest(pieces, {algorithm}));
    bytes.etag = wire::hex_encode(values.md5);
    bytes.checksum.value = wire::base64_encode(values.of(algorithm));
  }
  co_return bytes;
}

/// Fills what the catalog gives the copy.
void keep(const Operation& operation, const Bucket& bucket, Object& copy, const CopyOrigin& origin,
          std::optional<Received> received, const ObjectProtection& protection) {
  ContentStore::Change change(operation.contents);
  std::vector<Part> parts = origin.parts;
  if (received) {
    parts = {Part{0, change.add(*std::move(received)), copy.size, {}, {}, {}}};
  } else {
    for (Part& part : parts) {
      change.retain(part.content);
      part.checksum.clear();
    }
  }
  operation.catalog.put_object(change, bucket, copy, parts);
  operation.catalog.protections().set(copy, with_default(operation, protection, bucket, copy.modified));
  operation.notifications.send(operation.request, bucket, "ObjectCreated:Copy", copy);
  change.commit();
}

std::string copy_document(const Object& object) {
  wire::XmlWriter xml;
  xml.open("CopyObjectResult", k_xmlns).element("LastModified", wire::format_iso8601_millis(object.modified));
  xml.element("ETag", in_quotes(object.etag));
  if (const auto& checksum = object.traits.checksum) {
    xml.element(fmt::format("Checksum{}", wire::to_string(checksum->algorithm)), checksum->value);
    xml.element("ChecksumType", checksum->composite ? "COMPOSITE" : "FULL_OBJECT");
  }
  return xml.finish();
}

Task<Answer> copy_object(Operation& operation) {
  const Request& request = operation.request;
  ASSIGN_OR_CO_RETURN(auto copy, read_copy(request));
  const ContextKeys context = upload_context(request, copy.traits.tags, operation.now());
  ASSIGN_OR_CO_RETURN(auto bucket, allowed_key(operation, "PutObject", context));
  ASSIGN_OR_CO_RETURN(const auto origin, read_copy_origin(operation));
  CO_RETURN_IF_ERROR(check_change(operation, bucket, copy, origin));
  ASSIGN_OR_CO_RETURN(const auto protection, requested_protection(operation, bucket, "CopyObject", context));
  CO_RETURN_IF_ERROR(check_origin_size(origin));
  ASSIGN_OR_CO_RETURN(const auto wanted, read_checksum_algorithm(request.headers(), "x-amz-checksum-algorithm"));
  const auto key = copy.key;
  ASSIGN_OR_CO_RETURN(auto bytes, co_await copy_bytes(operation, origin, key, wanted));
  // Bucket and source may have changed while the bytes were read.
  ASSIGN_OR_CO_RETURN(bucket, open_bucket(operation));
  if (!is_unchanged(operation, origin)) co_return no_such_key(origin.object.key);
  CO_RETURN_IF_ERROR(check_write_conditions(operation, bucket));

  Object object;
  object.key = request.key;
  object.size = origin.object.size;
  object.etag = bytes.etag;
  object.modified = operation.now();
  object.traits = traits_of_copy(request, std::move(copy), origin.object.traits);
  object.traits.checksum = bytes.checksum;
  keep(operation, bucket, object, origin, std::move(bytes.received), protection);
  auto response = xml_answer(copy_document(object));
  add_encryption(response, key);
  add_origin_version(response, origin);
  add_version(response, bucket, object);
  add_expiration(response, operation, bucket, object);
  co_return response;
}

constexpr Row k_rows[] = {
    {"CopyObject", copy_object, on_object("PUT", {}, "x-amz-copy-source"), "KMS encryption"},
};

}  // namespace

std::span<const Row> copy_operations() {
  return k_rows;
}

}  // namespace sortie::emulator::s3
