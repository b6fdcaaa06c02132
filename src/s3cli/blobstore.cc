#include "s3cli/blobstore.h"

#include <fmt/format.h>

#include "base/deadline.h"

namespace sortie::s3cli {

Task<void> Blobstore::pause(std::chrono::milliseconds time) const {
  return sleep ? sleep(time) : sleep_for(time);
}

Task<Result<void>> remove(Blobstore& store, std::string key) {
  if (store.config.credentials_source == CredentialsSource::none) co_return read_only();
  auto removed = co_await store.s3.delete_object(store.config.bucket, store.config.key_of(key));
  // S3 itself never says so; some stores do.
  const bool was_missing =
      !removed && removed.error().kind == ErrorKind::not_found && removed.error().code != "NoSuchBucket";
  co_return was_missing ? Result<void>{} : std::move(removed);
}

Task<Result<bool>> exists(Blobstore& store, std::string key) {
  const auto& bucket = store.config.bucket;
  auto found = co_await store.s3.head_object({.bucket = bucket, .key = store.config.key_of(key)});
  if (!found && found.error().kind != ErrorKind::not_found) co_return std::unexpected(std::move(found).error());
  store.log(Log::Level::info,
            fmt::format("File '{}' {} in bucket '{}'", key, found ? "exists" : "does not exist", bucket));
  co_return found.has_value();
}

std::unexpected<Error> read_only() {
  return fail(ErrorKind::config, "the client operates in read only mode. Change 'credentials_source' parameter value");
}

}  // namespace sortie::s3cli
