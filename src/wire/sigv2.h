#pragma once

#include <chrono>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wire/sigv4.h"

/// Signature version 2 of S3 (HMAC-SHA1), kept for S3-compatible stores that know nothing newer:
/// "Signing and authenticating REST requests", S3 user guide. Read a request's signature with `parse_authorization`.
namespace sortie::wire {

/// What version 2 signs beside the request: the bucket named by the host (`BUCKET.s3.amazonaws.com`), empty for path
/// style.
std::string string_to_sign_v2(const RequestParts& request, std::string_view virtual_bucket,
                              std::string_view date_or_expiry);

/// Headers to be set: `Date`, `Authorization`, and the session token when there is one.
std::vector<std::pair<std::string, std::string>> sign_headers_v2(const RequestParts& request,
                                                                 std::string_view virtual_bucket,
                                                                 const SigningCredentials& credentials, SystemTime now);

/// The whole query of a presigned URL.
std::string presign_v2(const RequestParts& request, std::string_view virtual_bucket,
                       const SigningCredentials& credentials, SystemTime now, std::chrono::seconds expires);

/// Checks time (15 minutes, or the expiry) and signature in constant time.
std::expected<void, SignatureError> verify_v2(const ParsedSignature& parsed, const RequestParts& request,
                                              std::string_view virtual_bucket, std::string_view secret, SystemTime now);

}  // namespace sortie::wire
