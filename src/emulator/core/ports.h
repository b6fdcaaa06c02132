#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/core/call.h"

/// What the services of the embedded AWS need of each other, as interfaces: no service includes another's folder.
/// All of it: io_context thread only.
namespace sortie::emulator {

/// A request to IAM.
struct AuthorizationRequest {
  std::string action;            ///< `s3:GetObject`
  std::string resource;          ///< ARN, or `*`
  std::string resource_account;  ///< owner of the resource; empty: the embedded AWS's account
  std::string resource_policy;   ///< JSON document on the resource, empty when there is none
  std::vector<std::pair<std::string, std::string>>
      context;  ///< condition keys of the service (`s3:prefix`); repeated keys are multi-valued
};

/// IAM's decisions (implemented by emulator/iam).
class Authorizer {
 public:
  virtual ~Authorizer() = default;
  /// Denied: 403 `AccessDenied` (services rename the code where AWS does: `AccessDeniedException`) with AWS's sentence
  /// "User: ARN is not authorized to perform: ACTION on resource: "ARN" because no identity-based policy allows the
  /// ACTION action" (or "with an explicit deny in a …"). Global keys (aws:SourceIp, aws:SecureTransport,
  /// aws:PrincipalArn, …) are filled from the call.
  virtual AwsResult<void> authorize(const Call& call, const AuthorizationRequest& request) = 0;
  /// Whether `document` can be a resource policy: 400 `MalformedPolicyDocument` with IAM's words when it cannot
  /// (services rename the code: S3 has `MalformedPolicy`). IAM overrides this; a fake accepts everything.
  virtual AwsResult<void> check_resource_policy(std::string_view document) {
    (void)document;
    return {};
  }
  /// A resource policy as it is kept: users and roles of this account that it names as principals are replaced by their
  /// unique ids, so that one who is deleted and made again under the same name is not trusted. Other text stays as it
  /// is. A fake changes nothing.
  virtual std::string stored_policy(const std::string& document) { return document; }
  /// The inverse, for answers: ids of those who are still there become ARNs, the others stay ids, as AWS shows them.
  virtual std::string shown_policy(const std::string& document) { return document; }
};

/// Credentials handed to a function.
struct SessionCredentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;
  SystemTime expires{};
};

/// Roles and keys (implemented by emulator/iam).
class Identities {
 public:
  virtual ~Identities() = default;
  struct Key {
    std::string secret_access_key;
    std::string session_token;  ///< must be sent along when not empty
    std::optional<SystemTime> expires;
    bool active = true;
    Principal principal;
  };
  /// The key behind an access key id.
  virtual std::optional<Key> find_key(std::string_view access_key_id) = 0;
  /// True when the role exists and its trust policy lets `service_principal` assume it.
  virtual AwsResult<void> check_assumable(const std::string& role_arn, const std::string& service_principal) = 0;
  /// When the role was made; nothing when there is none. IAM overrides this; a fake's roles are as old as time.
  virtual std::optional<SystemTime> role_created(const std::string& role_arn) {
    (void)role_arn;
    return SystemTime{};
  }
  /// Assumes the role as a service does.
  virtual AwsResult<SessionCredentials> assume_for_service(const std::string& role_arn,
                                                           const std::string& service_principal,
                                                           const std::string& session_name,
                                                           std::chrono::seconds duration) = 0;
  /// An authenticated request was made: when, where and with which service keys and roles were used last.
  virtual void note_use(const Call& call) { (void)call; }
};

/// What AssumeRole asks for. Forms are checked by STS.
struct AssumeRoleRequest {
  std::string role_arn;
  std::string session_name;
  std::chrono::seconds duration{3600};
  std::string external_id;
  std::string policy;                    ///< inline session policy, JSON
  std::vector<std::string> policy_arns;  ///< managed session policies
  std::vector<std::pair<std::string, std::string>> tags;
  std::vector<std::string> transitive_tags;  ///< keys of `tags`
  std::string source_identity;
};

struct AssumedRole {
  SessionCredentials credentials;
  Principal principal;
  int packed_policy_percent = 0;  ///< how much of the session's size limit policies and tags take
};

/// Temporary credentials as STS gives them out (implemented by emulator/iam).
class Sessions {
 public:
  virtual ~Sessions() = default;
  /// Evaluates the caller's policies and the role's trust policy.
  virtual AwsResult<AssumedRole> assume_role(const Call& call, const AssumeRoleRequest& request) = 0;
  /// Temporary credentials of the caller itself, a user or root.
  virtual AwsResult<SessionCredentials> session_token(const Call& call, std::chrono::seconds duration) = 0;
};

struct LogEvent {
  SystemTime timestamp;
  std::string message;
};

/// CloudWatch Logs as other services write to it (implemented by emulator/logs).
class LogSink {
 public:
  virtual ~LogSink() = default;
  /// Creates group and stream when they are not there. Events are split at Logs' own limits, never dropped.
  virtual void put(const std::string& region, const std::string& group, const std::string& stream,
                   std::vector<LogEvent> events) = 0;
  /// Whether the group is there already: who may not make it may still write into it. Logs overrides this.
  virtual bool has_group(const std::string& region, const std::string& group) {
    (void)region;
    (void)group;
    return true;
  }
};

/// Operations of other services, as one service asks for them on behalf of its caller (implemented by Router).
class ServiceCalls {
 public:
  virtual ~ServiceCalls() = default;
  /// `request` as it would come over the network but unsigned, with its body in memory; it is authorized as the
  /// principal of `on_behalf_of`, in that call's region. `service` is a signing name (`s3`, `iam`, …). Bucket names go
  /// into the path. A service that is not there answers 501.
  virtual Task<http::Response> call(const Call& on_behalf_of, const std::string& service, http::Request request) = 0;
};

/// Objects as other services read them (implemented by emulator/s3).
class ObjectSource {
 public:
  virtual ~ObjectSource() = default;
  virtual Task<AwsResult<std::string>> get_object(const Call& on_behalf_of, const std::string& bucket,
                                                  const std::string& key, const std::string& version_id,
                                                  std::size_t limit) = 0;
};

}  // namespace sortie::emulator
