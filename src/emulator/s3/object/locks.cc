#include "emulator/s3/object/locks.h"

#include <fmt/format.h>

#include "emulator/s3/protocol/object_lock.h"
#include "wire/date.h"

namespace sortie::emulator::s3 {
namespace {

constexpr std::string_view k_bypass = "x-amz-bypass-governance-retention";

bool asks_for_bypass(const Request& request) {
  return http::iequals(request.header(k_bypass), "true");
}

AwsResult<ObjectLock> requested_lock(const Operation& operation, const Bucket& bucket, const ContextKeys& context) {
  const Request& request = operation.request;
  if (!has_lock_headers(request.headers())) return ObjectLock();
  ASSIGN_OR_RETURN(auto lock, read_lock_headers(request.headers(), operation.now()));
  for (const auto& [there, needed] : {std::pair(lock.retention.has_value(), "PutObjectRetention"),
                                      std::pair(!lock.legal_hold.empty(), "PutObjectLegalHold")}) {
    if (!there) continue;
    RETURN_IF_ERROR(operation.allow(bucket, needed, request.key, context));
  }
  if (!has_object_lock(operation, bucket)) return invalid_request("Bucket is missing ObjectLockConfiguration");
  if (!request.call.signature_version.starts_with("AWS4")) {
    return s3_fail(400, "InvalidArgument",
                   "Put Object requests with Object Lock parameters require AWS Signature Version 4",
                   {{"ArgumentName", "Authorization"}});
  }
  return lock;
}

}  // namespace

Failure is_locked() {
  return s3_fail(403, "AccessDenied", "Access Denied because object protected by object lock.");
}

bool has_object_lock(const Operation& operation, const Bucket& bucket) {
  return operation.catalog.config(bucket, "object-lock").has_value();
}

AwsResult<ObjectProtection> requested_protection(const Operation& operation, const Bucket& bucket,
                                                 std::string_view action, const ContextKeys& context) {
  ObjectProtection protection;
  ASSIGN_OR_RETURN(protection.lock, requested_lock(operation, bucket, context));
  ASSIGN_OR_RETURN(protection.access_list, operation.access.requested_acl(operation.request, bucket, action, context));
  return protection;
}

AwsResult<void> check_lock_digest(const Operation& operation, const Bucket& bucket, const ObjectProtection& protection,
                                  const DigestDemand& demand, std::string_view what) {
  if (demand.content_md5 || demand.algorithm) return {};
  if (protection.lock.empty() && !default_retention_of(operation.catalog.config(bucket, "object-lock").value_or("")))
    return {};
  return invalid_request(fmt::format(
      "Content-MD5 OR x-amz-checksum- HTTP header is required for Put {} requests with Object Lock parameters", what));
}

ObjectProtection with_default(const Operation& operation, ObjectProtection protection, const Bucket& bucket,
                              SystemTime created) {
  if (protection.lock.retention) return protection;
  const auto rule = default_retention_of(operation.catalog.config(bucket, "object-lock").value_or(""));
  if (rule) protection.lock.retention = rule->from(created);
  return protection;
}

void add_lock(http::Response& response, const Operation& operation, const Bucket& bucket, const Object& object) {
  if (!has_object_lock(operation, bucket)) return;
  const ObjectLock lock = operation.catalog.protections().of(object).lock;
  if (lock.retention && operation.allow(bucket, "GetObjectRetention", object.key)) {
    response.headers.add("x-amz-object-lock-mode", std::string(to_string(lock.retention->mode)));
    response.headers.add("x-amz-object-lock-retain-until-date", wire::format_iso8601_millis(lock.retention->until));
  }
  if (!lock.legal_hold.empty() && operation.allow(bucket, "GetObjectLegalHold", object.key)) {
    response.headers.add("x-amz-object-lock-legal-hold", lock.legal_hold);
  }
}

AwsResult<void> check_bypass_header(const Operation& operation, const Bucket& bucket) {
  if (!operation.request.headers().contains(k_bypass) || has_object_lock(operation, bucket)) return {};
  return s3_fail(400, "InvalidArgument",
                 "x-amz-bypass-governance-retention is only applicable to Object Lock enabled buckets.",
                 {{"ArgumentName", std::string(k_bypass)}});
}

AwsResult<void> check_removable(const Operation& operation, const Bucket& bucket, const Object& object) {
  ASSIGN_OR_RETURN(const auto bypass,
                   bypasses_governance(operation, bucket, object.key, {{"s3:VersionId", object.version}}));
  if (object.marker || !forbids_removal(operation.catalog.protections().of(object).lock, operation.now(), bypass))
    return {};
  return is_locked();
}

AwsResult<bool> bypasses_governance(const Operation& operation, const Bucket& bucket, const std::string& key,
                                    const ContextKeys& context) {
  if (!asks_for_bypass(operation.request)) return false;
  RETURN_IF_ERROR(operation.allow(bucket, "BypassGovernanceRetention", key, context));
  return true;
}

}  // namespace sortie::emulator::s3
