#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace sortie::emulator::lambda {

/// What a program of this machine prints to standard output, at most the first 4 KB of it; nothing when it cannot be
/// started, does not end well, or not within `limit`: then it is killed. Blocking. Its environment is a PATH alone.
std::optional<std::string> program_output(const std::vector<std::string>& command,
                                          std::chrono::seconds limit = std::chrono::seconds(10));

}  // namespace sortie::emulator::lambda
