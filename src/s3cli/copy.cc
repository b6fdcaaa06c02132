#include <fmt/format.h>

#include <algorithm>

#include "base/deadline.h"
#include "s3cli/blobstore.h"
#include "s3cli/parallel.h"

namespace sortie::s3cli {

namespace {

constexpr std::uint64_t k_most_parts = 10'000;

/// Everything of one copy in parts.
struct PartCopy {
  Blobstore& store;
  aws::CopySource source;
  std::string key;
  std::uint64_t size = 0;
  std::uint64_t part_bytes = 0;
  std::string upload_id;
  std::uint64_t next_part = 0;
  std::vector<aws::CompletedPart> parts;
};

aws::ObjectHeaders headers_of(const Config& config) {
  aws::ObjectHeaders headers;
  headers.server_side_encryption = config.server_side_encryption;
  headers.sse_kms_key_id = config.sse_kms_key_id;
  return headers;
}

/// One of the parallel workers: takes parts until none is left.
Task<Result<void>> copy_parts(PartCopy& copy) {
  while (copy.next_part < copy.parts.size()) {
    const auto number = copy.next_part++;
    const auto first = number * copy.part_bytes;
    const auto last = std::min(copy.size, first + copy.part_bytes) - 1;
    ASSIGN_OR_CO_RETURN(copy.parts[number],
                        co_await copy.store.s3.upload_part_copy(copy.source, fmt::format("bytes={}-{}", first, last),
                                                                copy.store.config.bucket, copy.key, copy.upload_id,
                                                                static_cast<int>(number) + 1));
  }
  co_return Result<void>{};
}

Task<Result<void>> copy_and_complete(PartCopy& copy) {
  const auto workers = std::min<std::uint64_t>(copy.parts.size(), copy.store.config.upload_concurrency);
  CO_RETURN_IF_ERROR(co_await run_parallel(static_cast<int>(workers), [&copy](int) { return copy_parts(copy); }));
  CO_RETURN_IF_ERROR(
      co_await copy.store.s3.complete_multipart_upload(copy.store.config.bucket, copy.key, copy.upload_id, copy.parts));
  co_return Result<void>{};
}

Task<Result<void>> copy_in_parts(PartCopy& copy) {
  const auto& bucket = copy.store.config.bucket;
  ASSIGN_OR_CO_RETURN(copy.upload_id,
                      co_await copy.store.s3.create_multipart_upload(bucket, copy.key, headers_of(copy.store.config)));
  auto settled = co_await settle(copy_and_complete(copy));
  if (settled.result && *settled.result) co_return Result<void>{};
  // Cancelled or not, parts must not lie in the bucket, paid for and unseen.
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  auto aborted = co_await copy.store.s3.abort_multipart_upload(bucket, copy.key, copy.upload_id);
  if (!aborted && aborted.error().kind != ErrorKind::not_found) {
    copy.store.log(Log::Level::warning, "Aborting the multipart copy failed: " + describe(aborted.error()));
  }
  if (settled.exception) std::rethrow_exception(settled.exception);
  co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
  co_return *std::move(settled.result);
}

/// The store has no such operation.
bool is_unknown_to_store(const Error& error) {
  return error.code == "NotImplemented" || error.code == "MethodNotAllowed";
}

}  // namespace

Task<Result<void>> copy(Blobstore& store, std::string source, std::string destination) {
  const auto& config = store.config;
  if (config.credentials_source == CredentialsSource::none) co_return read_only();
  const auto from = config.key_of(source);
  const auto to = config.key_of(destination);
  ASSIGN_OR_CO_RETURN(const auto info, co_await store.s3.head_object({.bucket = config.bucket, .key = from}));
  if (config.multipart && info.size > config.copy_threshold_bytes) {
    PartCopy copy{.store = store,
                  .source = {config.bucket, from, info.etag},
                  .key = to,
                  .size = info.size,
                  .part_bytes = std::max(config.copy_part_bytes, (info.size + k_most_parts - 1) / k_most_parts)};
    copy.parts.resize((copy.size + copy.part_bytes - 1) / copy.part_bytes);
    auto done = co_await copy_in_parts(copy);
    if (done || !is_unknown_to_store(done.error())) co_return done;
    store.log(Log::Level::info, "The store cannot copy in parts; copying at once");
  }
  co_return co_await store.s3.copy_object({config.bucket, from, ""}, config.bucket, to, headers_of(config));
}

}  // namespace sortie::s3cli
