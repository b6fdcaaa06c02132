#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "suite/ginkgo_report.h"

/// What the output of a dry run tells about a suite. Pure.
namespace sortie::suite {

/// Go's own tests in a suite's binary: one of them runs the specs.
struct GinkgoFunctions {
  std::string runs_specs;          ///< empty when the output does not show it
  std::vector<std::string> plain;  ///< the others, in order
};
/// `tests` is Go's list, `verbose_output` what a dry run with `-test.v` printed.
GinkgoFunctions ginkgo_functions(const std::vector<std::string>& tests, std::string_view verbose_output);

/// The specs as a verbose dry run prints them, for versions that write no report (before 1.11). ErrorKind::protocol
/// when they are not as many as the suite itself counts. Those that a focus in the source leaves out are marked by a
/// letter alone: they are in `total`, and not among `specs`.
Result<GinkgoReport> read_ginkgo_dry_run(std::string_view output);

}  // namespace sortie::suite
