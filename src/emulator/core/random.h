#pragma once

#include <cstddef>
#include <string>

namespace sortie::emulator {

/// Bytes that nobody can guess, for keys and tokens. Throws when the system has none: nothing may go on without.
std::string random_bytes(std::size_t count);

}  // namespace sortie::emulator
