// What a program is put under before it is executed.
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cerrno>
#include <csignal>

#include "sandbox/supervisor/freestanding.h"
#include "sandbox/supervisor_protocol.h"

namespace sortie::sandbox::supervisor {
namespace {

using protocol::Freezer;
using protocol::Shared;

constexpr long k_landlock_restrict_self = 446;  // the same on every architecture, and younger than some headers

int set_limit(int resource, std::uint64_t soft, std::uint64_t hard) {
  rlimit64 limit{};
  if (raw::call(SYS_prlimit64, 0, resource, nullptr, &limit) != 0) return -1;
  limit.rlim_max = hard < limit.rlim_max ? hard : limit.rlim_max;
  limit.rlim_cur = soft < limit.rlim_max ? soft : limit.rlim_max;
  return static_cast<int>(raw::call(SYS_prlimit64, 0, resource, &limit, nullptr));
}

/// As in Lambda: 1,024 descriptors, 64 KiB locked, 8 MiB of stack; none of them can be raised but the stack's.
int set_limits(const Shared& shared) {
  int failed = set_limit(RLIMIT_NOFILE, shared.max_open_files, shared.max_open_files);
  failed |= set_limit(RLIMIT_CORE, 0, 0);
  failed |= set_limit(RLIMIT_MEMLOCK, 64 << 10, 64 << 10);
  failed |= set_limit(RLIMIT_STACK, 8 << 20, RLIM64_INFINITY);
  if (shared.max_processes != 0) failed |= set_limit(RLIMIT_NPROC, shared.max_processes, shared.max_processes);
  return failed;
}

/// Root's programs are an ordinary user's, though of the same number. They cannot come back: no_new_privs, and
/// `drop_for_good`.
long drop_capabilities() {
  raw::call(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct none[2] = {};
  return raw::call(SYS_capset, &header, none);
}

}  // namespace

void drop_for_good() {
  constexpr int k_last_capability = 63;
  for (int capability = 0; capability <= k_last_capability; ++capability) {
    if (raw::call(SYS_prctl, PR_CAPBSET_DROP, capability, 0, 0, 0) < 0) break;
  }
}

long confine(const Shared& shared) {
  if (shared.freezer == Freezer::cgroup_v1) {
    if (const long error = raw::write_all(protocol::k_freezer_join_fd, "0", 1); error < 0) return error;
  }
  raw::call(SYS_setsid);
  if (set_limits(shared) != 0) return -EPERM;
  const std::uint64_t no_signals = 0;
  raw::call(SYS_rt_sigprocmask, SIG_SETMASK, &no_signals, nullptr, sizeof no_signals);
  if (const long error = raw::call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); error < 0) return error;
  if (shared.drop_capabilities != 0) {
    if (const long error = drop_capabilities(); error < 0) return error;
  }
  if (shared.landlock != 0) {
    if (const long error = raw::call(k_landlock_restrict_self, protocol::k_landlock_fd, 0); error < 0) return error;
  }
  if (shared.filter_length == 0) return 0;
  const sock_fprog program = {static_cast<unsigned short>(shared.filter_length),
                              const_cast<sock_filter*>(shared.filter)};
  return raw::call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

}  // namespace sortie::sandbox::supervisor
