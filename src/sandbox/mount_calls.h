#pragma once

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/prctl.h>

#include <csignal>
#include <cstdint>

#include "sandbox/raw_syscall.h"

namespace sortie::sandbox {

#ifndef MNT_DETACH
#define MNT_DETACH 2  // of <sys/mount.h>, which contradicts <linux/mount.h> in glibc 2.36
#endif

inline constexpr std::size_t k_raw_stack_size = 64 * 1024;

/// A detached copy of `path` and everything mounted below it, read-only and more as `attributes` (MOUNT_ATTR_*) say.
/// Raw. A descriptor, or -errno.
inline SORTIE_RAW long open_read_only_tree(const char* path, std::uint64_t attributes) {
  const long tree = raw::call(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
  if (tree < 0) return tree;
  mount_attr change{};
  change.attr_set = attributes;
  change.propagation = MS_PRIVATE;
  const long error = raw::call(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &change, sizeof change);
  if (error >= 0) return tree;
  raw::call(SYS_close, tree);
  return error;
}

/// A descriptor table of one's own. Docker's profile refuses unshare(2), whatever it is for; close_range(2) can do it
/// too.
inline SORTIE_RAW long unshare_descriptors() {
  constexpr unsigned k_unshare = 1U << 1;  // CLOSE_RANGE_UNSHARE, Linux 5.9
  const long error = raw::call(SYS_unshare, CLONE_FILES);
  return error < 0 ? raw::call(SYS_close_range, ~0U, ~0U, k_unshare) : error;
}

/// No signal reaches this thread, nor a child that shares its memory and would run our handlers there.
class BlockedSignals {
 public:
  BlockedSignals() {
    const std::uint64_t all = ~0ULL;
    raw::call(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before_, sizeof before_);
  }
  ~BlockedSignals() { raw::call(SYS_rt_sigprocmask, SIG_SETMASK, &before_, nullptr, sizeof before_); }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  std::uint64_t before_ = 0;
};

/// A child that shares our memory and changes its ids makes that memory undumpable: /proc/self would be root's.
class KeptDumpable {
 public:
  KeptDumpable() : before_(raw::call(SYS_prctl, PR_GET_DUMPABLE, 0, 0, 0, 0)) {}
  ~KeptDumpable() { raw::call(SYS_prctl, PR_SET_DUMPABLE, before_, 0, 0, 0); }
  KeptDumpable(const KeptDumpable&) = delete;
  KeptDumpable& operator=(const KeptDumpable&) = delete;

 private:
  long before_;
};

}  // namespace sortie::sandbox
