#pragma once

#include <functional>
#include <string>

#include "aws/s3.h"
#include "base/task.h"
#include "s3cli/arguments.h"
#include "s3cli/config.h"
#include "s3cli/log.h"

/// The operations. io_context thread only; files are read and written there too, hashes of large ones are
/// calculated on a pool.
namespace sortie::s3cli {

/// What the operations work with. Must outlive them.
struct Blobstore {
  const Config& config;
  aws::S3& s3;
  bool is_tls = true;                                       ///< payloads need no hash of their own
  std::function<void(Log::Level, const std::string&)> log;  ///< one line for the user
  /// Waits between attempts; empty: on the executor.
  std::function<Task<void>(std::chrono::milliseconds)> sleep;

  Task<void> pause(std::chrono::milliseconds time) const;
};

/// Uploads a file: up to a part's size, or without `multipart`, in one request, otherwise in parallel parts. A pipe or
/// device is read to its end, one part in memory. What fails is aborted, also when cancelled. A multipart upload that
/// failed is begun again three times, after 1, 2 and 3 seconds.
Task<Result<void>> put(Blobstore& store, std::string file, std::string key);

/// Downloads to a file, which appears when it is complete (see OutputFile), in parallel ranges; or in order to a
/// device, a pipe or a socket. A range that breaks off is continued where it broke. ErrorKind::not_found when there is
/// no such blob.
Task<Result<void>> get(Blobstore& store, std::string key, std::string file);

/// The keys that begin with `prefix` in front of which stands the configuration's folder, which `take` is given without
/// it, in the store's order, all pages.
Task<Result<void>> list(Blobstore& store, std::string prefix, std::function<Result<void>(std::string_view key)> take);
/// Deletes every blob whose key begins with `prefix`; what has gone meanwhile is no error.
Task<Result<void>> remove_recursive(Blobstore& store, std::string prefix);
/// Copies within the bucket, on the server: above `copy_threshold_bytes` in parts, side by side, which are aborted when
/// one fails. A store that knows no such parts is asked for a simple copy.
Task<Result<void>> copy(Blobstore& store, std::string source, std::string destination);
/// `etag` (without quotes), `last_modified` (RFC 3339) and `content_length` as indented JSON; `{}` when there is no
/// such blob.
Task<Result<std::string>> properties(Blobstore& store, std::string key);
/// Makes the bucket where it is not there and waits until it answers. One that is made by another meanwhile will do.
Task<Result<void>> ensure_storage_exists(Blobstore& store);

/// Why nothing can be written without credentials.
std::unexpected<Error> read_only();

/// A missing key is no error.
Task<Result<void>> remove(Blobstore& store, std::string key);
Task<Result<bool>> exists(Blobstore& store, std::string key);

/// A URL that does `method` with the blob for whoever has it. With a Swift account: a temporary URL of OpenStack Swift.
/// At most seven days with signature version 4.
Task<Result<std::string>> sign(Blobstore& store, std::string key, SignedMethod method, std::chrono::seconds valid_for,
                               SystemTime now);

/// OpenStack Swift's temporary URL ("TempURL middleware", HMAC-SHA256), until `expires`.
std::string swift_temporary_url(const Config& config, std::string_view key, SignedMethod method, SystemTime expires);

}  // namespace sortie::s3cli
