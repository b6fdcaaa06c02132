#include "sandbox/own_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace sortie::sandbox {

Copied<UniqueFd> open_below(const std::string& folder, const std::string& absolute_path) {
  const std::string inside = folder + "/";
  const bool itself = absolute_path == folder;
  if (!itself && !absolute_path.starts_with(inside)) return std::unexpected(EACCES);
  const char* rest = itself ? "." : absolute_path.c_str() + inside.size();
  const UniqueFd root(open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  UniqueFd file(static_cast<int>(syscall(SYS_openat2, root.get(), rest, &how, sizeof how)));
  if (!file) return std::unexpected(errno == EXDEV ? EACCES : errno);
  return file;
}

std::string path_of(const UniqueFd& file) {
  return fmt::format("/proc/self/fd/{}", file.get());
}

}  // namespace sortie::sandbox
