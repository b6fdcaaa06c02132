#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <span>

#include "base/error.h"

namespace sortie::sandbox {

/// What is handed over besides: calls that a sandbox without namespaces must not make as it likes.
struct NotifiedBesides {
  /// kill and its kin, where Landlock cannot confine them (before Linux 6.12). pidfd_send_signal never is: the
  /// supervisor uses it, and `system_call_filter` refuses it to the programs.
  bool signals = false;
  /// chmod and its kin, which Landlock does not confine. Extended attributes, access lists among them, are not
  /// supported.
  bool modes = false;
  /// Opening a file by its path to be read, without any other flag: as fopen does, and so TLS libraries their trust
  /// stores, but no loader of programs and none of the usual interpreters, whose many opens are not worth what it would
  /// cost. And making files: those in /tmp are the sandbox's own.
  bool opens = false;
};

/// The calls that a Notifier answers, as a BPF program for seccomp(2): connect, sendmsg, sendmmsg, and sendto where it
/// has an address. Everything else passes at the cost of a few comparisons. Two calls are answered in the filter
/// itself: sending with TCP's fast open, which connects on the way, is not supported; and a program that wants to be
/// closed to its own user's other processes (PR_SET_DUMPABLE) is told that it is: the engine must be able to read its
/// addresses. Made once for the same choice.
Result<std::span<const sock_filter>> notify_filter(NotifiedBesides besides);

/// Puts the calling thread, and what it starts, under the filter. Answers the descriptor for a Notifier, or -errno.
/// Needs no_new_privs. Raw: see raw_syscall.h.
long install_notify_filter(const sock_fprog& program);

}  // namespace sortie::sandbox
