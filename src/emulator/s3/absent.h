#pragma once

#include <optional>
#include <string>

#include "emulator/core/call.h"
#include "emulator/s3/request.h"

namespace sortie::emulator::s3 {

/// 501 with the operation's name when the request's sub-resource belongs to an operation of S3 that the embedded AWS
/// does not have; nothing otherwise. Sub-resources that are handled must have been looked at before.
std::optional<AwsError> absent_operation(const Request& request);

}  // namespace sortie::emulator::s3
