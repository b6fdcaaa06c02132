#include <fmt/format.h>

#include "emulator/s3/object/locks.h"
#include "emulator/s3/object/rows.h"
#include "emulator/s3/protocol/body.h"
#include "emulator/s3/protocol/object_lock.h"

/// GetObjectRetention, PutObjectRetention, GetObjectLegalHold, PutObjectLegalHold.
namespace sortie::emulator::s3 {
namespace {

Failure missing_configuration() {
  return invalid_request("Bucket is missing Object Lock Configuration");
}

Failure no_lock_of_object() {
  return s3_fail(404, "NoSuchObjectLockConfiguration", "The specified object does not have a ObjectLock configuration");
}

struct Locked {
  Bucket bucket;
  Object object;
  ObjectProtection protection;
};

/// The object, in a bucket that has object lock, for an action that is allowed.
AwsResult<Locked> locked_object(const Operation& operation, std::string_view action, ContextKeys context = {}) {
  ASSIGN_OR_RETURN(auto bucket, allowed_key(operation, action, std::move(context)));
  if (!has_object_lock(operation, bucket)) return missing_configuration();
  ASSIGN_OR_RETURN(auto object, existing_object(operation, bucket, operation.request.key,
                                                operation.request.parameter_or("versionId")));
  ObjectProtection protection = operation.catalog.protections().of(object);
  return Locked{std::move(bucket), std::move(object), std::move(protection)};
}

Answer get_object_retention(Operation& operation) {
  ASSIGN_OR_RETURN(const auto found, locked_object(operation, "GetObjectRetention"));
  if (!found.protection.lock.retention) return no_lock_of_object();
  return xml_answer(retention_document(*found.protection.lock.retention));
}

Task<Answer> put_object_retention(Operation& operation) {
  CO_RETURN_IF_ERROR(check_digest_sent(operation.request, k_lock_digests));
  ASSIGN_OR_CO_RETURN(auto body, co_await read_body(operation.request, k_max_document));
  const auto wanted = read_retention(body, operation.now());
  const ContextKeys context = lock_context({wanted.value_or(std::nullopt), {}}, operation.now());
  ASSIGN_OR_CO_RETURN(auto found, locked_object(operation, "PutObjectRetention", context));
  CO_RETURN_IF_ERROR(wanted);
  ASSIGN_OR_CO_RETURN(const auto bypass, bypasses_governance(operation, found.bucket, operation.request.key, context));
  if (forbids_retention(found.protection.lock, *wanted, operation.now(), bypass)) co_return is_locked();
  found.protection.lock.retention = *wanted;
  operation.catalog.protections().set(found.object, found.protection);
  co_return empty_answer(200);
}

Answer get_object_legal_hold(Operation& operation) {
  ASSIGN_OR_RETURN(const auto found, locked_object(operation, "GetObjectLegalHold"));
  if (found.protection.lock.legal_hold.empty()) return no_lock_of_object();
  return xml_answer(legal_hold_document(found.protection.lock.legal_hold));
}

Task<Answer> put_object_legal_hold(Operation& operation) {
  CO_RETURN_IF_ERROR(check_digest_sent(operation.request, k_lock_digests));
  ASSIGN_OR_CO_RETURN(auto body, co_await read_body(operation.request, k_max_document));
  const auto status = read_legal_hold(body);
  ASSIGN_OR_CO_RETURN(auto found, locked_object(operation, "PutObjectLegalHold",
                                                lock_context({{}, status.value_or("")}, operation.now())));
  CO_RETURN_IF_ERROR(status);
  found.protection.lock.legal_hold = *status;
  operation.catalog.protections().set(found.object, found.protection);
  co_return empty_answer(200);
}

constexpr Row k_rows[] = {
    {"GetObjectRetention", at_once<get_object_retention>, on_object("GET", "retention")},
    {"PutObjectRetention", put_object_retention, on_object("PUT", "retention")},
    {"GetObjectLegalHold", at_once<get_object_legal_hold>, on_object("GET", "legal-hold")},
    {"PutObjectLegalHold", put_object_legal_hold, on_object("PUT", "legal-hold")},
};

}  // namespace

std::span<const Row> lock_operations() {
  return k_rows;
}

}  // namespace sortie::emulator::s3
