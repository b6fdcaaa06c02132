#include "emulator/s3/object/copy_origin.h"

#include "emulator/s3/object/reads.h"
#include "emulator/s3/protocol/conditions.h"

namespace sortie::emulator::s3 {

AwsResult<CopyOrigin> read_copy_origin(const Operation& operation) {
  const Request& request = operation.request;
  ASSIGN_OR_RETURN(const auto named, read_copy_source(request.header("x-amz-copy-source")));
  auto bucket = operation.catalog.find_bucket(named.bucket);
  if (!bucket) return no_such_bucket(named.bucket);
  const bool of_version = !named.version.empty();
  ContextKeys context;
  if (of_version) context.emplace_back("s3:VersionId", named.version);
  RETURN_IF_ERROR(operation.allow(*bucket, of_version ? "GetObjectVersion" : "GetObject", named.key, context));
  auto object = existing_object(operation, *bucket, named.key, named.version);
  if (!object && object.error().code == "MethodNotAllowed") {
    return invalid_request("The source of a copy request may not specifically refer to a delete marker by version id.");
  }
  RETURN_IF_ERROR(object);
  ASSIGN_OR_RETURN(auto key, object_key(operation, *object, KeyHeaders::copy_source));
  RETURN_IF_ERROR(check_copy_source(request.headers(), {object->etag, object->modified}, operation.now()));
  const std::string& storage_class = object->traits.storage_class;
  if (is_archived(storage_class)) {
    return s3_fail(403, "InvalidObjectState", "Operation is not valid for the source object's storage class",
                   {{"StorageClass", storage_class}});
  }
  auto parts = operation.catalog.parts(*object);
  return CopyOrigin{*std::move(bucket), *std::move(object), std::move(parts), std::move(key)};
}

bool is_unchanged(const Operation& operation, const CopyOrigin& origin) {
  const auto object = operation.catalog.find_object(origin.bucket, origin.object.key, origin.object.version);
  return object && object->sequence == origin.object.sequence;
}

void add_origin_version(http::Response& response, const CopyOrigin& origin) {
  if (origin.object.version == k_null_version) return;
  response.headers.add("x-amz-copy-source-version-id", origin.object.version);
}

}  // namespace sortie::emulator::s3
