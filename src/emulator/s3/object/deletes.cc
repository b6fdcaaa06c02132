#include <fmt/format.h>

#include "emulator/s3/bucket/bucket_notifications.h"
#include "emulator/s3/object/locks.h"
#include "emulator/s3/object/object_answers.h"
#include "emulator/s3/object/rows.h"
#include "emulator/s3/protocol/body.h"
#include "emulator/s3/store/version_id.h"

/// DeleteObject, DeleteObjects.
namespace sortie::emulator::s3 {
namespace {

constexpr std::size_t k_max_keys = 1000;

struct Target {
  std::string key;
  std::string version;  ///< empty: the newest
  std::string etag;     ///< the condition of the removal, empty for none
};

struct Removal {
  std::string version;  ///< of the version or marker that was removed or made; empty outside versioned buckets
  bool marker = false;  ///< a marker was removed or made
};

AwsResult<void> check_condition(const Target& target, const std::optional<Object>& object) {
  http::Headers condition;
  if (!target.etag.empty()) condition.add("If-Match", target.etag);
  return check_write(condition, validators_of(object), target.key);
}

void remove_version(const Operation& operation, const Bucket& bucket, const Object& object) {
  ContentStore::Change change(operation.contents);
  operation.catalog.remove_version(change, bucket, object);
  operation.notifications.send(operation.request, bucket, "ObjectRemoved:Delete", object);
  change.commit();
}

Removal add_marker(const Operation& operation, const Bucket& bucket, const std::string& key) {
  Object marker;
  marker.key = key;
  marker.marker = true;
  marker.modified = operation.now();
  ContentStore::Change change(operation.contents);
  operation.catalog.put_object(change, bucket, marker, {});
  operation.notifications.send(operation.request, bucket, "ObjectRemoved:DeleteMarkerCreated", marker);
  change.commit();
  return {marker.version, true};
}

/// Removes a version, or without one hides or removes the newest.
AwsResult<Removal> remove(const Operation& operation, const Bucket& bucket, const Target& target) {
  const auto& [key, version, etag] = target;
  ContextKeys context;
  if (!version.empty()) context.emplace_back("s3:VersionId", version);
  const auto action = version.empty() ? "DeleteObject" : "DeleteObjectVersion";
  RETURN_IF_ERROR(operation.allow(bucket, action, key, std::move(context)));
  const auto object = operation.catalog.find_object(bucket, key, version);
  RETURN_IF_ERROR(check_condition(target, object));
  if (version.empty() && bucket.versioning != Versioning::never) return add_marker(operation, bucket, key);
  if (version.empty()) {
    if (object) remove_version(operation, bucket, *object);
    return Removal{};
  }
  // A version that was deleted before is no error; an id that never existed is.
  if (!object && version != k_null_version && !sequence_of(version)) return no_such_version(key, version);
  if (!object) return Removal{version, false};
  RETURN_IF_ERROR(check_removable(operation, bucket, *object));
  remove_version(operation, bucket, *object);
  return Removal{object->version, object->marker};
}

Answer delete_object(Operation& operation) {
  const Request& request = operation.request;
  for (const auto* name : {"x-amz-if-match-last-modified-time", "x-amz-if-match-size"}) {
    if (request.headers().contains(name)) return header_not_implemented(name);
  }
  ASSIGN_OR_RETURN(const auto bucket, open_bucket(operation));
  RETURN_IF_ERROR(check_bypass_header(operation, bucket));
  const Target target{request.key, request.parameter_or("versionId"), std::string(request.header("if-match"))};
  ASSIGN_OR_RETURN(const auto removal, remove(operation, bucket, target));
  auto response = empty_answer(204);
  if (removal.marker) response.headers.add("x-amz-delete-marker", "true");
  if (!removal.version.empty()) response.headers.add("x-amz-version-id", removal.version);
  return response;
}

/// Removes one of many and says what came of it; `quiet`: only of what went wrong.
void remove_one(wire::XmlWriter& xml, const Operation& operation, const Bucket& bucket, const Target& target,
                bool quiet) {
  const auto removal = remove(operation, bucket, target);
  if (!removal) {
    xml.open("Error").element("Key", target.key);
    if (!target.version.empty()) xml.element("VersionId", target.version);
    xml.element("Code", removal.error().code).element("Message", removal.error().message).close();
    return;
  }
  if (quiet) return;
  xml.open("Deleted").element("Key", target.key);
  if (!target.version.empty()) xml.element("VersionId", target.version);
  if (removal->marker) xml.element("DeleteMarker", true).element("DeleteMarkerVersionId", removal->version);
  xml.close();
}

Task<Answer> delete_objects(Operation& operation) {
  CO_RETURN_IF_ERROR(check_digest_sent(operation.request, "Content-MD5"));
  ASSIGN_OR_CO_RETURN(const auto body, co_await read_body(operation.request, k_max_document));
  ASSIGN_OR_CO_RETURN(const auto bucket, open_bucket(operation));
  CO_RETURN_IF_ERROR(check_bypass_header(operation, bucket));
  ASSIGN_OR_CO_RETURN(const auto document, parse_document(body, "Delete"));
  const auto objects = document.root().children("Object");
  if (objects.empty() || objects.size() > k_max_keys) co_return malformed_xml();
  const bool quiet = document.root().child_text("Quiet") == "true";
  wire::XmlWriter xml;
  xml.open("DeleteResult", k_xmlns);
  for (const auto& object : objects) {
    const Target target{object.child_text("Key"), object.child_text("VersionId"), object.child_text("ETag")};
    if (target.key.empty()) co_return malformed_xml();
    remove_one(xml, operation, bucket, target, quiet);
  }
  co_return xml_answer(xml.finish());
}

constexpr Row k_rows[] = {
    {"DeleteObject", at_once<delete_object>, on_object("DELETE")},
    {"DeleteObjects", delete_objects, on_bucket("POST", "delete")},
};

}  // namespace

std::span<const Row> delete_operations() {
  return k_rows;
}

}  // namespace sortie::emulator::s3
