#include <fmt/format.h>

#include "s3cli/blobstore.h"
#include "wire/date.h"
#include "wire/json.h"

namespace sortie::s3cli {

namespace {

std::string_view without_quotes(std::string_view etag) {
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') return etag.substr(1, etag.size() - 2);
  return etag;
}

std::string json_string(std::string_view text) {
  return boost::json::serialize(boost::json::string(text));
}

}  // namespace

Task<Result<std::string>> properties(Blobstore& store, std::string key) {
  const auto& config = store.config;
  const auto info = co_await store.s3.head_object({.bucket = config.bucket, .key = config.key_of(key)});
  if (!info && info.error().kind == ErrorKind::not_found) co_return "{}\n";
  if (!info) co_return std::unexpected(info.error());
  const auto modified = info->last_modified ? wire::format_iso8601(*info->last_modified) : std::string();
  co_return fmt::format("{{\n  \"etag\": {},\n  \"last_modified\": {},\n  \"content_length\": {}\n}}\n",
                        json_string(without_quotes(info->etag)), json_string(modified), info->size);
}

}  // namespace sortie::s3cli
