#include "s3cli/blobstore.h"
#include "s3cli/log.h"

/// What goes over many blobs: list and delete-recursive.
namespace sortie::s3cli {

namespace {

constexpr std::string_view k_gone = "NoSuchKey";

/// Keys without the configuration's folder, as the other operations take them.
std::string_view without_folder(const Config& config, std::string_view key) {
  if (!config.folder.empty()) key.remove_prefix(std::min(key.size(), config.folder.size() + 1));
  return key;
}

Task<Result<aws::ListObjectsPage>> next_page(Blobstore& store, const std::string& prefix, std::string token) {
  aws::ListObjectsRequest request;
  request.bucket = store.config.bucket;
  request.prefix = store.config.key_of(prefix);
  request.token = std::move(token);
  return store.s3.list_objects_v2(std::move(request));
}

/// At most 1,000 keys. Stores that know no DeleteObjects are asked for one after the other.
Task<Result<void>> remove_page(Blobstore& store, const aws::ListObjectsPage& page) {
  for (const auto& object : page.objects) {
    auto removed = co_await store.s3.delete_object(store.config.bucket, object.key);
    if (!removed && removed.error().kind != ErrorKind::not_found) co_return removed;
  }
  co_return Result<void>{};
}

Task<Result<void>> remove_together(Blobstore& store, const aws::ListObjectsPage& page) {
  if (page.objects.empty()) co_return Result<void>{};
  std::vector<std::string> keys;
  for (const auto& object : page.objects) keys.push_back(object.key);
  auto deleted = co_await store.s3.delete_objects(store.config.bucket, std::move(keys));
  if (!deleted) {
    const bool is_unknown = deleted.error().code == "NotImplemented" || deleted.error().code == "MethodNotAllowed";
    if (is_unknown || store.config.provider == Provider::google) co_return co_await remove_page(store, page);
    co_return std::unexpected(std::move(deleted).error());
  }
  for (const auto& failure : deleted->failed) {
    if (failure.code == k_gone) continue;
    auto error = fail(failure.code == "AccessDenied" ? ErrorKind::denied : ErrorKind::unavailable,
                      "S3 DeleteObjects: " + failure.key + ": " + failure.code + ": " + failure.message);
    co_return error;
  }
  co_return Result<void>{};
}

}  // namespace

Task<Result<void>> list(Blobstore& store, std::string prefix, std::function<Result<void>(std::string_view key)> take) {
  std::string token;
  do {
    ASSIGN_OR_CO_RETURN(auto page, co_await next_page(store, prefix, std::move(token)));
    for (const auto& object : page.objects) CO_RETURN_IF_ERROR(take(without_folder(store.config, object.key)));
    token = std::move(page.next_token);
  } while (!token.empty());
  co_return Result<void>{};
}

Task<Result<void>> remove_recursive(Blobstore& store, std::string prefix) {
  if (store.config.credentials_source == CredentialsSource::none) co_return read_only();
  std::string token;
  do {
    ASSIGN_OR_CO_RETURN(auto page, co_await next_page(store, prefix, std::move(token)));
    CO_RETURN_IF_ERROR(co_await remove_together(store, page));
    token = std::move(page.next_token);
  } while (!token.empty());
  co_return Result<void>{};
}

}  // namespace sortie::s3cli
