#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "emulator/core/call.h"

/// Conditional and ranged requests (RFC 9110, 13 and 14), in S3's reading of them.
namespace sortie::emulator::s3 {

/// What conditions are compared with.
struct Validators {
  std::string_view etag;  ///< without quotation marks
  SystemTime modified;
};

enum class ReadVerdict : std::uint8_t { proceed, not_modified };

/// If-Match, If-Unmodified-Since, If-None-Match, If-Modified-Since of a GET or HEAD. A precondition that does not hold:
/// 412 PreconditionFailed.
AwsResult<ReadVerdict> check_read(const http::Headers& headers, const Validators& object, SystemTime now);

/// The same four as `x-amz-copy-source-if-…`: whatever does not hold is a 412.
AwsResult<void> check_copy_source(const http::Headers& headers, const Validators& source, SystemTime now);

/// If-None-Match: * and If-Match of a write. `current` is nothing when there is no object (or a marker is newest).
/// `key` goes into NoSuchKey.
AwsResult<void> check_write(const http::Headers& headers, const std::optional<Validators>& current,
                            std::string_view key);

struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t size = 0;
};

/// A `Range` header against an object of `size` bytes. Nothing where S3 sends the whole object: several ranges, another
/// unit, nonsense. A range outside the object: 416 InvalidRange.
AwsResult<std::optional<ByteRange>> read_range(std::string_view header, std::uint64_t size);

}  // namespace sortie::emulator::s3
