#pragma once

#include <string>

#include "base/unique_fd.h"
#include "sandbox/notified_call.h"

namespace sortie::sandbox {

/// Opens (O_PATH) a file below `folder`, so that no later change of the path leads elsewhere. EACCES for a path that
/// leaves it, by whatever links.
Copied<UniqueFd> open_below(const std::string& folder, const std::string& absolute_path);

/// The path by which this process reaches what it has opened.
std::string path_of(const UniqueFd& file);

}  // namespace sortie::sandbox
