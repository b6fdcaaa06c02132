#pragma once

#include "emulator/core/call.h"
#include "emulator/core/ports.h"
#include "emulator/lambda/execution/deployment.h"
#include "emulator/lambda/execution/environment_services.h"
#include "emulator/lambda/logging/function_log.h"

namespace sortie::emulator::lambda {

/// The credentials that a function runs with: a session of its role. io_context thread only.
class FunctionRole {
 public:
  /// What is referred to outlives the object.
  FunctionRole(EnvironmentServices& services, const Deployment& deployment)
      : services_(services), deployment_(deployment) {}

  /// A new session. 403 AccessDeniedException for a role that cannot be assumed.
  AwsResult<void> assume();
  /// The same when the present one ends soon.
  AwsResult<void> renew();
  /// Whether the role may write into the function's log.
  [[nodiscard]] bool may_write_logs(const LogTarget& target) const;
  [[nodiscard]] const SessionCredentials& credentials() const { return credentials_; }

 private:
  EnvironmentServices& services_;
  const Deployment& deployment_;
  SessionCredentials credentials_;
};

}  // namespace sortie::emulator::lambda
