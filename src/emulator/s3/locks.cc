#include <fmt/format.h>

#include "emulator/s3/object_lock.h"
#include "emulator/s3/operations.h"
#include "wire/date.h"

/// GetObjectRetention, PutObjectRetention, GetObjectLegalHold, PutObjectLegalHold, and what locks mean to uploads,
/// reads and deletions.
namespace sortie::emulator::s3 {
namespace {

constexpr std::string_view k_bypass = "x-amz-bypass-governance-retention";

Failure missing_configuration() {
  return invalid_request("Bucket is missing Object Lock Configuration");
}

Failure no_lock_of_object() {
  return s3_fail(404, "NoSuchObjectLockConfiguration", "The specified object does not have a ObjectLock configuration");
}

Failure is_locked() {
  return s3_fail(403, "AccessDenied", "Access Denied because object protected by object lock.");
}

bool asks_for_bypass(const Request& request) {
  return http::iequals(request.header(k_bypass), "true");
}

}  // namespace

bool Operations::has_object_lock(const Bucket& bucket) {
  return catalog_.config(bucket, "object-lock").has_value();
}

// Uploads -------------------------------------------------------------------------------------------------------------

AwsResult<Guard> Operations::asked_guard(const Request& request, const Bucket& bucket, std::string_view action,
                                         const Context& context) {
  Guard guard;
  if (has_lock_headers(request.headers())) {
    auto lock = read_lock_headers(request.headers(), now());
    if (!lock) return std::unexpected(lock.error());
    for (const auto& [there, needed] : {std::pair(lock->retention.has_value(), "PutObjectRetention"),
                                        std::pair(!lock->legal_hold.empty(), "PutObjectLegalHold")}) {
      if (!there) continue;
      if (auto allowed = allow(request, bucket, needed, request.key, context); !allowed) {
        return std::unexpected(allowed.error());
      }
    }
    if (!has_object_lock(bucket)) return invalid_request("Bucket is missing ObjectLockConfiguration");
    if (!request.call.signature_version.starts_with("AWS4")) {
      return s3_fail(400, "InvalidArgument",
                     "Put Object requests with Object Lock parameters require AWS Signature Version 4",
                     {{"ArgumentName", "Authorization"}});
    }
    guard.lock = *std::move(lock);
  }
  auto list = asked_list(request, bucket, action, context);
  if (!list) return std::unexpected(list.error());
  guard.access_list = *std::move(list);
  return guard;
}

AwsResult<void> Operations::check_lock_digest(const Bucket& bucket, const Guard& guard, const DigestDemand& demand,
                                              std::string_view what) {
  if (demand.content_md5 || demand.algorithm) return {};
  if (guard.lock.empty() && !default_retention_of(catalog_.config(bucket, "object-lock").value_or(""))) return {};
  return invalid_request(fmt::format(
      "Content-MD5 OR x-amz-checksum- HTTP header is required for Put {} requests with Object Lock parameters", what));
}

Guard Operations::with_default(Guard guard, const Bucket& bucket, SystemTime created) {
  if (guard.lock.retention) return guard;
  const auto rule = default_retention_of(catalog_.config(bucket, "object-lock").value_or(""));
  if (rule) guard.lock.retention = rule->from(created);
  return guard;
}

// Reads and deletions -------------------------------------------------------------------------------------------------

void Operations::add_lock(http::Response& response, const Request& request, const Bucket& bucket,
                          const Object& object) {
  if (!has_object_lock(bucket)) return;
  const ObjectLock lock = catalog_.guard(object).lock;
  if (lock.retention && allow(request, bucket, "GetObjectRetention", object.key)) {
    response.headers.add("x-amz-object-lock-mode", std::string(to_string(lock.retention->mode)));
    response.headers.add("x-amz-object-lock-retain-until-date", wire::format_iso8601_millis(lock.retention->until));
  }
  if (!lock.legal_hold.empty() && allow(request, bucket, "GetObjectLegalHold", object.key)) {
    response.headers.add("x-amz-object-lock-legal-hold", lock.legal_hold);
  }
}

AwsResult<void> Operations::check_bypass_header(const Request& request, const Bucket& bucket) {
  if (!request.headers().contains(k_bypass) || has_object_lock(bucket)) return {};
  return s3_fail(400, "InvalidArgument",
                 "x-amz-bypass-governance-retention is only applicable to Object Lock enabled buckets.",
                 {{"ArgumentName", std::string(k_bypass)}});
}

AwsResult<bool> Operations::bypasses(const Request& request, const Bucket& bucket, const std::string& key,
                                     const Context& context) {
  if (!asks_for_bypass(request)) return false;
  if (auto allowed = allow(request, bucket, "BypassGovernanceRetention", key, context); !allowed) {
    return std::unexpected(allowed.error());
  }
  return true;
}

AwsResult<void> Operations::check_removable(const Request& request, const Bucket& bucket, const Object& object) {
  const auto bypass = bypasses(request, bucket, object.key, {{"s3:VersionId", object.version}});
  if (!bypass) return std::unexpected(bypass.error());
  if (object.marker || !forbids_removal(catalog_.guard(object).lock, now(), *bypass)) return {};
  return is_locked();
}

// The operations ------------------------------------------------------------------------------------------------------

AwsResult<Operations::Locked> Operations::locked_object(const Request& request, std::string_view action,
                                                        Context context) {
  auto bucket = allowed_key(request, action, std::move(context));
  if (!bucket) return std::unexpected(bucket.error());
  if (!has_object_lock(*bucket)) return missing_configuration();
  auto object = existing_object(request, *bucket, request.key, request.parameter_or("versionId"));
  if (!object) return std::unexpected(object.error());
  Guard guard = catalog_.guard(*object);
  return Locked{*std::move(bucket), *std::move(object), std::move(guard)};
}

Operations::Answer Operations::get_object_retention(const Request& request) {
  const auto found = locked_object(request, "GetObjectRetention");
  if (!found) return std::unexpected(found.error());
  if (!found->guard.lock.retention) return no_lock_of_object();
  return xml_answer(retention_document(*found->guard.lock.retention));
}

Task<Operations::Answer> Operations::put_object_retention(Request& request) {
  if (auto there = check_digest_sent(request, k_lock_digests); !there) co_return std::unexpected(there.error());
  auto body = co_await read_body(request, k_max_document);
  if (!body) co_return std::unexpected(body.error());
  const auto wanted = read_retention(*body, now());
  const Context context = lock_context({wanted.value_or(std::nullopt), {}}, now());
  auto found = locked_object(request, "PutObjectRetention", context);
  if (!found) co_return std::unexpected(found.error());
  if (!wanted) co_return std::unexpected(wanted.error());
  const auto bypass = bypasses(request, found->bucket, request.key, context);
  if (!bypass) co_return std::unexpected(bypass.error());
  if (forbids_retention(found->guard.lock, *wanted, now(), *bypass)) co_return is_locked();
  found->guard.lock.retention = *wanted;
  catalog_.set_guard(found->object, found->guard);
  co_return empty_answer(200);
}

Operations::Answer Operations::get_object_legal_hold(const Request& request) {
  const auto found = locked_object(request, "GetObjectLegalHold");
  if (!found) return std::unexpected(found.error());
  if (found->guard.lock.legal_hold.empty()) return no_lock_of_object();
  return xml_answer(legal_hold_document(found->guard.lock.legal_hold));
}

Task<Operations::Answer> Operations::put_object_legal_hold(Request& request) {
  if (auto there = check_digest_sent(request, k_lock_digests); !there) co_return std::unexpected(there.error());
  auto body = co_await read_body(request, k_max_document);
  if (!body) co_return std::unexpected(body.error());
  const auto status = read_legal_hold(*body);
  auto found = locked_object(request, "PutObjectLegalHold", lock_context({{}, status.value_or("")}, now()));
  if (!found) co_return std::unexpected(found.error());
  if (!status) co_return std::unexpected(status.error());
  found->guard.lock.legal_hold = *status;
  catalog_.set_guard(found->object, found->guard);
  co_return empty_answer(200);
}

}  // namespace sortie::emulator::s3
