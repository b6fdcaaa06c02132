#pragma once

#include <string>

#include "base/error.h"
#include "sandbox/cgroup.h"

namespace sortie::sandbox {

/// Names of this process's control groups begin so.
std::string cgroup_prefix();

/// Once: removes empty groups that dead processes have left, and starts the process that makes groups ahead and removes
/// all of this one's when it is killed. That one waits on a socket whose other end is held here, outlives this process
/// by milliseconds, and holds nothing else of it.
Result<void> watch_cgroups(const CgroupPlaces& places);

/// The name of a group that is there already in every hierarchy, without a limit and with nothing in it; empty when
/// none is ready.
std::string take_spare_cgroup();
/// For later sandboxes; best when nothing else has to do with control groups: the kernel has one lock for all of them.
void replace_taken_cgroups();

}  // namespace sortie::sandbox
