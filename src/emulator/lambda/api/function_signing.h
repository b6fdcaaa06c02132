#pragma once

#include "emulator/lambda/api/operation.h"

namespace sortie::emulator::lambda {

/// Whether a package may come into the function: its code signing configuration, if it has one, must let in what nobody
/// has signed.
AwsResult<void> check_code_signing(const Operation& operation, const Function& function);

}  // namespace sortie::emulator::lambda
