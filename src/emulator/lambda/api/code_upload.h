#pragma once

#include <string_view>

#include "emulator/lambda/api/operation.h"

namespace sortie::emulator::lambda {

/// The package that `member` of the body names, or the body itself when it is empty; takes the text of a ZipFile out of
/// it. To be called during a turn of Packages.
Task<AwsResult<Code>> take_code(Operation& operation, std::string_view member);
/// Where to get a package: `kind` is `functions` or `layers`. Empty when the caller has no key that could sign it.
std::string code_location(const Operation& operation, std::string_view kind, const std::string& name,
                          const std::string& code_id);

}  // namespace sortie::emulator::lambda
