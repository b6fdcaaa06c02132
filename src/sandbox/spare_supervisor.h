#pragma once

#include <memory>
#include <optional>
#include <span>

#include "base/error.h"
#include "base/task.h"
#include "base/unique_fd.h"
#include "sandbox/cgroup.h"
#include "sandbox/launch.h"
#include "sandbox/supervisor.h"

namespace sortie::sandbox {

/// A supervisor of the seccomp kind that runs in its control group and waits for a sandbox: under the filter with
/// notifications, without a folder, listeners or a ruleset. Ends when `control` is closed.
struct SpareSupervisor {
  std::shared_ptr<Cgroup> cgroup;  ///< null: there are none here
  std::shared_ptr<SharedMemory> shared;
  UniqueFd control;
  Launched launched;
};

/// The one that was made ahead; none when there is none, or when it has died.
std::optional<SpareSupervisor> take_spare_supervisor();

/// Gives it what a new one is started with: `landlock`, a ruleset. False when it has died.
bool adopt(const SpareSupervisor& spare, const UniqueFd& landlock);
/// Ends one that will not do.
void discard(SpareSupervisor spare);

/// Makes one in a moment, when a program that has just been started has had its turn, unless there is one or
/// descriptors are scarce. Its limits
/// are those that the next sandbox is likely to have. io_context thread only.
void make_spare_supervisor(const Executor& executor, const Cgroup::Limits& limits,
                           std::span<const sock_filter> notify_filter);

}  // namespace sortie::sandbox
