#pragma once

#include <string>

#include "sandbox/sandbox.h"

namespace sortie::sandbox {

// What takes the place of namespaces where they are not allowed: the host's own file system, with a folder for
// temporary files, and paths that are translated on the way in.

/// A new folder below $TMPDIR or /tmp, for this user alone.
Result<std::string> make_temporary_folder();

/// Where the file that is `path` inside a sandbox is on the host: through the mount that contains it; `/tmp` is the
/// temporary folder; anything else is itself.
std::string host_path(const Spec& spec, const std::string& temporary_folder, const std::string& path);

using Environment = std::vector<std::pair<std::string, std::string>>;
/// Those of `variables` whose names are not there yet.
void add_missing(Environment& environment, Environment variables);

/// The command with program and working folder translated, and TMPDIR set unless it is given.
Command host_command(const Spec& spec, const std::string& temporary_folder, Command command);

/// RLIMIT_NPROC counts all processes of a user: those that run now and `more`.
std::uint64_t process_limit(std::uint32_t more);

}  // namespace sortie::sandbox
