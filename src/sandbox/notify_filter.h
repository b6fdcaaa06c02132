#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <span>

#include "base/error.h"

namespace sortie::sandbox {

/// Whether the calls that send signals are handed over too: where Landlock cannot confine them (before Linux 6.12).
/// pidfd_send_signal never is: the supervisor uses it, and `system_call_filter` refuses it to the programs.
enum class NotifySignals : std::uint8_t { no, yes };

/// The calls that a Notifier answers, as a BPF program for seccomp(2): connect, sendmsg, sendmmsg, and sendto where it
/// has an address. Everything else passes at the cost of a few comparisons. Two calls are answered in the filter
/// itself: sending with TCP's fast open, which connects on the way, is not supported; and a program that wants to be
/// closed to its own user's other processes (PR_SET_DUMPABLE) is told that it is: the engine must be able to read its
/// addresses. Made once for each.
Result<std::span<const sock_filter>> notify_filter(NotifySignals signals);

/// Puts the calling thread, and what it starts, under the filter. Answers the descriptor for a Notifier, or -errno.
/// Needs no_new_privs. Raw: see raw_syscall.h.
long install_notify_filter(const sock_fprog& program);

}  // namespace sortie::sandbox
