#include "sandbox/helper_process.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/wait.h>

#include <cerrno>
#include <memory>

#include "sandbox/mount_calls.h"
#include "sandbox/raw_syscall.h"
#include "sandbox/supervisor_image.h"
#include "sandbox/user.h"

namespace sortie::sandbox {
namespace {

struct Start {
  int image = -1;
  int input = -1;
  int user_namespace = -1;
  bool switch_user = false;
  const char* const* arguments = nullptr;
  long error = 0;
};

SORTIE_RAW long become_namespace_root(const Start& start) {
  if (const long e = raw::call(SYS_setns, start.user_namespace, CLONE_NEWUSER); e < 0) return e;
  if (!start.switch_user) return 0;
  if (const long e = raw::call(SYS_setgroups, 0, 0); e < 0) return e;
  if (const long e = raw::call(SYS_setresgid, 0, 0, 0); e < 0) return e;
  return raw::call(SYS_setresuid, 0, 0, 0);
}

SORTIE_RAW long become_helper(const Start& start) {
  // Out of the way of the low numbers first.
  const long image = raw::call(SYS_fcntl, start.image, F_DUPFD_CLOEXEC, 16);
  const long input = raw::call(SYS_fcntl, start.input, F_DUPFD_CLOEXEC, 16);
  if (const long e = raw::call(SYS_dup3, input, 0, 0); e < 0) return e;
  const long nothing = raw::call(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC, 0);
  for (int fd = 1; fd <= 2; ++fd) {
    if (nothing != fd) raw::call(SYS_dup3, nothing, fd, 0);
  }
  raw::call(SYS_setsid);
  raw::call(SYS_chdir, "/");
  if (start.user_namespace >= 0) {
    if (const long e = become_namespace_root(start); e < 0) return e;
  }
  raw::call(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC);
  const char* const environment[] = {nullptr};
  return raw::call(SYS_execveat, image, "", start.arguments, environment, AT_EMPTY_PATH);
}

SORTIE_RAW int helper_child(void* argument) {
  auto& start = *static_cast<Start*>(argument);
  start.error = become_helper(start);
  return 1;
}

}  // namespace

Result<UniqueFd> start_helper(const HelperProcess& helper) {
  ASSIGN_OR_RETURN(const int image, supervisor_image());
  std::vector<const char*> arguments = {"sortie-helper"};
  for (const std::string& argument : helper.arguments) arguments.push_back(argument.c_str());
  arguments.push_back(nullptr);
  Start start{image, helper.input, helper.user_namespace, user_plan().privileged, arguments.data()};

  const auto stack = std::make_unique_for_overwrite<char[]>(k_raw_stack_size);
  int pidfd = -1;
  clone_args args{};
  args.flags = CLONE_VM | CLONE_VFORK | CLONE_CLEAR_SIGHAND | CLONE_PIDFD;
  args.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
  args.stack = reinterpret_cast<std::uint64_t>(stack.get());
  args.stack_size = k_raw_stack_size;
  const BlockedSignals blocked;
  const KeptDumpable dumpable;
  const long pid = raw::clone3(&args, helper_child, &start);
  if (pid < 0) return fail_errno(static_cast<int>(-pid), "create a process");
  UniqueFd running(pidfd);
  if (start.error >= 0) return running;
  raw::call(SYS_wait4, pid, nullptr, __WALL, nullptr);
  return fail_errno(static_cast<int>(-start.error), "start a helper process");
}

}  // namespace sortie::sandbox
