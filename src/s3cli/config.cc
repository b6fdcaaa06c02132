#include "s3cli/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include "base/ascii.h"
#include "s3cli/input_file.h"
#include "wire/json.h"

namespace sortie::s3cli {

namespace {

constexpr std::size_t k_max_config_bytes = 1024 * 1024;
/// S3's own limit of a part; also keeps sums of offsets far from 64 bits.
constexpr std::uint64_t k_max_part_bytes = 5ULL * 1024 * 1024 * 1024;

std::unexpected<Error> wrong(std::string message) {
  return fail(ErrorKind::config, std::move(message));
}

/// Characters that would end up in a URL or a signature's scope.
bool is_name(std::string_view text, std::string_view also) {
  return text.size() <= 255 && std::ranges::all_of(text, [&](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || also.contains(c);
         });
}

/// Members by type; the first of a wrong type is kept as the error.
class Members {
 public:
  explicit Members(const wire::json::object& object) {
    for (const auto& [name, value] : object) {
      std::string folded = ascii_lower(name);
      if (folded == name || !object_.contains(folded)) object_.insert_or_assign(folded, value);
    }
    // An exact name wins wherever it stands.
    for (const auto& [name, value] : object) {
      if (ascii_lower(name) == name) object_.insert_or_assign(name, value);
    }
  }

  std::string text(const char* name) { return take(name, wire::find_string(object_, name), std::string()); }
  bool flag(const char* name, bool otherwise) { return take(name, wire::find_bool(object_, name), otherwise); }
  /// From 0 to `most`; 0, or nothing, is `otherwise`.
  template <class Number>
  Number number(const char* name, Number most, Number otherwise) {
    // `5e6` and `5.0` are no integers to Go either.
    const auto* found = wire::find(object_, name);
    if (found != nullptr && found->is_double()) note(fmt::format("{} must be a whole number", name));
    const auto value = take(name, wire::find_int(object_, name), std::int64_t{0});
    if (value < 0) note(fmt::format("{} must not be negative: {}", name, value));
    if (std::cmp_greater(value, most)) note(fmt::format("{} must be at most {}: {}", name, most, value));
    return value <= 0 || error_ ? otherwise : static_cast<Number>(value);
  }
  /// A version: a small number that may also stand in quotes, with a `v` in front.
  std::int64_t number_or_text(const char* name) {
    const auto* value = wire::find(object_, name);
    if (value == nullptr || !value->is_string()) return take(name, wire::find_int(object_, name), std::int64_t{0});
    std::string_view text(value->get_string());
    if (text.starts_with('v')) text.remove_prefix(1);
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || (error == std::errc() && end == text.data() + text.size())) return number;
    note(fmt::format("{} must be a number", name));
    return 0;
  }
  [[nodiscard]] const std::optional<std::string>& error() const { return error_; }

 private:
  void note(std::string message) {
    if (!error_) error_ = std::move(message);
  }
  template <class T>
  T take(const char* name, Result<std::optional<T>> found, T otherwise) {
    if (found) return found->value_or(std::move(otherwise));
    // The parser's message names the member and not its value, which may be a secret.
    const std::string_view expected = std::is_same_v<T, std::string> ? "a string"
                                      : std::is_same_v<T, bool>      ? "true or false"
                                                                     : "a whole number";
    note(fmt::format("{} must be {}", name, expected));
    return otherwise;
  }

  wire::json::object object_;  ///< by names in lower case
  std::optional<std::string> error_;
};

Result<CredentialsSource> credentials_source_of(const std::string& name, const Config& config) {
  const bool has_key = !config.access_key_id.empty();
  const bool has_secret = !config.secret_access_key.empty();
  constexpr const char* missing = "access_key_id and secret_access_key must be provided";
  if (name.empty()) {
    if (has_key != has_secret) return wrong(missing);
    return has_key ? CredentialsSource::fixed : CredentialsSource::none;
  }
  if (name == "static") {
    if (!has_key || !has_secret) return wrong(missing);
    return CredentialsSource::fixed;
  }
  if (name != "env_or_profile" && name != "none") {
    return wrong(
        fmt::format("Invalid credentials_source: {}. It is one of 'static', 'env_or_profile' and 'none'", name));
  }
  if (has_key || has_secret) {
    return wrong(fmt::format("can't use access_key_id and secret_access_key with {} credentials_source", name));
  }
  return name == "none" ? CredentialsSource::none : CredentialsSource::env_or_profile;
}

void apply_host_rules(Config& config) {
  config.provider = provider_of(config.host);
  if (config.region.empty()) config.region = region_of_host(config.provider, config.host);
  if (config.region.empty()) config.region = "us-east-1";
  switch (config.provider) {
    case Provider::aws: config.multipart = true; break;
    case Provider::alibaba:
      config.multipart = true;
      config.host_style = true;
      config.upload_checksums = false;
      break;
    case Provider::google:
      config.multipart = false;
      config.upload_checksums = false;
      break;
    case Provider::other: break;
  }
}

Result<void> check(const Config& config) {
  if (!is_name(config.bucket, "-._")) return wrong(fmt::format("Invalid bucket_name: {}", config.bucket));
  if (!is_name(config.region, "-_")) return wrong(fmt::format("Invalid region: {}", config.region));
  if (config.signature_version != 2 && config.signature_version != 4) {
    return wrong(fmt::format("Invalid signature_version: {}. It is 2 or 4", config.signature_version));
  }
  if (!config.assume_role_arn.empty() && config.credentials_source == CredentialsSource::none) {
    return wrong("assume_role_arn needs credentials: keys, or credentials_source 'env_or_profile'");
  }
  if (config.copy_part_bytes < Config::k_least_part_bytes) {
    return wrong(fmt::format("multipart_copy_part_size must be at least {} bytes: {}", Config::k_least_part_bytes,
                             config.copy_part_bytes));
  }
  return {};
}

}  // namespace

