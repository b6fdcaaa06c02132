#pragma once

#include "emulator/lambda/api/operation.h"

/// Destinations: functions that are sent how an asynchronous invocation ended.
/// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
namespace sortie::emulator::lambda {

/// What a request names as destinations must be functions that are there, and not `function` itself.
AwsResult<void> check_destinations(const Operation& operation, const Function& function);

}  // namespace sortie::emulator::lambda
