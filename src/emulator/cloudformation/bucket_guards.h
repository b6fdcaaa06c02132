#pragma once

#include <string>

#include "emulator/cloudformation/resource_type.h"

/// The part of AWS::S3::Bucket that is about object lock, ownership and access control lists: ObjectLockEnabled,
/// ObjectLockConfiguration, OwnershipControls, AccessControl.
namespace sortie::emulator::cloudformation {

/// Refuses values that AWS does not have.
AwsResult<void> check_guards(const Properties& properties);
/// Adds what CreateBucket itself is told.
void add_guard_headers(const Properties& properties, http::Request& create);
/// What follows once the bucket is there with its public access block.
void plan_guards(const std::string& bucket, const Properties& properties, Plan& plan);
/// From `before` to `after`. Object lock cannot be turned off.
AwsResult<void> plan_guard_changes(const std::string& bucket, const Properties& before, const Properties& after,
                                   Plan& plan);

}  // namespace sortie::emulator::cloudformation
