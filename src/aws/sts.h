#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "aws/client.h"

namespace sortie::aws {

struct CallerIdentity {
  std::string account;
  std::string arn;
  std::string user_id;
};

struct AssumeRoleRequest {
  std::string role_arn;
  std::string session_name;
  std::string external_id;
  std::string policy;  ///< session policy, JSON
  std::optional<std::chrono::seconds> duration;
};

struct AssumeRoleWithWebIdentityRequest {
  std::string role_arn;
  std::string session_name;
  std::string token;
  std::optional<std::chrono::seconds> duration;
};

/// AWS STS, API 2011-06-15.
class Sts {
 public:
  explicit Sts(ClientConfig config);

  Task<Result<CallerIdentity>> get_caller_identity();
  Task<Result<Credentials>> assume_role(AssumeRoleRequest request);
  /// Not signed: the token is the proof.
  Task<Result<Credentials>> assume_role_with_web_identity(AssumeRoleWithWebIdentityRequest request);

 private:
  Client client_;
};

}  // namespace sortie::aws
