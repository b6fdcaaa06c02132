#pragma once

#include <string_view>

#include "emulator/core/call.h"

/// S3's own view of bucket policies; the policy language itself is IAM's.
namespace sortie::emulator::s3 {

/// Whether a policy allows something to everyone without a condition. `policy` is a JSON object.
bool is_public_policy(std::string_view policy);

/// MalformedPolicy for what S3 itself does not take: no JSON, members that are missing, actions of other services,
/// resources outside the bucket.
AwsResult<void> check_bucket_policy(std::string_view policy, std::string_view bucket);

}  // namespace sortie::emulator::s3
