#pragma once

#include <string>

#include "emulator/core/call.h"

namespace sortie::emulator {

/// Functions as other services invoke them, asynchronously and in their own name (implemented by emulator/lambda).
/// Whether they may is decided by the function's resource policy, for the service as principal, with `aws:SourceArn`
/// and `aws:SourceAccount`. io_context thread only.
class FunctionEvents {
 public:
  /// For what a service acts.
  struct Source {
    std::string service;  ///< `s3.amazonaws.com`
    std::string arn;      ///< `arn:aws:s3:::bucket`
    std::string region;   ///< where the function has to be
  };

  virtual ~FunctionEvents() = default;
  /// Whether the source may invoke the function, a version or an alias of that ARN: 404 `ResourceNotFoundException`
  /// when there is none, 403 `AccessDeniedException` when its policy does not allow it.
  virtual AwsResult<void> check(const Source& source, const std::string& function_arn) = 0;
  /// Accepts an invocation with `payload`, a JSON document. It is in the store when this returns, in the transaction
  /// that is open there, if any: what is rolled back is not run. Nothing happens when `check` would refuse, as on AWS.
  virtual void send(const Source& source, const std::string& function_arn, std::string payload) = 0;
};

}  // namespace sortie::emulator
