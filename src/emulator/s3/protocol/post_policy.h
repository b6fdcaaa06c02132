#pragma once

#include <cstdint>
#include <limits>
#include <string_view>

#include "base/clock.h"
#include "emulator/core/call.h"

namespace sortie::emulator::s3 {

/// How long the file of a posted form may be.
struct SizeRange {
  std::uint64_t least = 0;
  std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
};

/// Compares a form with its policy (base64 of a JSON document): expiry, every condition, and that every field is named
/// by one. `bucket` is compared like a field. What the policy says about the length is returned, to be held against the
/// file. https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
AwsResult<SizeRange> check_post_policy(const FormUpload& form, std::string_view bucket, SystemTime now);

}  // namespace sortie::emulator::s3
