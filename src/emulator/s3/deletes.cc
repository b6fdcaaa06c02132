#include <fmt/format.h>

#include "emulator/s3/operations.h"
#include "emulator/s3/version_id.h"
#include "wire/xml.h"

/// DeleteObject, DeleteObjects.
namespace sortie::emulator::s3 {
namespace {

constexpr std::size_t k_max_keys = 1000;

}  // namespace

AwsResult<Operations::Removal> Operations::remove(const Request& request, const Bucket& bucket, const Target& target) {
  const auto& [key, version, etag] = target;
  const auto action = version.empty() ? "DeleteObject" : "DeleteObjectVersion";
  Context context;
  if (!version.empty()) context.emplace_back("s3:VersionId", version);
  if (auto allowed = allow(request, bucket, action, key, std::move(context)); !allowed) {
    return std::unexpected(allowed.error());
  }
  const auto object = catalog_.find_object(bucket, key, version);
  http::Headers condition;
  if (!etag.empty()) condition.add("If-Match", etag);
  if (auto holds = check_write(condition, current(object), key); !holds) return std::unexpected(holds.error());
  if (!version.empty() && !object) {
    // One that is gone is gone; one that never was is not known.
    if (version != k_null_version && !sequence_of(version)) return no_such_version(key, version);
    return Removal{version, false, false};
  }
  ContentStore::Change change(contents_);
  Removal removal;
  if (!version.empty()) {
    if (auto free = check_removable(request, bucket, *object); !free) return std::unexpected(free.error());
    catalog_.remove_version(change, bucket, *object);
    notify(request, bucket, "ObjectRemoved:Delete", *object);
    removal = {object->version, object->marker, false};
  } else if (bucket.versioning == Versioning::never) {
    if (object) {
      catalog_.remove_version(change, bucket, *object);
      notify(request, bucket, "ObjectRemoved:Delete", *object);
    }
  } else {
    Object marker;
    marker.key = key;
    marker.marker = true;
    marker.modified = now();
    catalog_.put_object(change, bucket, marker, {});
    notify(request, bucket, "ObjectRemoved:DeleteMarkerCreated", marker);
    removal = {marker.version, true, true};
  }
  change.commit();
  return removal;
}

Operations::Answer Operations::delete_object(const Request& request) {
  for (const auto* name : {"x-amz-if-match-last-modified-time", "x-amz-if-match-size"}) {
    if (request.headers().contains(name)) return header_not_implemented(name);
  }
  const auto bucket = open_bucket(request);
  if (!bucket) return std::unexpected(bucket.error());
  if (auto sensible = check_bypass_header(request, *bucket); !sensible) return std::unexpected(sensible.error());
  const auto removal = remove(
      request, *bucket, {request.key, request.parameter_or("versionId"), std::string(request.header("if-match"))});
  if (!removal) return std::unexpected(removal.error());
  auto response = empty_answer(204);
  if (removal->marker) response.headers.add("x-amz-delete-marker", "true");
  if (!removal->version.empty()) response.headers.add("x-amz-version-id", removal->version);
  return response;
}

Task<Operations::Answer> Operations::delete_objects(Request& request) {
  if (auto there = check_digest_sent(request, "Content-MD5"); !there) co_return std::unexpected(there.error());
  auto body = co_await read_body(request, k_max_document);
  if (!body) co_return std::unexpected(body.error());
  const auto bucket = open_bucket(request);
  if (!bucket) co_return std::unexpected(bucket.error());
  if (auto sensible = check_bypass_header(request, *bucket); !sensible) co_return std::unexpected(sensible.error());
  const auto document = wire::XmlDocument::parse(*body);
  if (!document || document->root().name() != "Delete") co_return malformed_xml();
  const auto objects = document->root().children("Object");
  if (objects.empty() || objects.size() > k_max_keys) co_return malformed_xml();
  const bool quiet = document->root().child_text("Quiet") == "true";

  wire::XmlWriter xml;
  xml.open("DeleteResult", k_xmlns);
  for (const auto& object : objects) {
    const std::string key = object.child_text("Key");
    const std::string version = object.child_text("VersionId");
    if (key.empty()) co_return malformed_xml();
    const auto removal = remove(request, *bucket, {key, version, object.child_text("ETag")});
    if (!removal) {
      xml.open("Error").element("Key", key);
      if (!version.empty()) xml.element("VersionId", version);
      xml.element("Code", removal.error().code).element("Message", removal.error().message).close();
      continue;
    }
    if (quiet) continue;
    xml.open("Deleted").element("Key", key);
    if (!version.empty()) xml.element("VersionId", version);
    if (removal->marker) xml.element("DeleteMarker", true).element("DeleteMarkerVersionId", removal->version);
    xml.close();
  }
  co_return xml_answer(xml.finish());
}

}  // namespace sortie::emulator::s3
