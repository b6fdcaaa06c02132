#include <array>

#include "suite/frameworks.h"

namespace sortie::suite {
namespace {

/// In the order of asking: a Ginkgo suite is a Go test binary too, and everything is a plain executable.
const std::array<const Framework*, 2>& all_frameworks() {
  static const std::array<const Framework*, 2> frameworks{&gtest(), &plain()};
  return frameworks;
}

}  // namespace

const Framework* find_framework(std::string_view name) {
  for (const Framework* framework : all_frameworks()) {
    if (framework->name() == name) return framework;
  }
  return nullptr;
}

const Framework& detect_framework(std::string_view executable_bytes) {
  for (const Framework* framework : all_frameworks()) {
    if (framework->recognises(executable_bytes)) return *framework;
  }
  return plain();
}

}  // namespace sortie::suite
