#pragma once

#include <vector>

#include "suite/protocol.h"

/// Tests that belong together (TestCase::unit) run in one process, in order. Pure.
namespace sortie::harness {

/// `tests` by unit, those of a unit in their order; each test without one by itself.
std::vector<std::vector<suite::TestCase>> split_units(const std::vector<suite::TestCase>& tests);

/// `tests`, and with them, as unasked, what stands before them in their units among `all`: whatever their order among
/// `tests`, that of `all` counts.
std::vector<suite::TestCase> with_needed(const std::vector<suite::TestCase>& tests,
                                         const std::vector<suite::TestCase>& all);

}  // namespace sortie::harness
