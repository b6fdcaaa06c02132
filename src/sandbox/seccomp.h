#pragma once

#include <linux/filter.h>

#include <span>

#include "base/error.h"

namespace sortie::sandbox {

/// The system calls that programs in a sandbox may not make, as a BPF program for seccomp(2); made once. What has no
/// use in a function and has been the way out of sandboxes before is refused with EPERM: mounting, new namespaces,
/// tracing, keys, BPF, io_uring, modules; clone3 with ENOSYS, so that C libraries fall back to clone, whose flags can
/// be read; sockets of any family but UNIX, IPv4, IPv6 and netlink with EAFNOSUPPORT, because not all of the others
/// (VSOCK) are confined by a network namespace.
Result<std::span<const sock_filter>> system_call_filter();

}  // namespace sortie::sandbox
