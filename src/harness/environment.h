#pragma once

#include <string>

namespace sortie::harness {

/// What would keep the next test from using `folder` (the environment's /tmp), in words that follow a test's name:
/// `left /tmp full`. Empty when it can be used.
std::string what_spoils(const std::string& folder);
/// Empties it and opens it again: as in a new environment.
void restore(const std::string& folder);

}  // namespace sortie::harness
