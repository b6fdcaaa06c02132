#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "emulator/core/call.h"
#include "emulator/core/ports.h"
#include "http/service.h"

namespace sortie::emulator {

/// What an instance knows of itself.
struct InstanceIdentity {
  std::string id;  ///< `i-` and 17 digits
  std::string account;
  std::string region;
  std::string role_name;
  std::string role_arn;
};

/// The credentials of the instance's role as of now; asked for at each request.
using RoleCredentials = std::function<AwsResult<SessionCredentials>()>;

/// The instance metadata service of EC2, version 2 alone: a token must be had by PUT first.
/// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
/// io_context thread only.
class InstanceMetadata final : public http::Service {
 public:
  InstanceMetadata(const Clock& clock, InstanceIdentity identity, RoleCredentials credentials);
  Task<Result<http::Response>> handle(http::Request request) override;

 private:
  http::Response give_token(const http::Request& request);
  [[nodiscard]] bool has_token(const http::Request& request) const;
  [[nodiscard]] http::Response answer(std::string_view path);
  [[nodiscard]] std::string security_credentials();
  [[nodiscard]] std::string identity_document() const;

  const Clock& clock_;
  InstanceIdentity identity_;
  RoleCredentials credentials_;
  SystemTime launched_;
  std::map<std::string, SystemTime, std::less<>> tokens_;  ///< and when each ends
};

/// The credentials endpoint of ECS and its like: the value of AWS_CONTAINER_CREDENTIALS_RELATIVE_URI names the role.
/// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
class ContainerCredentials final : public http::Service {
 public:
  ContainerCredentials(const Clock& clock, std::string path, std::string role_arn, RoleCredentials credentials);
  Task<Result<http::Response>> handle(http::Request request) override;

 private:
  const Clock& clock_;
  std::string path_;
  std::string role_arn_;
  RoleCredentials credentials_;
};

}  // namespace sortie::emulator
