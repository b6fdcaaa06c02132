#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "emulator/s3/operation/operation.h"
#include "emulator/s3/protocol/conditions.h"

/// What reads and writes of objects have in common.
namespace sortie::emulator::s3 {

inline constexpr std::uint64_t k_max_upload = 5ULL * 1024 * 1024 * 1024;

/// The entity tag of encrypted bytes: it says nothing of them.
std::string make_opaque_etag();
/// Adds `x-amz-checksum-…` and its type.
void add_checksum(http::Response& response, const ObjectChecksum& checksum);
/// Adds `x-amz-version-id` when the bucket has or had versioning.
void add_version(http::Response& response, const Bucket& bucket, const Object& object);
/// Adds `x-amz-expiration` where the bucket's lifecycle has a day for the object.
void add_expiration(http::Response& response, const Operation& operation, const Bucket& bucket, const Object& object);

/// What conditions are compared with; nothing for no object, or for a delete marker.
std::optional<Validators> validators_of(const std::optional<Object>& object);
/// If-Match and If-None-Match of a write, against the object that is there now.
AwsResult<void> check_write_conditions(const Operation& operation, const Bucket& bucket);

}  // namespace sortie::emulator::s3
