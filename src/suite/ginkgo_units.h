#pragma once

#include <vector>

#include "suite/ginkgo_report.h"

/// Which specs belong together: those of one outermost Ordered container. The report says of a spec that it is in one,
/// not which of the containers around it that is. Pure.
namespace sortie::suite {

/// True when only a list in another order can tell: a container whose specs are all in Ordered containers and that has
/// no spec directly in it may be one itself, or hold several.
bool units_are_ambiguous(const GinkgoReport& report);

/// The unit of each spec; empty for one of its own. `shuffled` are reports of the same suite in other orders
/// (`randomize-all`), which keep Ordered containers whole: as far as they do not tell containers apart, those stay
/// together, which is safe.
std::vector<std::string> ginkgo_units(const GinkgoReport& report, const std::vector<GinkgoReport>& shuffled);

}  // namespace sortie::suite
