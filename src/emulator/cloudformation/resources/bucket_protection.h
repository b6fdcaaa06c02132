#pragma once

#include <string>

#include "emulator/cloudformation/resources/resource_type.h"

/// The part of AWS::S3::Bucket that is about object lock, ownership and access control lists: ObjectLockEnabled,
/// ObjectLockConfiguration, OwnershipControls, AccessControl.
namespace sortie::emulator::cloudformation {

/// Refuses values that AWS does not have.
AwsResult<void> check_bucket_protection(const Properties& properties);
/// Adds the headers of CreateBucket.
void add_protection_headers(const Properties& properties, http::Request& create);
/// Appends the requests that follow once the bucket and its public access block exist.
void plan_bucket_protection(const std::string& bucket, const Properties& properties, Plan& plan);
/// From `before` to `after`. Object lock cannot be turned off.
AwsResult<void> plan_protection_changes(const std::string& bucket, const Properties& before, const Properties& after,
                                        Plan& plan);

}  // namespace sortie::emulator::cloudformation
