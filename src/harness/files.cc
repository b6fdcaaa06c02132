#include "harness/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <vector>

#include "base/unique_fd.h"

namespace sortie::harness {
namespace {

/// Deeper trees than this are nobody's package.
constexpr int k_depth_limit = 128;

Result<std::vector<std::string>> names_in(const std::string& folder) {
  DIR* directory = ::opendir(folder.c_str());
  if (directory == nullptr) return fail_errno(errno, folder);
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(directory)) {
    std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(std::move(name));
  }
  ::closedir(directory);
  return names;
}

void remove_below(const std::string& path, int depth) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT || depth > k_depth_limit) return;
  ::chmod(path.c_str(), 0700);
  for (const std::string& name : names_in(path).value_or(std::vector<std::string>())) {
    remove_below(path + "/" + name, depth + 1);
  }
  ::rmdir(path.c_str());
}

Result<void> copy_file(const std::string& from, const std::string& to, mode_t mode) {
  const UniqueFd source(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
  if (!source) return fail_errno(errno, from);
  const UniqueFd target(::open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode | S_IWUSR));
  if (!target) return fail_errno(errno, to);
  while (true) {
    const ssize_t count = ::sendfile(target.get(), source.get(), nullptr, 1UL << 30);
    if (count == 0) return {};
    if (count < 0 && errno != EINTR) return fail_errno(errno, to);
  }
}

Result<void> copy_link(const std::string& from, const std::string& to) {
  char target[PATH_MAX];
  const ssize_t size = ::readlink(from.c_str(), target, sizeof target - 1);
  if (size < 0) return fail_errno(errno, from);
  target[size] = '\0';
  if (::symlink(target, to.c_str()) != 0) return fail_errno(errno, to);
  return {};
}

Result<void> copy_below(const std::string& from, const std::string& to, int depth) {
  struct stat status{};
  if (::lstat(from.c_str(), &status) != 0) return fail_errno(errno, from);
  if (S_ISLNK(status.st_mode)) return copy_link(from, to);
  if (S_ISREG(status.st_mode)) return copy_file(from, to, status.st_mode & 0777);
  if (!S_ISDIR(status.st_mode)) return {};
  if (depth > k_depth_limit) return fail(ErrorKind::config, from + ": nested too deeply");
  if (::mkdir(to.c_str(), 0700) != 0) return fail_errno(errno, to);
  ASSIGN_OR_RETURN(const std::vector<std::string> names, names_in(from));
  for (const std::string& name : names) {
    RETURN_IF_ERROR(copy_below(from + "/" + name, to + "/" + name, depth + 1));
  }
  ::chmod(to.c_str(), (status.st_mode & 0777) | S_IRWXU);
  return {};
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  // The file may have been made by a suite: a pipe in its place must not keep the harness waiting.
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return fail_errno(errno, path);
  std::string content;
  char buffer[32 * 1024];
  while (content.size() < limit) {
    const ssize_t count = ::read(fd.get(), buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno(errno, path);
    if (count == 0) break;
    content.append(buffer, static_cast<std::size_t>(count));
  }
  if (content.size() > limit) content.resize(limit);
  return content;
}

Result<void> write_file(const std::string& path, std::string_view content) {
  RETURN_IF_ERROR(make_folders(path.substr(0, path.rfind('/'))));
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!fd) return fail_errno(errno, path);
  while (!content.empty()) {
    const ssize_t count = ::write(fd.get(), content.data(), content.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno(errno, path);
    content.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Result<void> make_folders(const std::string& path) {
  if (path.empty() || ::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST) return {};
  if (errno != ENOENT) return fail_errno(errno, path);
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return fail_errno(ENOENT, path);
  RETURN_IF_ERROR(make_folders(path.substr(0, slash)));
  if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) return fail_errno(errno, path);
  return {};
}

void remove_tree(const std::string& path) {
  remove_below(path, 0);
}

void remove_contents(const std::string& folder) {
  for (const std::string& name : names_in(folder).value_or(std::vector<std::string>())) {
    remove_below(folder + "/" + name, 1);
  }
}

Result<void> copy_tree(const std::string& from, const std::string& to) {
  return copy_below(from, to, 0);
}

}  // namespace sortie::harness
