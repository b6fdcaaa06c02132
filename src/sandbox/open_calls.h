#pragma once

#include "sandbox/carry_out.h"

namespace sortie::sandbox {

/// open and openat by a path: another file where the policy has one in its place, a file of the sandbox's own folder
/// for one of /tmp; the rest is left to the kernel.
Answer carry_out_open(const NotifiedCall& call, const ConnectPolicy& policy);

}  // namespace sortie::sandbox
