#include "emulator/s3/object/object_answers.h"

#include "emulator/core/random.h"
#include "emulator/s3/bucket/expiry.h"
#include "wire/checksum.h"

namespace sortie::emulator::s3 {

std::string make_opaque_etag() {
  return wire::hex_encode(random_bytes(16));
}

void add_checksum(http::Response& response, const ObjectChecksum& checksum) {
  response.headers.add(std::string(wire::checksum_header(checksum.algorithm)), checksum.value);
  response.headers.add("x-amz-checksum-type", checksum.composite ? "COMPOSITE" : "FULL_OBJECT");
}

void add_version(http::Response& response, const Bucket& bucket, const Object& object) {
  if (bucket.versioning != Versioning::never) response.headers.add("x-amz-version-id", object.version);
}

void add_expiration(http::Response& response, const Operation& operation, const Bucket& bucket, const Object& object) {
  const auto expiration = expiration_of(operation.catalog.config(bucket, "lifecycle").value_or(""), object);
  if (expiration) response.headers.add("x-amz-expiration", *expiration);
}

std::optional<Validators> validators_of(const std::optional<Object>& object) {
  if (!object || object->marker) return std::nullopt;
  return Validators{object->etag, object->modified};
}

AwsResult<void> check_write_conditions(const Operation& operation, const Bucket& bucket) {
  const std::string& key = operation.request.key;
  const auto object = operation.catalog.find_object(bucket, key);
  return check_write(operation.request.headers(), validators_of(object), key);
}

}  // namespace sortie::emulator::s3
