#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace sortie::emulator::lambda {

/// What the kernel would say to executing the file at `path`: 0, or an errno value.
int check_executable(const std::string& path);
/// errno in the words of Go's `fork/exec`, which Lambda's messages carry.
std::string_view exec_error_text(int error);
/// The errno value behind a sandbox's refusal to start a program.
int errno_of(const Error& error);

}  // namespace sortie::emulator::lambda
