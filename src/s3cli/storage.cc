#include <fmt/format.h>

#include "s3cli/blobstore.h"

namespace sortie::s3cli {

namespace {

/// How often and at what distance a new bucket is asked for.
constexpr int k_looks = 60;
constexpr std::chrono::milliseconds k_between_looks{500};

/// Made by another meanwhile, or ours already.
bool is_there_already(const Error& error) {
  return error.code == "BucketAlreadyOwnedByYou" || error.code == "OperationAborted";
}

}  // namespace

Task<Result<void>> ensure_storage_exists(Blobstore& store) {
  const auto& bucket = store.config.bucket;
  auto found = co_await store.s3.head_bucket(bucket);
  if (found || found.error().kind != ErrorKind::not_found) co_return found;
  if (store.config.credentials_source == CredentialsSource::none) co_return read_only();
  auto created = co_await store.s3.create_bucket(bucket);
  if (!created && !is_there_already(created.error())) co_return created;
  for (int look = 0; look < k_looks; ++look) {
    found = co_await store.s3.head_bucket(bucket);
    if (found || found.error().kind != ErrorKind::not_found) co_return found;
    co_await store.pause(k_between_looks);
  }
  co_return fail(ErrorKind::timeout, fmt::format("bucket {} was made and is still not there", bucket));
}

}  // namespace sortie::s3cli
