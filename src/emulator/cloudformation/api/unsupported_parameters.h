#pragma once

#include "emulator/core/call.h"
#include "wire/query_protocol.h"

namespace sortie::emulator::cloudformation {

/// Refuses by name what requests may ask of AWS but not of the embedded AWS, whatever else they say: 501.
AwsResult<void> check_unsupported_parameters(const wire::QueryInput& input);

}  // namespace sortie::emulator::cloudformation
