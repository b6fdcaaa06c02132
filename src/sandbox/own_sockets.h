#pragma once

#include <sys/types.h>

#include <cstdint>
#include <set>

#include "sandbox/notifier.h"

namespace sortie::sandbox {

/// Which of the machine's processes and loopback ports belong to the descendants of one process: without namespaces
/// nothing else tells a sandbox's own servers from everybody's.
class OwnSockets {
 public:
  explicit OwnSockets(pid_t ancestor) : ancestor_(ancestor) {}

  /// Every socket that listens on the destination's port is a descendant's, and there is one. A few system calls; more
  /// when the socket has not been seen before.
  bool listens(const Destination& destination);
  /// A descendant, by the number of its process or of any of its threads; the process itself is none.
  [[nodiscard]] bool is_descendant(pid_t pid) const;

 private:
  bool is_own(std::uint32_t inode);

  pid_t ancestor_;
  std::set<std::uint32_t> own_;  ///< inodes that have been found in a descendant
};

}  // namespace sortie::sandbox
