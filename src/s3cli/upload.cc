#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "base/blocking.h"
#include "base/deadline.h"
#include "s3cli/blobstore.h"
#include "s3cli/input_file.h"
#include "s3cli/parallel.h"
#include "s3cli/stream_file.h"

namespace sortie::s3cli {

namespace {

constexpr std::uint64_t k_most_parts = 10'000;
constexpr int k_retries = 3;
/// Up to here a file is sent from memory: in one packet with its header, and again on a new connection if need be.
constexpr std::uint64_t k_small_bytes = 256 * 1024;
/// From here on a hash is worth a thread.
constexpr std::uint64_t k_pool_bytes = 1024 * 1024;

/// Everything of one upload. Holds the file open until nothing reads it any more.
struct Upload {
  Upload(Blobstore& blobstore, InputFile input, std::string full_key)
      : store(blobstore), file(std::move(input)), key(std::move(full_key)), part_bytes(store.config.upload_part_bytes) {
    headers.server_side_encryption = store.config.server_side_encryption;
    headers.sse_kms_key_id = store.config.sse_kms_key_id;
  }

  [[nodiscard]] const std::string& bucket() const { return store.config.bucket; }
  [[nodiscard]] Slice slice(std::uint64_t number) const {
    const auto offset = number * part_bytes;
    return {file.fd.get(), offset, std::min(part_bytes, *file.size - offset)};
  }

