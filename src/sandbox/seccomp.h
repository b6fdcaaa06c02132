#pragma once

#include <linux/filter.h>

#include <span>

#include "base/error.h"

namespace sortie::sandbox {

/// What is not the same in every kind of sandbox.
struct FilterOptions {
  /// ptrace(2) and what goes with it, among the sandbox's own programs: LeakSanitizer and debuggers need it. Only where
  /// others are out of reach by other means: in a pid namespace, or under Landlock.
  bool tracing = false;
  /// The calls that send signals are answered by a Notifier, which cannot tell whose process a descriptor stands for:
  /// pidfd_send_signal is refused with ENOSYS.
  bool notified_signals = false;
};

/// The system calls that programs in a sandbox may not make, as a BPF program for seccomp(2); made once for the same
/// options. What has no use in a function and has been the way out of sandboxes before is refused with EPERM: mounting,
/// new namespaces, keys, BPF, io_uring, modules; clone3 with ENOSYS, so that C libraries fall back to clone, whose
/// flags can be read; sockets of any family but UNIX, IPv4, IPv6 and netlink with EAFNOSUPPORT, because not all of the
/// others (VSOCK) are confined by a network namespace.
Result<std::span<const sock_filter>> system_call_filter(FilterOptions options);

}  // namespace sortie::sandbox
