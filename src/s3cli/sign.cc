#include <fmt/format.h>

#include "s3cli/blobstore.h"
#include "wire/checksum.h"
#include "wire/uri.h"

namespace sortie::s3cli {

namespace {

constexpr std::chrono::hours k_longest_v4{24 * 7};

std::string_view name_of(SignedMethod method) {
  return method == SignedMethod::get ? "GET" : "PUT";
}

}  // namespace

std::string swift_temporary_url(const Config& config, std::string_view key, SignedMethod method, SystemTime expires) {
  const auto seconds = expires.time_since_epoch() / std::chrono::seconds(1);
  const auto prefix = fmt::format("/v1/{}/{}/", config.swift_auth_account, config.bucket);
  // Swift signs the path as it is behind percent-encoding.
  const auto text = fmt::format("{}\n{}\n{}{}", name_of(method), seconds, prefix, config.key_of(key));
  const auto signature = wire::hex_encode(wire::hmac_sha256(config.swift_temp_url_key, text));
  const auto path = wire::uri_encode(prefix + config.key_of(key), wire::Slash::keep);
  return fmt::format("{}{}?temp_url_sig={}&temp_url_expires={}", endpoint_of(config, std::nullopt).url, path, signature,
                     seconds);
}

Task<Result<std::string>> sign(Blobstore& store, std::string key, SignedMethod method, std::chrono::seconds valid_for,
                               SystemTime now) {
  if (!store.config.swift_auth_account.empty()) {
    if (store.config.swift_temp_url_key.empty()) {
      co_return fail(ErrorKind::config, "swift_auth_account needs swift_temp_url_key to sign");
    }
    co_return swift_temporary_url(store.config, key, method, now + valid_for);
  }
  if (store.config.credentials_source == CredentialsSource::none) {
    co_return fail(ErrorKind::config, "signing needs credentials, and credentials_source is 'none'");
  }
  if (store.config.signature_version == 4 && valid_for > k_longest_v4) {
    co_return fail(ErrorKind::config,
                   fmt::format("a URL of signature version 4 is valid for at most 168h, not {} s", valid_for.count()));
  }
  co_return co_await store.s3.presign(std::string(name_of(method)), store.config.bucket, store.config.key_of(key),
                                      valid_for);
}

}  // namespace sortie::s3cli
