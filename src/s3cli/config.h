#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

/// The JSON configuration of s3cli and what follows from it.
namespace sortie::s3cli {

enum class CredentialsSource : std::uint8_t {
  fixed,           ///< `static`: the keys in the configuration
  env_or_profile,  ///< AWS's credential chain
  none,            ///< nothing is signed; read only
};

/// Whose store a host is.
enum class Provider : std::uint8_t {
  aws,      ///< empty, `s3.amazonaws.com`, `s3.REGION.amazonaws.com[.cn]`, `s3-REGION.amazonaws.com`
  alibaba,  ///< `oss-REGION[-internal].aliyuncs.com`
  google,   ///< `storage.googleapis.com`
  other,    ///< any S3-compatible one
};
Provider provider_of(std::string_view host);
/// The region that the host's name says; empty when it says none.
std::string region_of_host(Provider provider, std::string_view host);

struct Config {
  std::string bucket;
  std::string folder;  ///< in front of each key, with a slash; empty: none
  CredentialsSource credentials_source = CredentialsSource::none;
  std::string access_key_id;
  std::string secret_access_key;
  std::string assume_role_arn;
  Provider provider = Provider::aws;
  std::string region;
  std::string host;        ///< empty: AWS's own
  std::uint16_t port = 0;  ///< 0: the scheme's default
  bool use_ssl = true;     ///< a scheme in `host` wins
  bool verify_peer = true;
  int signature_version = 4;
  std::string server_side_encryption;
  std::string sse_kms_key_id;
  bool multipart = true;
  bool host_style = false;  ///< the bucket goes in front of the host
  bool upload_checksums = true;
  bool verify_downloads = true;
  std::uint64_t download_part_bytes = k_default_part_bytes;
  std::uint64_t upload_part_bytes = k_default_part_bytes;
  int download_concurrency = k_default_concurrency;
  int upload_concurrency = k_default_concurrency;
  std::uint64_t single_upload_bytes = 0;  ///< files up to here go in one request; 0: those that fit into one part
  std::uint64_t copy_threshold_bytes = k_max_copy_bytes;  ///< larger blobs are copied in parts
  std::uint64_t copy_part_bytes = k_default_copy_part_bytes;
  std::string swift_auth_account;
  std::string swift_temp_url_key;

  static constexpr std::uint64_t k_least_part_bytes = 5ULL * 1024 * 1024;  ///< S3's, of every part but the last
  static constexpr std::uint64_t k_default_part_bytes = 5ULL * 1024 * 1024;
  static constexpr int k_default_concurrency = 5;
  static constexpr int k_max_concurrency = 128;  ///< more than this count as this many
  /// S3's limits: of one CopyObject, and of one PutObject.
  static constexpr std::uint64_t k_max_copy_bytes = 5ULL * 1024 * 1024 * 1024;
  static constexpr std::uint64_t k_max_put_bytes = 5ULL * 1024 * 1024 * 1024;
  static constexpr std::uint64_t k_default_copy_part_bytes = 100ULL * 1024 * 1024;

  /// The key in the bucket: with the folder.
  [[nodiscard]] std::string key_of(std::string_view key) const;
};

/// Reads and checks a configuration. Members are found in any case, as Go's encoding/json finds them; of several the
/// one in lower case counts. Every mistake is ErrorKind::config with a message of its own; unknown members are ignored,
/// as are those that are null. No message repeats a secret.
Result<Config> parse_config(std::string_view text);
/// The same from a file of at most 1 MiB.
Result<Config> load_config(const std::string& path);

/// Checks the host, writes it in lower case, and takes off what it says beside the name: `http://` and `https://`,
/// which decide about `use_ssl`, a port, and a slash at its end.
Result<void> complete_host(Config& config);

/// Where requests go: a URL without path, and whether the bucket goes into the host's name. `environment_url` is what
/// AWS_ENDPOINT_URL says, used where the configuration names no host.
struct Endpoint {
  std::string url;
  bool bucket_in_host = false;
};
Endpoint endpoint_of(const Config& config, const std::optional<std::string>& environment_url);

}  // namespace sortie::s3cli
