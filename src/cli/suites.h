#pragma once

#include <vector>

#include "base/error.h"
#include "cli/options.h"
#include "package/package.h"
#include "suite/protocol.h"

namespace sortie::cli {

/// The suites that the user means, with everything that belongs to them.
struct Suites {
  package::PackageSpec package;
  /// One a suite: arguments and environment; `executable` and `framework` are filled from the finished package.
  std::vector<suite::SuiteSpec> specs;
};

/// Command line and `sortie.toml` together. No SUITE: all of the file's; a SUITE that is a name of the file's: that
/// one; anything else is a path. A suite without a name of its own is called by its file's name, or by as much of its
/// path as tells it apart; named twice on the command line, it runs once. ErrorKind::usage, config.
Result<Suites> resolve_suites(const PackageOptions& package, const FunctionOptions& function);

}  // namespace sortie::cli
