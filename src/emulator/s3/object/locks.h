#pragma once

#include <string_view>

#include "emulator/s3/operation/operation.h"
#include "emulator/s3/protocol/digests.h"

/// What object lock means to uploads, reads and deletions. "How S3 Object Lock works", S3 user guide.
namespace sortie::emulator::s3 {

/// The lock and ACL that an upload's headers ask for, allowed; `action` is what a denial names.
AwsResult<ObjectProtection> requested_protection(const Operation& operation, const Bucket& bucket,
                                                 std::string_view action, const ContextKeys& context);
/// Uploads that will be locked have to bring a digest. `what`: `Object` or `Part`.
AwsResult<void> check_lock_digest(const Operation& operation, const Bucket& bucket, const ObjectProtection& protection,
                                  const DigestDemand& demand, std::string_view what);
/// With the bucket's default retention, for a version that asks for none.
ObjectProtection with_default(const Operation& operation, ObjectProtection protection, const Bucket& bucket,
                              SystemTime created);

bool has_object_lock(const Operation& operation, const Bucket& bucket);
/// Adds `x-amz-object-lock-…`, as far as the caller may know.
void add_lock(http::Response& response, const Operation& operation, const Bucket& bucket, const Object& object);

/// `x-amz-bypass-governance-retention` needs a bucket with object lock.
AwsResult<void> check_bypass_header(const Operation& operation, const Bucket& bucket);
/// Whether the header asks to pass over governance retention; an error for who may not.
AwsResult<bool> bypasses_governance(const Operation& operation, const Bucket& bucket, const std::string& key,
                                    const ContextKeys& context);
/// What S3 answers to a change that a lock forbids.
Failure is_locked();
/// AccessDenied for a locked version.
AwsResult<void> check_removable(const Operation& operation, const Bucket& bucket, const Object& object);

}  // namespace sortie::emulator::s3
