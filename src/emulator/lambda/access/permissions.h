#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "emulator/core/call.h"
#include "emulator/core/ports.h"
#include "emulator/lambda/catalogue/function.h"

namespace sortie::emulator::lambda {

/// Condition keys and their values.
using ContextKeys = std::vector<std::pair<std::string, std::string>>;

/// What IAM allows, asked in Lambda's way. io_context thread only.
class Permissions {
 public:
  /// A role younger than `role_propagation` cannot be assumed yet. What is referred to outlives the object.
  Permissions(const Clock& clock, Authorizer& authorizer, Identities& identities, std::string account,
              std::chrono::seconds role_propagation)
      : clock_(clock),
        authorizer_(authorizer),
        identities_(identities),
        account_(std::move(account)),
        role_propagation_(role_propagation) {}

  /// 403 AccessDeniedException when the caller may not do `action` (`lambda:GetFunction`) on `resource`, whose own
  /// policy counts.
  AwsResult<void> authorize(const Call& call, std::string_view action, std::string resource, std::string policy = {},
                            ContextKeys context = {});
  /// Whether the caller may give a function this role, and Lambda may assume it.
  AwsResult<void> check_pass_role(const Call& call, const std::string& role);
  /// Whether the role of `function` may invoke the function of that ARN.
  bool role_may_invoke(const Function& function, const std::string& arn);

 private:
  const Clock& clock_;
  Authorizer& authorizer_;
  Identities& identities_;
  std::string account_;
  std::chrono::seconds role_propagation_;
};

}  // namespace sortie::emulator::lambda
