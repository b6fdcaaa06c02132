#pragma once

#include <span>

namespace sortie::harness {

/// The harness program: a static executable, carried by `sortie` as data and put into each package as `bootstrap`.
std::span<const char> harness_executable();

}  // namespace sortie::harness
