#pragma once

#include <map>
#include <string>
#include <vector>

#include "aws/client.h"

namespace sortie::aws {

struct CreateStackRequest {
  std::string name;
  std::string template_body;              ///< JSON or YAML, at most 51,200 bytes
  std::vector<std::string> capabilities;  ///< `CAPABILITY_NAMED_IAM`
  std::string on_failure;                 ///< empty: ROLLBACK
};

struct Stack {
  std::string id;
  std::string name;
  std::string status;  ///< `CREATE_IN_PROGRESS`, …
  std::string status_reason;
  std::map<std::string, std::string> outputs;
};

struct StackResource {
  std::string logical_id;
  std::string physical_id;  ///< empty until it exists
  std::string type;         ///< `AWS::IAM::Role`
  std::string status;
  std::string status_reason;
};

/// AWS CloudFormation, API 2010-05-15, as far as a stack for the time of a run needs it.
class CloudFormation {
 public:
  explicit CloudFormation(ClientConfig config);

  /// The stack's id.
  Task<Result<std::string>> create_stack(CreateStackRequest request);
  /// By name, or by id also after its deletion. ErrorKind::not_found when there is none.
  Task<Result<Stack>> describe_stack(std::string stack);
  Task<Result<std::vector<StackResource>>> describe_stack_resources(std::string stack);
  /// The newest events, at most 100, newest first.
  Task<Result<std::vector<StackResource>>> describe_stack_events(std::string stack);
  Task<Result<void>> delete_stack(std::string stack);

 private:
  Client client_;
};

}  // namespace sortie::aws