std::string Config::key_of(std::string_view key) const {
  return folder.empty() ? std::string(key) : fmt::format("{}/{}", folder, key);
}

Result<Config> parse_config(std::string_view text) {
  const auto object = wire::parse_json_object(text, 32, k_max_config_bytes);
  if (!object) return wrong(object.error().message);
  Members members(*object);
  Config config;
  config.bucket = members.text("bucket_name");
  config.folder = members.text("folder_name");
  config.access_key_id = members.text("access_key_id");
  config.secret_access_key = members.text("secret_access_key");
  config.assume_role_arn = members.text("assume_role_arn");
  config.region = members.text("region");
  config.host = members.text("host");
  config.port = members.number<std::uint16_t>("port", std::numeric_limits<std::uint16_t>::max(), 0);
  config.use_ssl = members.flag("use_ssl", true);
  config.verify_peer = members.flag("ssl_verify_peer", true);
  const auto version = members.number_or_text("signature_version");
  config.signature_version = version == 0 ? 4 : static_cast<int>(std::clamp<std::int64_t>(version, -1, 1000));
  config.server_side_encryption = members.text("server_side_encryption");
  config.sse_kms_key_id = members.text("sse_kms_key_id");
  config.multipart = members.flag("multipart_upload", true);
  config.host_style = members.flag("host_style", false);
  // S3's uploads carry a checksum when both say so: each is switched off for stores that know none.
  const bool of_requests = members.flag("request_checksum_calculation_enabled", true);
  const bool of_uploader = members.flag("uploader_request_checksum_calculation_enabled", true);
  config.upload_checksums = of_requests && of_uploader;
  config.verify_downloads = members.flag("response_checksum_calculation_enabled", true);
  const auto part_bytes = [&](const char* name) {
    return members.number(name, k_max_part_bytes, Config::k_default_part_bytes);
  };
  const auto concurrency = [&](const char* name) {
    return std::min(Config::k_max_concurrency,
                    members.number(name, std::numeric_limits<int>::max(), Config::k_default_concurrency));
  };
  config.download_concurrency = concurrency("download_concurrency");
  config.upload_concurrency = concurrency("upload_concurrency");
  config.download_part_bytes = part_bytes("download_part_size");
  config.upload_part_bytes = part_bytes("upload_part_size");
  config.single_upload_bytes = members.number("single_upload_threshold", Config::k_max_put_bytes, std::uint64_t{0});
  config.copy_threshold_bytes =
      members.number("multipart_copy_threshold", Config::k_max_copy_bytes, Config::k_max_copy_bytes);
  config.copy_part_bytes =
      members.number("multipart_copy_part_size", k_max_part_bytes, Config::k_default_copy_part_bytes);
  config.swift_auth_account = members.text("swift_auth_account");
  config.swift_temp_url_key = members.text("swift_temp_url_key");
  const auto source = members.text("credentials_source");
  if (members.error()) return wrong(*members.error());
  if (config.bucket.empty()) return wrong("bucket_name must be set");
  ASSIGN_OR_RETURN(config.credentials_source, credentials_source_of(source, config));
  RETURN_IF_ERROR(complete_host(config));
  apply_host_rules(config);
  RETURN_IF_ERROR(check(config));
  return config;
}

Result<Config> load_config(const std::string& path) {
  ASSIGN_OR_RETURN(const auto text, read_small_file(path, k_max_config_bytes));
  auto config = parse_config(text);
  if (!config) return std::unexpected(wrap(std::move(config).error(), fmt::format("config {}", path)));
  return config;
}

}  // namespace sortie::s3cli
