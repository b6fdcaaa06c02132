#include "sandbox/notify_probe.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <memory>

#include "base/unique_fd.h"
#include "sandbox/carry_out.h"
#include "sandbox/mount_calls.h"
#include "sandbox/notify_filter.h"
#include "sandbox/raw_syscall.h"

namespace sortie::sandbox {
namespace {

constexpr int k_patience_ms = 5000;
constexpr std::uint32_t k_somewhere = 0xc612'0001;  // 198.18.0.1: nowhere, unless the engine says otherwise

/// The child has a copy of this and of all memory, but the same descriptors.
struct Trial {
  sock_fprog filter{};
  sockaddr_in address{};
  int socket = -1;
  long parent = 0;
  int report = -1;  ///< a pipe: the listener's number or -errno goes there
};

SORTIE_RAW int connect_under_filter(void* argument) {
  const auto& trial = *static_cast<const Trial*>(argument);
  // Its descriptors are ours: without us its call would wait for ever.
  raw::call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (raw::call(SYS_getppid) != trial.parent) return 1;
  long listener = raw::call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (listener == 0) listener = install_notify_filter(trial.filter);
  const int number = static_cast<int>(listener);
  raw::write_all(trial.report, reinterpret_cast<const char*>(&number), sizeof number);
  if (number < 0) return 1;
  return static_cast<int>(-raw::call(SYS_connect, trial.socket, &trial.address, sizeof trial.address));
}

Result<void> answer_one(int listener) {
  pollfd ready = {listener, POLLIN, 0};
  NotifiedCall call;
  call.listener = listener;
  if (poll(&ready, 1, k_patience_ms) != 1 || ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call.notification) != 0) {
    return fail(ErrorKind::denied, "no seccomp notification arrives");
  }
  ConnectPolicy policy;
  policy.internet = [](const Destination& destination) {
    return destination.ipv4() == k_somewhere ? Verdict::redirect(destination.port) : Verdict::refuse(EHOSTUNREACH);
  };
  const auto answer = carry_out(call, policy);
  seccomp_notif_resp response{};
  response.id = call.notification.id;
  response.error = answer ? -answer->error : -EAGAIN;
  response.flags = answer && answer->go_on ? SECCOMP_USER_NOTIF_FLAG_CONTINUE : 0;
  if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response) != 0) return fail_errno(errno, "answer a notification");
  return {};
}

std::unexpected<Error> no_filter(int error_number) {
  if (error_number == EINVAL || error_number == ENOSYS) {
    return fail(ErrorKind::denied, "no seccomp notifications here (Linux before 5.0, or a kernel without)");
  }
  if (error_number == EBUSY) return fail(ErrorKind::denied, "somebody else's seccomp notifications are in the way");
  return fail_errno(error_number, "install a seccomp filter");
}

Result<void> converse(int report) {
  int number = -EIO;
  pollfd ready = {report, POLLIN, 0};
  if (poll(&ready, 1, k_patience_ms) != 1 || read(report, &number, sizeof number) != sizeof number) number = -EIO;
  if (number < 0) return no_filter(-number);
  const UniqueFd listener(number);
  return answer_one(listener.get());
}

}  // namespace

Result<void> try_notifications() {
  ASSIGN_OR_RETURN(const auto filter, notify_filter({}));
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "pipe");
  const UniqueFd report(ends[0]);
  UniqueFd reported(ends[1]);
  // No connection is made for a datagram socket: nothing has to listen.
  const UniqueFd sender(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!sender) return fail_errno(errno, "open a socket");
  Trial trial;
  trial.filter = {static_cast<unsigned short>(filter.size()), const_cast<sock_filter*>(filter.data())};
  trial.address.sin_family = AF_INET;
  trial.address.sin_port = htons(9);  // RFC 863: discard
  trial.address.sin_addr.s_addr = htonl(k_somewhere);
  trial.socket = sender.get();
  trial.report = reported.get();
  trial.parent = getpid();

  const auto stack = std::make_unique_for_overwrite<char[]>(k_raw_stack_size);
  clone_args args{};
  args.flags = CLONE_FILES | CLONE_CLEAR_SIGHAND;
  args.exit_signal = SIGCHLD;
  args.stack = reinterpret_cast<std::uint64_t>(stack.get());
  args.stack_size = k_raw_stack_size;
  const BlockedSignals blocked;
  const long pid = raw::clone3(&args, connect_under_filter, &trial);
  if (pid < 0) return fail_errno(static_cast<int>(-pid), "create a process");
  const Result<void> conversed = converse(report.get());
  int status = 0;
  raw::call(SYS_wait4, pid, &status, __WALL, nullptr);
  RETURN_IF_ERROR(conversed);
  if (!WIFEXITED(status) || WEXITSTATUS(status) == 0) return {};
  const int error_number = WEXITSTATUS(status);
  // Memory that may not be read: the address cannot be known.
  if (error_number == EFAULT) {
    return fail(ErrorKind::denied, "another process's memory may not be read (sysctl kernel.yama.ptrace_scope)");
  }
  return fail_errno(error_number, "redirect a connection");
}

}  // namespace sortie::sandbox
