#pragma once

#include <optional>
#include <vector>

#include "emulator/s3/operation/operation.h"

namespace sortie::emulator::s3 {

/// What CopyObject and UploadPartCopy copy from.
struct CopyOrigin {
  Bucket bucket;
  Object object;
  std::vector<Part> parts;
  std::optional<CustomerKey> key;  ///< what the parts are encrypted with
};

/// The object named by x-amz-copy-source, which the caller may read and which matches its conditions.
AwsResult<CopyOrigin> read_copy_origin(const Operation& operation);
/// Whether it is still what it was.
bool is_unchanged(const Operation& operation, const CopyOrigin& origin);
/// Adds `x-amz-copy-source-version-id`.
void add_origin_version(http::Response& response, const CopyOrigin& origin);

}  // namespace sortie::emulator::s3
