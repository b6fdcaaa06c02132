#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <memory>
#include <string_view>

#include "sandbox/mount_calls.h"
#include "sandbox/notifier.h"
#include "sandbox/notify_filter.h"
#include "sandbox/raw_syscall.h"

namespace sortie::sandbox {
namespace {

struct Start {
  sock_fprog filter{};
  std::vector<const char*> paths;  ///< tried in order, as execvp does
  const char* const* arguments = nullptr;
  const char* const* environment = nullptr;
  int listener = -1;  ///< out; it opens in our descriptor table
  long error = 0;
  bool in_exec = false;
};

SORTIE_RAW long become_command(Start& start) {
  if (const long e = raw::call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); e < 0) return e;
  const long listener = install_notify_filter(start.filter);
  if (listener < 0) return listener;
  start.listener = static_cast<int>(listener);
  if (const long e = unshare_descriptors(); e < 0) return e;
  raw::call(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC);
  struct {
    void* handler;
    unsigned long flags;
    void* restorer;
    std::uint64_t mask;
  } normal = {};
  // What we ignore the command must not; it may be a program that was started by clone instead of clone3.
  for (int number = 1; number <= 64; ++number) {
    raw::call(SYS_rt_sigaction, number, &normal, nullptr, sizeof normal.mask);
  }
  const std::uint64_t no_signals = 0;
  raw::call(SYS_rt_sigprocmask, SIG_SETMASK, &no_signals, nullptr, sizeof no_signals);
  start.in_exec = true;
  long error = -ENOENT;
  for (const char* path : start.paths) {
    const long failed = raw::call(SYS_execve, path, start.arguments, start.environment);
    if (failed != -ENOENT && failed != -ENOTDIR && error != -EACCES) error = failed;
  }
  return error;
}

SORTIE_RAW int command_child(void* argument) {
  auto& start = *static_cast<Start*>(argument);
  start.error = become_command(start);
  return 127;
}

std::vector<std::string> candidates(const NotifiedCommand& command) {
  const std::string& name = command.argv[0];
  if (name.find('/') != std::string::npos) return {name};
  std::string_view path = "/usr/local/bin:/usr/bin:/bin";
  for (const std::string& variable : command.environment) {
    if (variable.starts_with("PATH=")) path = std::string_view(variable).substr(5);
  }
  std::vector<std::string> found;
  while (!path.empty()) {
    const auto end = std::min(path.find(':'), path.size());
    found.push_back(fmt::format("{}/{}", end == 0 ? "." : path.substr(0, end), name));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return found;
}

std::vector<const char*> pointers(const std::vector<std::string>& texts) {
  std::vector<const char*> result;
  for (const std::string& text : texts) result.push_back(text.c_str());
  return result;
}

}  // namespace

Result<NotifiedProcess> start_notified(const NotifiedCommand& command) {
  if (command.argv.empty()) return fail(ErrorKind::usage, "a command without a program");
  ASSIGN_OR_RETURN(const auto filter, notify_filter({}));
  const std::vector<std::string> paths = candidates(command);
  auto arguments = pointers(command.argv);
  auto environment = pointers(command.environment);
  arguments.push_back(nullptr);
  environment.push_back(nullptr);
  Start start;
  start.filter = {static_cast<unsigned short>(filter.size()), const_cast<sock_filter*>(filter.data())};
  start.paths = pointers(paths);
  start.arguments = arguments.data();
  start.environment = environment.data();

  const auto stack = std::make_unique_for_overwrite<char[]>(k_raw_stack_size);
  int pidfd = -1;
  clone_args args{};
  args.flags = CLONE_VM | CLONE_VFORK | CLONE_FILES | CLONE_CLEAR_SIGHAND | CLONE_PIDFD;
  args.exit_signal = SIGCHLD;
  args.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
  args.stack = reinterpret_cast<std::uint64_t>(stack.get());
  args.stack_size = k_raw_stack_size;
  const BlockedSignals blocked;
  const long pid = raw::clone3(&args, command_child, &start);
  if (pid < 0) return fail_errno(static_cast<int>(-pid), "create a process");
  NotifiedProcess process{UniqueFd(pidfd), static_cast<int>(pid), UniqueFd(start.listener)};
  if (start.error >= 0) return process;
  raw::call(SYS_wait4, pid, nullptr, __WALL, nullptr);
  if (start.in_exec) return fail_errno(static_cast<int>(-start.error), "cannot execute " + command.argv[0]);
  return fail(ErrorKind::unavailable,
              fmt::format("no seccomp notifications here: {}",
                          fail_errno(static_cast<int>(-start.error), "seccomp").error().message));
}

}  // namespace sortie::sandbox
