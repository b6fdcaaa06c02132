#pragma once

#include <memory>
#include <string>

#include "base/task.h"
#include "emulator/cloudformation/resources/step.h"
#include "emulator/core/ports.h"

namespace sortie::emulator::cloudformation {

/// The principal that the requests to other services are authorized as: a call without its request.
using Caller = std::shared_ptr<const Call>;

/// The caller of `call`; with `role_arn` a session of that role. ValidationError when CloudFormation cannot assume it.
AwsResult<Caller> caller_for(Identities& identities, const Call& call, const std::string& role_arn);

/// Sends one request to another service and reads the answer, at most 8 MB. `services` must outlive the task.
Task<Reply> send_request(ServiceCalls& services, Caller caller, std::string service, http::Request request);

}  // namespace sortie::emulator::cloudformation
