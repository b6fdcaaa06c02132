#pragma once

#include <string_view>

namespace sortie::emulator::lambda {

/// True for the names of environment variables that a function's configuration may not set.
/// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
bool is_reserved_variable(std::string_view name);

}  // namespace sortie::emulator::lambda
