#pragma once

#include <string>

#include "base/error.h"
#include "sandbox/cgroup.h"

namespace sortie::sandbox {

/// Names of this process's control groups begin so.
std::string cgroup_prefix();

/// Once: removes empty groups that dead processes have left, and starts the process that removes this one's when it is
/// killed. That one waits on a pipe whose other end is held here, outlives this process by milliseconds, and holds
/// nothing else of it.
Result<void> watch_cgroups(const CgroupPlaces& places);

}  // namespace sortie::sandbox
