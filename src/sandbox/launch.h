#pragma once

#include <linux/filter.h>

#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "sandbox/mount.h"
#include "sandbox/network.h"

namespace sortie::sandbox {

/// What the supervisor is started with, in a sandbox or without one. Descriptors are borrowed.
struct SupervisorFds {
  int control = -1;
  int shared = -1;
  int freezer_join = -1;   ///< -1: none
  int freezer_state = -1;  ///< -1: none
  int landlock = -1;       ///< -1: none
  int memory_usage = -1;   ///< -1: none
  int memory_stat = -1;    ///< -1: none
};

/// How to enter the control groups: before anything else, so that all that follows is counted.
struct CgroupEntry {
  std::vector<int> join;  ///< v1: `tasks` files, a process writes 0 there
  int born_into = -1;     ///< v2: a folder that the process is born into; -1: none
};

struct LaunchPlan {
  const Template* base = nullptr;  ///< null: no namespaces at all
  std::vector<ReadOnlyMount> mounts;
  bool own_network = true;
  int host_mounts = -1;  ///< for a plain user: a copy of the host's mount namespace; -1: make one
  int network = -1;      ///< a network namespace with loopback up; -1: make one
  std::vector<ListenStep> listen;
  std::uint64_t tmp_bytes = 0;
  std::uint64_t shm_bytes = 0;
  std::span<const sock_filter> notify_filter;  ///< for the supervisor and all that it starts; empty: none
  CgroupEntry cgroup;
  SupervisorFds fds;
};

struct Launched {
  UniqueFd pidfd;  ///< the supervisor, a child of this process; to be reaped with waitid
  int pid = 0;
  std::vector<UniqueFd> listeners;
  UniqueFd host_mounts;    ///< the copy that was made
  UniqueFd notifications;  ///< of `notify_filter`
};

/// Makes the namespaces of a sandbox, fills them, and leaves the supervisor running in them as process 1. Blocks for
/// about a millisecond. Errors name the step that the kernel refused.
Result<Launched> launch(const LaunchPlan& plan);

}  // namespace sortie::sandbox
