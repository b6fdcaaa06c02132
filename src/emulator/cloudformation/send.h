#pragma once

#include <memory>
#include <string>

#include "base/task.h"
#include "emulator/cloudformation/step.h"
#include "emulator/core/ports.h"

namespace sortie::emulator::cloudformation {

/// In whose name an operation asks the other services: a call without its request.
using Caller = std::shared_ptr<const Call>;

/// Sends one request to another service and reads the answer, at most 8 MB. `services` must outlive the task.
Task<Reply> send_request(ServiceCalls& services, Caller caller, std::string service, http::Request request);

}  // namespace sortie::emulator::cloudformation
