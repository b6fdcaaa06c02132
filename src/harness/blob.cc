#include "harness/blob.h"

// harness_blob.S, made by cmake/harness.cmake.
extern "C" {
extern const char sortie_harness_begin[];
extern const char sortie_harness_end[];
}

namespace sortie::harness {

std::span<const char> harness_executable() {
  return {sortie_harness_begin, sortie_harness_end};
}

}  // namespace sortie::harness