  Blobstore& store;
  InputFile file;
  std::string key;
  aws::ObjectHeaders headers;
  std::uint64_t part_bytes;
  // Of the multipart upload under way.
  std::string upload_id;
  std::uint64_t part_count = 0;
  std::uint64_t next_part = 0;
  std::vector<aws::CompletedPart> parts;
  std::optional<BlockingPool> pool;  // after the file: joined before it is closed
};

/// A slice as what is uploaded: with the hash that plain http wants signed, and the checksum, as far as configured.
Task<Result<aws::UploadBody>> body_of(Upload& upload, Slice slice) {
  const bool want_crc32 = upload.store.config.upload_checksums && upload.store.config.signature_version == 4;
  const bool want_sha256 = !upload.store.is_tls && upload.store.config.signature_version == 4;
  aws::UploadBody body;
  body.stream = [slice]() -> Result<http::Body> { return make_body(slice); };
  body.stream_length = slice.size;
  if (!want_crc32 && !want_sha256) co_return body;
  Result<SliceDigest> digest;
  if (slice.size >= k_pool_bytes) {
    if (!upload.pool) upload.pool.emplace(2);
    digest = co_await upload.pool->run([=] { return digest_of(slice, want_crc32, want_sha256); });
  } else {
    digest = digest_of(slice, want_crc32, want_sha256);
  }
  if (!digest) co_return std::unexpected(std::move(digest).error());
  body.checksum = std::move(digest->crc32);
  body.sha256 = std::move(digest->sha256);
  co_return body;
}

Task<Result<void>> put_whole(Upload& upload, aws::UploadBody body) {
  aws::PutObjectRequest request{
      .bucket = upload.bucket(), .key = upload.key, .body = std::move(body), .headers = upload.headers};
  CO_RETURN_IF_ERROR(co_await upload.store.s3.put_object(std::move(request)));
  co_return Result<void>{};
}

Task<Result<void>> put_small_file(Upload& upload) {
  ASSIGN_OR_CO_RETURN(auto bytes, read_up_to(upload.file.fd.get(), *upload.file.size));
  aws::UploadBody body;
  body.bytes = std::move(bytes);
  co_return co_await put_whole(upload, std::move(body));
}

Task<Result<void>> put_file_whole(Upload& upload) {
  ASSIGN_OR_CO_RETURN(auto body, co_await body_of(upload, {upload.file.fd.get(), 0, *upload.file.size}));
  co_return co_await put_whole(upload, std::move(body));
}

/// One of the parallel workers: takes parts until none is left.
Task<Result<void>> put_parts(Upload& upload) {
  while (upload.next_part < upload.part_count) {
    const auto number = upload.next_part++;
    ASSIGN_OR_CO_RETURN(auto body, co_await body_of(upload, upload.slice(number)));
    ASSIGN_OR_CO_RETURN(upload.parts[number],
                        co_await upload.store.s3.upload_part(upload.bucket(), upload.key, upload.upload_id,
                                                             static_cast<int>(number) + 1, std::move(body)));
  }
  co_return Result<void>{};
}

Task<Result<void>> put_parts_of_file(Upload& upload) {
  upload.part_count = (*upload.file.size + upload.part_bytes - 1) / upload.part_bytes;
  upload.next_part = 0;
  upload.parts.assign(upload.part_count, {});
  const auto workers = std::min<std::uint64_t>(upload.part_count, upload.store.config.upload_concurrency);
  co_return co_await run_parallel(static_cast<int>(workers), [&upload](int) { return put_parts(upload); });
}

/// The parts of a pipe, one after the other: `first` was read already.
Task<Result<void>> put_parts_of_stream(Upload& upload, StreamFile& stream, std::string first) {
  std::string bytes = std::move(first);
  while (!bytes.empty()) {
    if (upload.parts.size() == k_most_parts) {
      co_return fail(ErrorKind::config, fmt::format("{} is longer than {} parts of {} bytes", upload.file.path,
                                                    k_most_parts, upload.part_bytes));
    }
    const bool is_last = bytes.size() < upload.part_bytes;
    aws::UploadBody body;
    body.bytes = std::move(bytes);
    const auto number = static_cast<int>(upload.parts.size()) + 1;
    ASSIGN_OR_CO_RETURN(auto part, co_await upload.store.s3.upload_part(upload.bucket(), upload.key, upload.upload_id,
                                                                        number, std::move(body)));
    upload.parts.push_back(std::move(part));
    if (is_last) break;
    ASSIGN_OR_CO_RETURN(bytes, co_await stream.read_up_to(upload.part_bytes));
  }
  co_return Result<void>{};
}

Task<Result<void>> complete(Upload& upload, Task<Result<void>> parts) {
  CO_RETURN_IF_ERROR(co_await std::move(parts));
  CO_RETURN_IF_ERROR(
      co_await upload.store.s3.complete_multipart_upload(upload.bucket(), upload.key, upload.upload_id, upload.parts));
  co_return Result<void>{};
}

/// Completes the upload that was begun, or aborts it, whatever `parts` ends in.
Task<Result<void>> complete_or_abort(Upload& upload, Task<Result<void>> parts) {
  auto settled = co_await settle(complete(upload, std::move(parts)));
  if (settled.result && *settled.result) co_return Result<void>{};
  // Cancelled or not, what was sent must not lie in the bucket, paid for and unseen.
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  auto aborted = co_await upload.store.s3.abort_multipart_upload(upload.bucket(), upload.key, upload.upload_id);
  if (!aborted && aborted.error().kind != ErrorKind::not_found) {
    upload.store.log(Log::Level::warning, "Aborting the multipart upload failed: " + describe(aborted.error()));
  }
  if (settled.exception) std::rethrow_exception(settled.exception);
  co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
  co_return *std::move(settled.result);
}

/// Failures that lie with this machine or with us will be there the next time too.
bool may_pass(const Error& error) {
  return error.kind != ErrorKind::internal && error.kind != ErrorKind::cancelled && error.kind != ErrorKind::usage;
}

Task<Result<void>> begin(Upload& upload) {
  ASSIGN_OR_CO_RETURN(upload.upload_id,
                      co_await upload.store.s3.create_multipart_upload(upload.bucket(), upload.key, upload.headers));
  co_return Result<void>{};
}

Task<Result<void>> put_in_parts(Upload& upload) {
  for (int retry = 0;; ++retry) {
    CO_RETURN_IF_ERROR(co_await begin(upload));
    auto done = co_await complete_or_abort(upload, put_parts_of_file(upload));
    if (done || !may_pass(done.error())) co_return done;
    if (retry == k_retries) co_return std::unexpected(wrap(std::move(done).error(), "upload retry limit exceeded"));
    const std::chrono::seconds pause(retry + 1);
    upload.store.log(Log::Level::warning,
                     fmt::format("Upload failed, again in {} s: {}", pause.count(), describe(done.error())));
    co_await upload.store.pause(pause);
  }
}

/// A pipe or device: what fits into one part is put whole. It cannot be read again, so nothing is tried again.
Task<Result<void>> put_stream(Upload& upload) {
  const auto limit = upload.part_bytes;
  StreamFile stream(co_await asio::this_coro::executor, std::move(upload.file.fd), upload.file.path);
  ASSIGN_OR_CO_RETURN(auto first, co_await stream.read_up_to(limit));
  if (first.size() < limit) {
    aws::UploadBody body;
    body.bytes = std::move(first);
    co_return co_await put_whole(upload, std::move(body));
  }
  if (!upload.store.config.multipart) {
    co_return fail(ErrorKind::config,
                   fmt::format("{} is longer than {} bytes, and multipart_upload is off", upload.file.path, limit));
  }
  CO_RETURN_IF_ERROR(co_await begin(upload));
  co_return co_await complete_or_abort(upload, put_parts_of_stream(upload, stream, std::move(first)));
}

Task<Result<void>> put_any(Upload& upload) {
  const auto& config = upload.store.config;
  if (config.multipart && upload.part_bytes < Config::k_least_part_bytes) {
    co_return fail(ErrorKind::config, fmt::format("upload_part_size must be at least {} bytes, not {}",
                                                  Config::k_least_part_bytes, upload.part_bytes));
  }
  if (!upload.file.size) co_return co_await put_stream(upload);
  const auto size = *upload.file.size;
  if (size <= k_small_bytes) co_return co_await put_small_file(upload);
  const bool is_single = size <= std::max(upload.part_bytes, config.single_upload_bytes);
  if (is_single || !config.multipart) co_return co_await put_file_whole(upload);
  // Larger parts where the count would go past S3's limit.
  upload.part_bytes = std::max(upload.part_bytes, (size + k_most_parts - 1) / k_most_parts);
  co_return co_await put_in_parts(upload);
}

}  // namespace

Task<Result<void>> put(Blobstore& store, std::string file, std::string key) {
  if (store.config.credentials_source == CredentialsSource::none) co_return read_only();
  ASSIGN_OR_CO_RETURN(auto input, InputFile::open(file));
  Upload upload(store, std::move(input), store.config.key_of(key));
  auto done = co_await put_any(upload);
  if (!done && !done.error().message.starts_with("upload retry limit exceeded")) {
    co_return std::unexpected(wrap(std::move(done).error(), "upload failure"));
  }
  if (done)
    store.log(Log::Level::info, fmt::format("Successfully uploaded file to {}/{}", store.config.bucket, upload.key));
  co_return done;
}

}  // namespace sortie::s3cli
