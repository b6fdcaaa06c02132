#include "emulator/s3/object/put.h"

#include <fmt/format.h>

#include <algorithm>

#include "emulator/s3/bucket/bucket_notifications.h"
#include "emulator/s3/object/locks.h"
#include "emulator/s3/object/object_answers.h"
#include "emulator/s3/object/rows.h"
#include "wire/checksum.h"

namespace sortie::emulator::s3 {
namespace {

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

/// What is known of an upload before its bytes.
struct PutRequest {
  std::optional<CustomerKey> key;
  ObjectTraits traits;
  ObjectProtection protection;
  DigestDemand demand;
  SizeRange size;

  [[nodiscard]] ChecksumAlgorithm algorithm() const { return demand.algorithm.value_or(ChecksumAlgorithm::crc64nvme); }
};

AwsResult<ContextKeys> allow_put(const Operation& operation, const Bucket& bucket) {
  const Request& request = operation.request;
  const auto tags = read_tag_header(request.header("x-amz-tagging"));
  ContextKeys context = upload_context(request, tags.value_or(Tags()), operation.now());
  RETURN_IF_ERROR(operation.allow(bucket, "PutObject", request.key, context));
  if (request.headers().contains("x-amz-tagging")) {
    RETURN_IF_ERROR(operation.allow(bucket, "PutObjectTagging", request.key, context));
  }
  return context;
}

AwsResult<PutRequest> read_put(const Operation& operation, const Bucket& bucket, const ContextKeys& context) {
  const Request& request = operation.request;
  PutRequest put;
  ASSIGN_OR_RETURN(put.key, read_customer_key(request.headers()));
  ASSIGN_OR_RETURN(put.traits, read_traits(request.headers()));
  ASSIGN_OR_RETURN(put.protection, requested_protection(operation, bucket, "PutObject", context));
  ASSIGN_OR_RETURN(put.demand, read_digest_demand(request.headers()));
  RETURN_IF_ERROR(check_lock_digest(operation, bucket, put.protection, put.demand, "Object"));
  const auto length = request.call.request.body.length();
  if (!length && !request.call.form) {
    return s3_fail(411, "MissingContentLength", "You must provide the Content-Length HTTP header.");
  }
  put.size = {request.size.least, std::min(request.size.most, k_max_upload)};
  RETURN_IF_ERROR(check_size(length, put.size));
  return put;
}

Object keep(const Operation& operation, const Bucket& bucket, PutRequest put, Received received) {
  const Request& request = operation.request;
  Object object;
  object.key = request.key;
  object.size = received.size;
  object.etag = put.key ? make_opaque_etag() : wire::hex_encode(received.digests.md5);
  object.modified = operation.now();
  object.traits = std::move(put.traits);
  object.traits.set_sealed(put.key.has_value());
  object.traits.checksum =
      ObjectChecksum{put.algorithm(), wire::base64_encode(received.digests.of(put.algorithm())), false};
  ContentStore::Change change(operation.contents);
  const Part part{0, change.add(std::move(received)), object.size, {}, {}, {}};
  operation.catalog.put_object(change, bucket, object, {part});
  operation.catalog.protections().set(object,
                                      with_default(operation, std::move(put.protection), bucket, object.modified));
  operation.notifications.send(request, bucket, request.call.form ? "ObjectCreated:Post" : "ObjectCreated:Put", object);
  change.commit();
  return object;
}

constexpr Row k_rows[] = {
    {"PutObject", put_object, on_object("PUT"), "KMS encryption, appending"},
};

}  // namespace

Task<Answer> put_object(Operation& operation) {
  Request& request = operation.request;
  ASSIGN_OR_CO_RETURN(auto bucket, open_bucket(operation));
  ASSIGN_OR_CO_RETURN(const auto context, allow_put(operation, bucket));
  ASSIGN_OR_CO_RETURN(auto put, read_put(operation, bucket, context));
  // Before the body to spare the upload, and again behind it: the object may have changed meanwhile.
  CO_RETURN_IF_ERROR(check_write_conditions(operation, bucket));
  ASSIGN_OR_CO_RETURN(auto received, co_await operation.contents.receive(std::move(request.call.request.body),
                                                                         {put.algorithm()}, k_max_upload, put.key));
  CO_RETURN_IF_ERROR(check_size(received.size, put.size));
  CO_RETURN_IF_ERROR(check_digests(put.demand, received.digests, request.call.trailers.get()));
  ASSIGN_OR_CO_RETURN(bucket, open_bucket(operation));
  CO_RETURN_IF_ERROR(check_write_conditions(operation, bucket));

  const auto key = put.key;
  const Object object = keep(operation, bucket, std::move(put), std::move(received));
  auto response = empty_answer(200);
  response.headers.add("ETag", in_quotes(object.etag));
  add_encryption(response, key);
  add_checksum(response, *object.traits.checksum);
  add_version(response, bucket, object);
  add_expiration(response, operation, bucket, object);
  co_return response;
}

std::span<const Row> put_operations() {
  return k_rows;
}

}  // namespace sortie::emulator::s3
