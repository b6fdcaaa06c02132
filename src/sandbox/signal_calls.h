#pragma once

#include <linux/seccomp.h>

#include "sandbox/carry_out.h"

namespace sortie::sandbox {

/// kill, tkill, tgkill and their queueing sisters: to a process that the policy names, or to the caller's own group (of
/// its own session), as asked; to anything else as if it were not there, and to everything (-1) not at all.
Answer judge_signal(const seccomp_data& call, const ConnectPolicy& policy);

}  // namespace sortie::sandbox
