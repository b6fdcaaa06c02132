#include "sandbox/mode_calls.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>

#include "sandbox/caller.h"
#include "sandbox/own_folder.h"

namespace sortie::sandbox {
namespace {

/// The arguments of any of them.
struct ModeCall {
  int folder = AT_FDCWD;
  std::uint64_t path = 0;
  mode_t mode = 0;
  std::uint64_t flags = 0;
};

ModeCall arguments_of(const seccomp_data& data) {
  const auto mode = [](std::uint64_t value) { return static_cast<mode_t>(value & 07777); };
  switch (data.nr) {
    case SYS_fchmod: return {.folder = static_cast<int>(data.args[0]), .mode = mode(data.args[1])};
    case SYS_fchmodat:
      return {.folder = static_cast<int>(data.args[0]), .path = data.args[1], .mode = mode(data.args[2])};
    case SYS_fchmodat2:
      return {static_cast<int>(data.args[0]), data.args[1], mode(data.args[2]), data.args[3] & 0xffff'ffff};
    default: return {.path = data.args[0], .mode = mode(data.args[1])};
  }
}

/// The file of a descriptor, if it was opened below the folder.
Copied<UniqueFd> open_descriptor(pid_t thread, int fd, const std::string& folder) {
  UniqueFd file(open(fmt::format("/proc/{}/fd/{}", thread, fd).c_str(), O_PATH | O_CLOEXEC));
  if (!file) return std::unexpected(EBADF);
  char path[PATH_MAX];
  const ssize_t size = readlink(path_of(file).c_str(), path, sizeof path);
  if (size <= 0 || !std::string_view(path, static_cast<std::size_t>(size)).starts_with(folder + "/")) {
    return std::unexpected(EPERM);
  }
  return file;
}

Copied<UniqueFd> open_named(Caller& caller, const ModeCall& call, const std::string& folder) {
  // A link's own mode cannot be changed, whatever the flags; what else they say is not for this to follow.
  if (call.flags != 0) return std::unexpected(EOPNOTSUPP);
  const auto path = copy_path(caller, call.path);
  if (!path) return std::unexpected(path.error());
  if (path->empty()) return std::unexpected(ENOENT);
  const auto absolute = caller.absolute(*path, call.folder);
  if (!absolute) return std::unexpected(EBADF);
  return open_below(folder, *absolute);
}

}  // namespace

Answer carry_out_mode(const NotifiedCall& call, const ConnectPolicy& policy) {
  if (policy.own_folder.empty()) return Answer::leave();
  const auto thread = static_cast<pid_t>(call.notification.pid);
  Caller caller(thread);
  const ModeCall wanted = arguments_of(call.notification.data);
  const auto file = call.notification.data.nr == SYS_fchmod ? open_descriptor(thread, wanted.folder, policy.own_folder)
                                                            : open_named(caller, wanted, policy.own_folder);
  if (!call.still_waits()) return Answer::failure(EINTR);
  if (!file) return Answer::failure(file.error() == EACCES ? EPERM : file.error());
  return chmod(path_of(*file).c_str(), wanted.mode) == 0 ? Answer::success() : Answer::failure(errno);
}

}  // namespace sortie::sandbox
