#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "emulator/core/call.h"
#include "emulator/core/ports.h"

namespace sortie::emulator {

/// The longest request body that a service other than S3 takes: Lambda's direct upload (70,167,211 bytes) is the
/// largest.
inline constexpr std::size_t k_max_buffered_body = 70'167'211;

/// Proves who sent a request. Signature version 4 in the header, in the query (presigned) and on each chunk of a
/// streaming upload; version 2 for S3. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
/// io_context thread only.
class Authenticator {
 public:
  Authenticator(const Clock& clock, Identities& identities);
  ~Authenticator();

  /// Fills principal, signature, signature_version and signed_at of `call`, whose service, region and request are set.
  ///
  /// The body afterwards: for every service but S3 in memory (at most k_max_buffered_body) and checked against the
  /// signature. For S3 a stream whose read fails with ErrorKind::protocol when the bytes are not those that were signed
  /// (Error::code is the S3 code: `XAmzContentSHA256Mismatch`, `SignatureDoesNotMatch`, `IncompleteBody`,
  /// `MalformedTrailerError`, `BadDigest`): what was read before must then not become visible. aws-chunked bodies come
  /// out decoded, with length() = x-amz-decoded-content-length, and Call::trailers is filled at their end.
  ///
  /// A request without any signature becomes Principal::Kind::anonymous for S3 and is refused elsewhere.
  Task<AwsResult<void>> authenticate(Call& call);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sortie::emulator
