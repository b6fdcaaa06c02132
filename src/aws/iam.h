#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "aws/client.h"

namespace sortie::aws {

struct CreateRoleRequest {
  std::string name;
  std::string assume_role_policy;  ///< JSON
  std::string path;                ///< empty: `/`
  std::string description;
  std::optional<int> max_session_seconds;
  std::string permissions_boundary;  ///< ARN
  std::vector<std::pair<std::string, std::string>> tags;
};

struct Role {
  std::string name;
  std::string arn;
  std::string id;
  std::string path;
  std::string created;             ///< ISO 8601
  std::string assume_role_policy;  ///< JSON, decoded
};

/// AWS IAM, API 2010-05-08, as far as roles need it.
class Iam {
 public:
  explicit Iam(ClientConfig config);

  Task<Result<Role>> create_role(CreateRoleRequest request);
  Task<Result<Role>> get_role(std::string role_name);
  Task<Result<void>> delete_role(std::string role_name);
  Task<Result<void>> put_role_policy(std::string role_name, std::string policy_name, std::string policy);
  Task<Result<void>> delete_role_policy(std::string role_name, std::string policy_name);
  Task<Result<void>> attach_role_policy(std::string role_name, std::string policy_arn);
  Task<Result<void>> detach_role_policy(std::string role_name, std::string policy_arn);

 private:
  Client client_;
};

}  // namespace sortie::aws
