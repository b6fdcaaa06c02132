#include <fmt/format.h>

#include "emulator/s3/access/bucket_policy.h"
#include "emulator/s3/bucket/rows.h"
#include "emulator/s3/protocol/body.h"
#include "wire/xml.h"

/// GetBucketPolicy, PutBucketPolicy, DeleteBucketPolicy, GetBucketPolicyStatus.
namespace sortie::emulator::s3 {
namespace {

constexpr std::size_t k_max_policy = 20 * 1024;

Answer get_bucket_policy(Operation& operation) {
  ASSIGN_OR_RETURN(const auto bucket, allowed_bucket(operation, "GetBucketPolicy"));
  const auto policy = operation.catalog.config(bucket, "policy");
  if (!policy) {
    return s3_fail(404, "NoSuchBucketPolicy", "The bucket policy does not exist", {{"BucketName", bucket.name}});
  }
  http::Response response;
  response.headers.add("Content-Type", "application/json");
  response.body = operation.access.shown_policy(*policy);
  return response;
}

Task<Answer> put_bucket_policy(Operation& operation) {
  ASSIGN_OR_CO_RETURN(const auto body, co_await read_body(operation.request, k_max_document));
  ASSIGN_OR_CO_RETURN(const auto bucket, allowed_bucket(operation, "PutBucketPolicy"));
  if (body.size() > k_max_policy) {
    co_return s3_fail(400, "PolicyTooLarge", "Your policy exceeds the maximum allowed document size.");
  }
  CO_RETURN_IF_ERROR(operation.access.check_policy(operation.request, bucket, body));
  operation.catalog.set_config(bucket, "policy", operation.access.stored_policy(body));
  co_return empty_answer(204);
}

Answer delete_bucket_policy(Operation& operation) {
  ASSIGN_OR_RETURN(const auto bucket, allowed_bucket(operation, "DeleteBucketPolicy"));
  operation.catalog.set_config(bucket, "policy", std::nullopt);
  return empty_answer(204);
}

Answer get_bucket_policy_status(Operation& operation) {
  ASSIGN_OR_RETURN(const auto bucket, allowed_bucket(operation, "GetBucketPolicyStatus"));
  const auto policy = operation.catalog.config(bucket, "policy");
  if (!policy) {
    return s3_fail(404, "NoSuchBucketPolicy", "The bucket policy does not exist", {{"BucketName", bucket.name}});
  }
  wire::XmlWriter xml;
  xml.open("PolicyStatus", k_xmlns).element("IsPublic", is_public_policy(*policy));
  return xml_answer(xml.finish());
}

constexpr Row k_rows[] = {
    {"GetBucketPolicy", at_once<get_bucket_policy>, on_setting("GET", "policy")},
    {"PutBucketPolicy", put_bucket_policy, on_setting("PUT", "policy")},
    {"DeleteBucketPolicy", at_once<delete_bucket_policy>, on_setting("DELETE", "policy")},
    {"GetBucketPolicyStatus", at_once<get_bucket_policy_status>, on_setting("GET", "policyStatus")},
};

}  // namespace

std::span<const Row> bucket_policy_operations() {
  return k_rows;
}

}  // namespace sortie::emulator::s3
