#include "sandbox/open_calls.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "sandbox/caller.h"

namespace sortie::sandbox {
namespace {

constexpr std::string_view k_tmp = "/tmp/";
/// What is passed on of a program's flags.
constexpr std::uint64_t k_flags =
    O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC | O_APPEND | O_NOFOLLOW | O_DIRECTORY | O_SYNC | O_NOCTTY;

struct OpenCall {
  std::uint64_t path = 0;
  std::uint64_t flags = 0;
  std::uint64_t mode = 0;
};

OpenCall arguments_of(const seccomp_data& data) {
  if (data.nr == SYS_openat) return {data.args[1], data.args[2], data.args[3]};
  return {data.args[0], data.args[1], data.args[2]};
}

/// Never waits for the other end of a FIFO, which a program may have put there.
UniqueFd open_in_folder(const std::string& folder, const char* name, const OpenCall& call) {
  const UniqueFd root(open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  open_how how{};
  how.flags = (call.flags & k_flags) | O_NONBLOCK | O_CLOEXEC;
  if ((call.flags & O_CREAT) != 0) how.mode = call.mode & 07777;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  UniqueFd file(static_cast<int>(syscall(SYS_openat2, root.get(), name, &how, sizeof how)));
  if (file && (call.flags & O_NONBLOCK) == 0) fcntl(file.get(), F_SETFL, fcntl(file.get(), F_GETFL) & ~O_NONBLOCK);
  return file;
}

/// The program gets the file; nothing when it cannot be given one.
Answer hand_over(const NotifiedCall& call, const UniqueFd& file, std::uint64_t flags) {
  seccomp_notif_addfd add{};
  add.id = call.notification.id;
  add.srcfd = static_cast<std::uint32_t>(file.get());
  add.newfd_flags = static_cast<std::uint32_t>(flags & O_CLOEXEC);
  const int number = ioctl(call.listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add);
  return number >= 0 ? Answer::success(number) : Answer::leave();
}

}  // namespace

Answer carry_out_open(const NotifiedCall& call, const ConnectPolicy& policy) {
  Caller caller(static_cast<pid_t>(call.notification.pid));
  const OpenCall wanted = arguments_of(call.notification.data);
  const auto path = copy_path(caller, wanted.path);
  if (!path || !call.still_waits()) return Answer::leave();
  if (const auto found = policy.instead.find(*path); found != policy.instead.end()) {
    const UniqueFd file(open(found->second.c_str(), O_RDONLY | O_CLOEXEC));
    return file ? hand_over(call, file, wanted.flags) : Answer::leave();
  }
  const bool elsewhere = !path->starts_with(k_tmp) || path->starts_with(policy.own_folder + "/");
  if (policy.own_folder.empty() || elsewhere) return Answer::leave();
  const UniqueFd file = open_in_folder(policy.own_folder, path->c_str() + k_tmp.size(), wanted);
  // What is not there may be a file of the package, which is somewhere in the host's /tmp: Landlock knows.
  if (!file) return errno == ENOENT || errno == EXDEV ? Answer::leave() : Answer::failure(errno);
  return hand_over(call, file, wanted.flags);
}

}  // namespace sortie::sandbox
