#include <fmt/format.h>

#include <algorithm>

#include "emulator/s3/operations.h"
#include "wire/date.h"
#include "wire/xml.h"

/// PutObject, CopyObject, object tags.
namespace sortie::emulator::s3 {
namespace {

constexpr std::size_t k_max_object_tags = 10;

/// A copy onto itself must change something.
bool changes_nothing(const Request& request, bool replaces_metadata, bool encrypts_by_default) {
  if (replaces_metadata || encrypts_by_default) return false;
  for (const auto* name : {"x-amz-storage-class", "x-amz-website-redirect-location", "x-amz-server-side-encryption"}) {
    if (request.headers().contains(name)) return false;
  }
  return true;
}

AwsResult<bool> directive(const Request& request, std::string_view header) {
  const std::string_view value = request.headers().get_or(header, "COPY");
  if (value == "COPY") return false;
  if (value == "REPLACE") return true;
  return invalid_argument(
      header, value,
      header == "x-amz-metadata-directive" ? "Unknown metadata directive." : "Unknown tagging directive.");
}

std::string copy_document(std::string_view root, const Object& object) {
  wire::XmlWriter xml;
  xml.open(root, k_xmlns).element("LastModified", wire::format_iso8601_millis(object.modified));
  xml.element("ETag", in_quotes(object.etag));
  if (const auto& checksum = object.traits.checksum) {
    xml.element(fmt::format("Checksum{}", wire::to_string(checksum->algorithm)), checksum->value);
    xml.element("ChecksumType", checksum->composite ? "COMPOSITE" : "FULL_OBJECT");
  }
  return xml.finish();
}

/// A length that is not known yet fits.
AwsResult<void> check_size(std::optional<std::uint64_t> size, const SizeRange& range) {
  if (size && *size > range.most) {
    return s3_fail(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size",
                   {{"ProposedSize", fmt::to_string(*size)}, {"MaxSizeAllowed", fmt::to_string(range.most)}});
  }
  if (size && *size < range.least) {
    return s3_fail(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size",
                   {{"ProposedSize", fmt::to_string(*size)}, {"MinSizeAllowed", fmt::to_string(range.least)}});
  }
  return {};
}

/// Reading tags is the one operation that names a missing key together with its bucket.
AwsError with_bucket(AwsError error, std::string_view bucket) {
  for (auto& [name, value] : error.fields) {
    if (name == "Key") value = fmt::format("{}/{}", bucket, value);
  }
  return error;
}

}  // namespace

Task<Operations::Answer> Operations::put_object(Request& request) {
  auto bucket = open_bucket(request);
  if (!bucket) co_return std::unexpected(bucket.error());
  const auto tags = read_tag_header(request.header("x-amz-tagging"));
  const Context context = upload_context(request, tags.value_or(Tags()));
  if (auto allowed = allow(request, *bucket, "PutObject", request.key, context); !allowed) {
    co_return std::unexpected(allowed.error());
  }
  if (request.headers().contains("x-amz-tagging")) {
    if (auto allowed = allow(request, *bucket, "PutObjectTagging", request.key, context); !allowed) {
      co_return std::unexpected(allowed.error());
    }
  }
  const auto key = read_customer_key(request.headers());
  if (!key) co_return std::unexpected(key.error());
  auto traits = read_traits(request.headers());
  if (!traits) co_return std::unexpected(traits.error());
  const auto guard = asked_guard(request, *bucket, "PutObject", context);
  if (!guard) co_return std::unexpected(guard.error());
  const auto demand = read_digest_demand(request.headers());
  if (!demand) co_return std::unexpected(demand.error());
  if (auto brought = check_lock_digest(*bucket, *guard, *demand, "Object"); !brought) {
    co_return std::unexpected(brought.error());
  }
  http::Body& body = request.call.request.body;
  if (!body.length() && !request.call.form) {
    co_return s3_fail(411, "MissingContentLength", "You must provide the Content-Length HTTP header.");
  }
  const SizeRange allowed_size{request.size.least, std::min(request.size.most, k_max_upload)};
  if (auto fits = check_size(body.length(), allowed_size); !fits) co_return std::unexpected(fits.error());
  // Here to spare the upload, below because the world goes on while it is received.
  if (auto holds = check_write(request.headers(), current(catalog_.find_object(*bucket, request.key)), request.key);
      !holds) {
    co_return std::unexpected(holds.error());
  }
  const auto algorithm = demand->algorithm.value_or(ChecksumAlgorithm::crc64nvme);
  auto received = co_await contents_.receive(std::move(body), {algorithm}, k_max_upload, *key);
  if (!received) co_return std::unexpected(received.error());
  if (auto fits = check_size(received->size, allowed_size); !fits) co_return std::unexpected(fits.error());
  if (auto checked = check_digests(*demand, received->digests, request.call.trailers.get()); !checked) {
    co_return std::unexpected(checked.error());
  }
  bucket = open_bucket(request);
  if (!bucket) co_return std::unexpected(bucket.error());
  if (auto holds = check_write(request.headers(), current(catalog_.find_object(*bucket, request.key)), request.key);
      !holds) {
    co_return std::unexpected(holds.error());
  }

  Object object;
  object.key = request.key;
  object.size = received->size;
  object.etag = *key ? make_opaque_etag() : wire::hex_encode(received->digests.md5);
  object.modified = now();
  object.traits = *std::move(traits);
  set_sealed(object.traits, key->has_value());
  object.traits.checksum = ObjectChecksum{algorithm, wire::base64_encode(received->digests.of(algorithm)), false};
  {
    ContentStore::Change change(contents_);
    const std::uint64_t size = received->size;
    const Part part{0, change.add(*std::move(received)), size, {}, {}, {}};
    catalog_.put_object(change, *bucket, object, {part});
    catalog_.set_guard(object, with_default(*guard, *bucket, object.modified));
    notify(request, *bucket, request.call.form ? "ObjectCreated:Post" : "ObjectCreated:Put", object);
    change.commit();
  }
  auto response = empty_answer(200);
  response.headers.add("ETag", in_quotes(object.etag));
  add_encryption(response, *key);
  add_checksum(response, *object.traits.checksum);
  add_version(response, *bucket, object);
  add_expiration(response, *bucket, object);
  co_return response;
}

AwsResult<Operations::Source> Operations::copy_source(const Request& request) {
  const auto named = read_copy_source(request.header("x-amz-copy-source"));
  if (!named) return std::unexpected(named.error());
  auto bucket = catalog_.find_bucket(named->bucket);
  if (!bucket) return no_such_bucket(named->bucket);
  const bool of_version = !named->version.empty();
  Context context;
  if (of_version) context.emplace_back("s3:VersionId", named->version);
  auto allowed = allow(request, *bucket, of_version ? "GetObjectVersion" : "GetObject", named->key, context);
  if (!allowed) return std::unexpected(allowed.error());
  auto object = existing_object(request, *bucket, named->key, named->version);
  if (!object && object.error().code == "MethodNotAllowed") {
    return invalid_request("The source of a copy request may not specifically refer to a delete marker by version id.");
  }
  if (!object) return std::unexpected(object.error());
  auto key = object_key(request, *object, KeyHeaders::copy_source);
  if (!key) return std::unexpected(key.error());
  if (auto holds = check_copy_source(request.headers(), {object->etag, object->modified}, now()); !holds) {
    return std::unexpected(holds.error());
  }
  const std::string& storage_class = object->traits.storage_class;
  if (storage_class == "GLACIER" || storage_class == "DEEP_ARCHIVE") {
    return s3_fail(403, "InvalidObjectState", "Operation is not valid for the source object's storage class",
                   {{"StorageClass", storage_class}});
  }
  auto parts = catalog_.parts(*object);
  return Source{*std::move(bucket), *std::move(object), std::move(parts), *std::move(key)};
}

bool Operations::is_still(const Source& source) {
  const auto object = catalog_.find_object(source.bucket, source.object.key, source.object.version);
  return object && object->sequence == source.object.sequence;
}

Task<Operations::Answer> Operations::copy_object(Request& request) {
  const auto replaces_metadata = directive(request, "x-amz-metadata-directive");
  if (!replaces_metadata) co_return std::unexpected(replaces_metadata.error());
  const auto replaces_tags = directive(request, "x-amz-tagging-directive");
  if (!replaces_tags) co_return std::unexpected(replaces_tags.error());
  const auto key = read_customer_key(request.headers());
  if (!key) co_return std::unexpected(key.error());
  auto asked = read_traits(request.headers());
  if (!asked) co_return std::unexpected(asked.error());
  auto bucket = allowed_key(request, "PutObject", upload_context(request, asked->tags));
  if (!bucket) co_return std::unexpected(bucket.error());
  const auto source = copy_source(request);
  if (!source) co_return std::unexpected(source.error());
  const bool resealed = *key || source->key;
  const bool in_place = source->bucket.id == bucket->id && source->object.key == request.key && source->object.latest;
  const bool encrypts_by_default = catalog_.config(*bucket, "encryption").has_value();
  if (in_place && !resealed && changes_nothing(request, *replaces_metadata, encrypts_by_default)) {
    co_return invalid_request(
        "This copy request is illegal because it is trying to copy an object to itself without changing the object's "
        "metadata, storage class, website redirect location or encryption attributes.");
  }
  const auto guard = asked_guard(request, *bucket, "CopyObject", upload_context(request, asked->tags));
  if (!guard) co_return std::unexpected(guard.error());
  if (source->object.size > k_max_upload) {
    co_return invalid_request(
        "The specified copy source is larger than the maximum allowable size for a copy source: " +
        fmt::to_string(k_max_upload));
  }
  const auto wanted = read_checksum_algorithm(request.headers(), "x-amz-checksum-algorithm");
  if (!wanted) co_return std::unexpected(wanted.error());

  Object copy;
  copy.key = request.key;
  copy.size = source->object.size;
  copy.etag = source->object.etag;
  copy.traits = *std::move(asked);
  const ObjectTraits& original = source->object.traits;
  if (!*replaces_metadata) {
    // The redirect location is the one thing that is never copied.
    Fields kept = original.headers;
    std::erase_if(kept, [](const auto& field) { return field.first == "x-amz-website-redirect-location"; });
    if (const auto redirect = request.headers().get("x-amz-website-redirect-location")) {
      kept.emplace_back("x-amz-website-redirect-location", *redirect);
    }
    copy.traits.headers = std::move(kept);
  }
  if (!*replaces_tags) copy.traits.tags = original.tags;
  set_sealed(copy.traits, key->has_value());
  const auto before = original.checksum.value_or(ObjectChecksum{});
  const auto algorithm = wanted->value_or(before.algorithm);
  copy.traits.checksum = ObjectChecksum{algorithm, before.value, false};
  std::optional<Received> received;
  // A copy is one piece: what was uploaded in parts gets a plain MD5 and a checksum of the whole.
  if (resealed) {
    auto whole = contents_.open(pieces_of(source->parts, 0, copy.size), source->key);
    auto written = co_await contents_.receive(std::move(whole), {algorithm}, k_max_upload, *key);
    if (!written) co_return std::unexpected(written.error());
    copy.etag = *key ? make_opaque_etag() : wire::hex_encode(written->digests.md5);
    copy.traits.checksum->value = wire::base64_encode(written->digests.of(algorithm));
    received.emplace(*std::move(written));
  } else if (copy.etag.contains('-') || before.composite || before.value.empty() || algorithm != before.algorithm) {
    const auto values = co_await contents_.digest(pieces_of(source->parts, 0, copy.size), {algorithm});
    if (!values) co_return std::unexpected(values.error());
    copy.etag = wire::hex_encode(values->md5);
    copy.traits.checksum->value = wire::base64_encode(values->of(algorithm));
  }
  // Reading may have taken time: neither end may have gone.
  bucket = open_bucket(request);
  if (!bucket) co_return std::unexpected(bucket.error());
  if (!is_still(*source)) co_return no_such_key(source->object.key);
  if (auto holds = check_write(request.headers(), current(catalog_.find_object(*bucket, request.key)), request.key);
      !holds) {
    co_return std::unexpected(holds.error());
  }
  copy.modified = now();
  {
    ContentStore::Change change(contents_);
    std::vector<Part> parts = source->parts;
    if (received) {
      parts = {Part{0, change.add(*std::move(received)), copy.size, {}, {}, {}}};
    } else {
      for (Part& part : parts) {
        change.retain(part.content);
        part.checksum.clear();
      }
    }
    catalog_.put_object(change, *bucket, copy, parts);
    catalog_.set_guard(copy, with_default(*guard, *bucket, copy.modified));
    notify(request, *bucket, "ObjectCreated:Copy", copy);
    change.commit();
  }
  auto response = xml_answer(copy_document("CopyObjectResult", copy));
  add_encryption(response, *key);
  if (source->object.version != k_null_version) {
    response.headers.add("x-amz-copy-source-version-id", source->object.version);
  }
  add_version(response, *bucket, copy);
  add_expiration(response, *bucket, copy);
  co_return response;
}

// Tags ----------------------------------------------------------------------------------------------------------------

Operations::Answer Operations::get_object_tagging(const Request& request) {
  const std::string version = request.parameter_or("versionId");
  const auto bucket = allowed_key(request, version.empty() ? "GetObjectTagging" : "GetObjectVersionTagging");
  if (!bucket) return std::unexpected(bucket.error());
  const auto object = existing_object(request, *bucket, request.key, version);
  if (!object) return std::unexpected(with_bucket(object.error(), bucket->name));
  auto response = xml_answer(tag_document(object->traits.tags));
  add_version(response, *bucket, *object);
  return response;
}

Task<Operations::Answer> Operations::put_object_tagging(Request& request) {
  auto body = co_await read_body(request, k_max_document);
  if (!body) co_return std::unexpected(body.error());
  const auto tags = read_tag_document(*body, k_max_object_tags, false);
  const std::string version = request.parameter_or("versionId");
  const auto bucket = allowed_key(request, version.empty() ? "PutObjectTagging" : "PutObjectVersionTagging",
                                  upload_context(request, tags.value_or(Tags())));
  if (!bucket) co_return std::unexpected(bucket.error());
  const auto object = existing_object(request, *bucket, request.key, version);
  if (!object) co_return std::unexpected(object.error());
  if (!tags) co_return std::unexpected(tags.error());
  {
    ContentStore::Change change(contents_);
    catalog_.set_tags(*object, *tags);
    notify(request, *bucket, "ObjectTagging:Put", *object);
    change.commit();
  }
  auto response = empty_answer(200);
  add_version(response, *bucket, *object);
  co_return response;
}

Operations::Answer Operations::delete_object_tagging(const Request& request) {
  const std::string version = request.parameter_or("versionId");
  const auto bucket = allowed_key(request, version.empty() ? "DeleteObjectTagging" : "DeleteObjectVersionTagging");
  if (!bucket) return std::unexpected(bucket.error());
  const auto object = existing_object(request, *bucket, request.key, version);
  if (!object) return std::unexpected(object.error());
  {
    ContentStore::Change change(contents_);
    catalog_.set_tags(*object, {});
    notify(request, *bucket, "ObjectTagging:Delete", *object);
    change.commit();
  }
  auto response = empty_answer(204);
  add_version(response, *bucket, *object);
  return response;
}

}  // namespace sortie::emulator::s3
