#include "sandbox/seccomp.h"

#include <linux/sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <optional>
#include <vector>

#include "sandbox/filter_program.h"

namespace sortie::sandbox {
namespace {

/// By name: libseccomp answers __NR_SCMP_ERROR for those that it or the architecture does not know.
constexpr const char* k_refused[] = {
    // mounts
    "mount",
    "umount",
    "umount2",
    "pivot_root",
    "chroot",
    "open_tree",
    "move_mount",
    "fsopen",
    "fsconfig",
    "fsmount",
    "fspick",
    "mount_setattr",
    // namespaces
    "setns",
    // other processes
    "kcmp",
    "process_madvise",
    // keys, kernel programs, kernel side doors
    "add_key",
    "request_key",
    "keyctl",
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
    "fanotify_init",
    "name_to_handle_at",
    "open_by_handle_at",
    "lookup_dcookie",
    // the machine
    "reboot",
    "kexec_load",
    "kexec_file_load",
    "init_module",
    "finit_module",
    "delete_module",
    "create_module",
    "swapon",
    "swapoff",
    "quotactl",
    "quotactl_fd",
    "acct",
    "syslog",
    "settimeofday",
    "clock_settime",
    "clock_adjtime",
    "adjtimex",
    "stime",
    "iopl",
    "ioperm",
    "vhangup",
    "nfsservctl",
    "_sysctl",
    "sysfs",
    "uselib",
    "vm86",
    "vm86old",
    "modify_ldt",
};

constexpr const char* k_tracing[] = {"ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd"};

/// Younger than Debian 12's libseccomp; the same numbers on every architecture.
constexpr int k_refused_numbers[] = {457 /* statmount */, 458 /* listmount */, 467 /* open_tree_attr */,
                                     470 /* listns */};

constexpr int k_pidfd_send_signal = 424;

constexpr std::uint64_t k_namespace_flags[] = {CLONE_NEWNS,   CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC,
                                               CLONE_NEWUSER, CLONE_NEWPID,    CLONE_NEWNET};

constexpr std::uint64_t k_low_half = 0xffff'ffff;  // an int argument: the kernel ignores what is above

constexpr int k_allowed_families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};

/// A rule with one condition on an argument of the call.
int refuse(scmp_filter_ctx context, int error_number, int call, scmp_arg_cmp condition) {
  return seccomp_rule_add_array(context, SCMP_ACT_ERRNO(static_cast<std::uint32_t>(error_number)), call, 1, &condition);
}

int refuse_by_name(scmp_filter_ctx context, std::span<const char* const> names) {
  int error = 0;
  for (const char* name : names) {
    const int call = seccomp_syscall_resolve_name(name);
    // A call with a negative number exists on another architecture only.
    if (call >= 0) error |= seccomp_rule_add(context, SCMP_ACT_ERRNO(EPERM), call, 0);
  }
  return error;
}

int refuse_namespaces(scmp_filter_ctx context) {
  int error = 0;
  for (const std::uint64_t flag : k_namespace_flags) {
    for (const int call : {SCMP_SYS(clone), SCMP_SYS(unshare)}) {
      error |= refuse(context, EPERM, call, {0, SCMP_CMP_MASKED_EQ, flag, flag});
    }
  }
  error |= refuse(context, EPERM, SCMP_SYS(unshare), {0, SCMP_CMP_MASKED_EQ, CLONE_NEWTIME, CLONE_NEWTIME});
  return error | seccomp_rule_add(context, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
}

/// Families are numbered from 0; the gaps between the allowed ones and all above are refused.
int refuse_families(scmp_filter_ctx context) {
  int error = 0;
  for (const int call : {SCMP_SYS(socket), SCMP_SYS(socketpair)}) {
    for (int family = 0; family < AF_NETLINK; ++family) {
      if (std::ranges::find(k_allowed_families, family) != std::end(k_allowed_families)) continue;
      error |=
          refuse(context, EAFNOSUPPORT, call, {0, SCMP_CMP_MASKED_EQ, k_low_half, static_cast<std::uint32_t>(family)});
    }
    // A family with bits above the low half is compared as larger here and refused; the kernel would take the low half.
    error |= refuse(context, EAFNOSUPPORT, call, {0, SCMP_CMP_GT, AF_NETLINK, 0});
  }
  return error;
}

int refuse_terminal_input(scmp_filter_ctx context) {
  int error = 0;
  for (const std::uint32_t request : {std::uint32_t{TIOCSTI}, std::uint32_t{TIOCLINUX}}) {
    error |= refuse(context, EPERM, SCMP_SYS(ioctl), {1, SCMP_CMP_MASKED_EQ, k_low_half, request});
  }
  return error;
}

Result<std::vector<sock_filter>> make_filter(FilterOptions options) {
  const FilterContext context(seccomp_init(SCMP_ACT_ALLOW));
  if (!context) return fail(ErrorKind::internal, "libseccomp has no memory");
  // Calls of another architecture (32-bit programs) find none of the rules: all of them are refused.
  int error = seccomp_attr_set(context.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
  seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);  // a binary tree; older libraries make a list
  error |= refuse_by_name(context.get(), k_refused);
  if (!options.tracing) error |= refuse_by_name(context.get(), k_tracing);
  for (const int call : k_refused_numbers) error |= seccomp_rule_add(context.get(), SCMP_ACT_ERRNO(EPERM), call, 0);
  if (options.notified_signals)
    error |= seccomp_rule_add(context.get(), SCMP_ACT_ERRNO(ENOSYS), k_pidfd_send_signal, 0);
  error |= refuse_namespaces(context.get()) | refuse_families(context.get()) | refuse_terminal_input(context.get());
  if (error != 0) return fail(ErrorKind::internal, "libseccomp refuses a rule");
  return export_program(context.get());
}

}  // namespace

Result<std::span<const sock_filter>> system_call_filter(FilterOptions options) {
  static std::array<std::optional<Result<std::vector<sock_filter>>>, 4> filters;
  auto& filter = filters[(options.tracing ? 1U : 0U) + (options.notified_signals ? 2U : 0U)];
  if (!filter) filter = make_filter(options);
  if (!*filter) return std::unexpected(filter->error());
  return std::span<const sock_filter>(**filter);
}

}  // namespace sortie::sandbox
