#include <array>

#include "suite/frameworks.h"

namespace sortie::suite {
namespace {

/// In the order of asking: a Ginkgo suite is a Go test binary too, and everything is a plain executable.
const std::array<const Framework*, 9>& all_frameworks() {
  static const std::array<const Framework*, 9> frameworks{&gtest(),          &ginkgo2(), &ginkgo1(),
                                                          &early_ginkgo(),   &go(),      &go_before_1_20(),
                                                          &go_before_1_16(), &libtest(), &plain()};
  return frameworks;
}

}  // namespace

std::size_t count_that_fit(const std::vector<TestCase>& tests, std::size_t limit) {
  std::size_t size = 0;
  std::size_t count = 0;
  for (const TestCase& test : tests) {
    size += 2 * test.name.size() + 1;
    if (size > limit && count > 0) break;
    ++count;
  }
  return count;
}

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
