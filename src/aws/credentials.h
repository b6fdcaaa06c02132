#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "aws/retry.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/task.h"
#include "http/service.h"

/// Where AWS credentials and the region come from: "Standardized credential providers", AWS SDKs and tools reference.
namespace sortie::aws {

using Environment = std::map<std::string, std::string>;

/// The process's own environment.
Environment process_environment();

struct Credentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;          ///< empty: none
  std::optional<SystemTime> expires;  ///< nothing: never
  std::string source;                 ///< for messages: `environment`, `profile "dev"`, …
};

/// Gives credentials, asking again when the ones it has are about to expire. io_context thread only.
class CredentialsProvider {
 public:
  virtual ~CredentialsProvider() = default;
  /// ErrorKind::config when this source has none, other kinds when it has but could not be asked.
  virtual Task<Result<Credentials>> get() = 0;
  /// What was given last was refused as expired: the next `get` asks the source again.
  virtual void invalidate() {}
};

class StaticCredentials final : public CredentialsProvider {
 public:
  explicit StaticCredentials(Credentials credentials) : credentials_(std::move(credentials)) {}
  Task<Result<Credentials>> get() override { co_return credentials_; }

 private:
  Credentials credentials_;
};

/// Keeps what `source` gave until 5 minutes before it expires. When a refresh fails and the old credentials still hold,
/// those are given. Concurrent callers share one refresh.
class CachedCredentials final : public CredentialsProvider {
 public:
  CachedCredentials(std::unique_ptr<CredentialsProvider> source, const Clock& clock);
  ~CachedCredentials() override;
  Task<Result<Credentials>> get() override;
  void invalidate() override;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// Asks one after the other; a source that has nothing (ErrorKind::config) gives way to the next, other failures end
/// the search. The error at the end names every source.
class CredentialsChain final : public CredentialsProvider {
 public:
  explicit CredentialsChain(std::vector<std::unique_ptr<CredentialsProvider>> sources);
  Task<Result<Credentials>> get() override;

 private:
  std::vector<std::unique_ptr<CredentialsProvider>> sources_;
};

struct ChainOptions {
  http::Service& service;  ///< for STS, SSO, container and instance metadata
  const Clock& clock;
  Environment environment;
  std::string
      profile;  ///< `--profile`; empty: AWS_PROFILE, then `default`. When given, AWS_ACCESS_KEY_ID is not looked at.
  std::string region;  ///< for STS; empty: as `resolve_region`, at last us-east-1
  RetryOptions retry;  ///< of STS, SSO, container and instance metadata
};

/// The usual order: environment, web identity, shared config and credentials files, container, EC2 instance (IMDSv2,
/// unless AWS_EC2_METADATA_DISABLED). Cached. `service` and `clock` must outlive it.
std::unique_ptr<CredentialsProvider> default_credentials(ChainOptions options);

/// The single sources, as `default_credentials` uses them.
std::unique_ptr<CredentialsProvider> environment_credentials(Environment environment);
std::unique_ptr<CredentialsProvider> profile_credentials(ChainOptions options);
std::unique_ptr<CredentialsProvider> web_identity_credentials(ChainOptions options);
std::unique_ptr<CredentialsProvider> container_credentials(ChainOptions options);
std::unique_ptr<CredentialsProvider> instance_credentials(ChainOptions options);

struct AssumeRoleOptions {
  std::string role_arn;
  std::string session_name;  ///< empty: `sortie-` and the time
  std::string external_id;
  std::chrono::seconds duration{3600};
};
/// `base` credentials exchanged for those of a role by STS. Not cached.
std::unique_ptr<CredentialsProvider> assume_role_credentials(ChainOptions options,
                                                             std::unique_ptr<CredentialsProvider> base,
                                                             AssumeRoleOptions role);

/// AWS_REGION, AWS_DEFAULT_REGION, then the profile's `region`. ErrorKind::config when none says.
Result<std::string> resolve_region(const Environment& environment, const std::string& profile = {});
/// AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL, then the profile's `endpoint_url`; nothing when none says or
/// AWS_IGNORE_CONFIGURED_ENDPOINT_URLS is true. `service` like `lambda`, `s3`.
std::optional<std::string> resolve_endpoint_url(const Environment& environment, const std::string& service,
                                                const std::string& profile = {});

}  // namespace sortie::aws
