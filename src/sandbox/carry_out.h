#pragma once

#include <linux/seccomp.h>

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/unique_fd.h"
#include "sandbox/notifier.h"

namespace sortie::sandbox {

/// How a call ends for the program that made it.
struct Answer {
  std::int64_t value = 0;
  int error = 0;       ///< errno; 0: it succeeds with `value`
  bool go_on = false;  ///< neither: the kernel makes the call

  static Answer success(std::int64_t value = 0) { return {value, 0, false}; }
  static Answer failure(int error) { return {0, error, false}; }
  static Answer leave() { return {0, 0, true}; }
};

/// A call that waits at the engine's end of a filter, and what has been done for it so far.
struct NotifiedCall {
  seccomp_notif notification{};
  int listener = -1;     ///< borrowed
  UniqueFd replacement;  ///< is going to take the place of the caller's socket
  std::chrono::steady_clock::time_point began = std::chrono::steady_clock::now();

  /// False once the caller has gone, or has been called away by a signal: what was read under its number may have been
  /// another's.
  [[nodiscard]] bool still_waits() const;
};

/// Does with a call what the policy says. Never blocks; nothing when the program would have to wait: to be called again
/// after a while.
std::optional<Answer> carry_out(NotifiedCall& call, const ConnectPolicy& policy);

}  // namespace sortie::sandbox
