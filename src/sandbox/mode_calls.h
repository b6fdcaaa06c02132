#pragma once

#include <sys/syscall.h>

#include "sandbox/carry_out.h"

namespace sortie::sandbox {

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452  // Linux 6.6; the same on every architecture
#endif

/// chmod and its kin, which Landlock does not confine: the engine makes them on files of the sandbox's own folder;
/// elsewhere they fail with EPERM.
Answer carry_out_mode(const NotifiedCall& call, const ConnectPolicy& policy);

}  // namespace sortie::sandbox
