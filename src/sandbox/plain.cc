#include "sandbox/plain.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <system_error>

namespace sortie::sandbox {
namespace {

namespace fs = std::filesystem;

/// The rest of `path` below `folder`, empty for the folder itself.
const char* below(const std::string& path, const std::string& folder) {
  if (!path.starts_with(folder)) return nullptr;
  if (path.size() == folder.size() || path[folder.size()] == '/') return path.c_str() + folder.size();
  return nullptr;
}

}  // namespace

Result<std::string> make_temporary_folder() {
  const char* parent = std::getenv("TMPDIR");
  std::string name = std::string(parent != nullptr && *parent == '/' ? parent : "/tmp") + "/sortie-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) return fail_errno(errno, "create a temporary folder " + name);
  return name;
}

std::string host_path(const Spec& spec, const std::string& temporary_folder, const std::string& path) {
  const ReadOnlyMount* best = nullptr;
  for (const ReadOnlyMount& mount : spec.mounts) {
    if (below(path, mount.target) != nullptr && (best == nullptr || mount.target.size() > best->target.size()))
      best = &mount;
  }
  if (best != nullptr) return best->source + below(path, best->target);
  if (const char* rest = below(path, "/tmp"); rest != nullptr) return temporary_folder + rest;
  return path;
}

void add_missing(Environment& environment, Environment variables) {
  for (auto& variable : variables) {
    const bool given = std::ranges::any_of(environment, [&](const auto& v) { return v.first == variable.first; });
    if (!given) environment.push_back(std::move(variable));
  }
}

Command host_command(const Spec& spec, const std::string& temporary_folder, Command command) {
  // A caller that has asked Sandbox::inside_path gives a host path already, which may look like one inside.
  const auto translate = [&](const std::string& path) {
    std::string translated = host_path(spec, temporary_folder, path);
    std::error_code ignored;
    return fs::exists(translated, ignored) ? translated : path;
  };
  if (!command.argv.empty()) command.argv[0] = translate(command.argv[0]);
  command.working_folder = translate(command.working_folder);
  add_missing(command.environment, {{"TMPDIR", temporary_folder}});
  return command;
}

std::uint64_t process_limit(std::uint32_t more) {
  std::uint64_t running = 0;
  const std::unique_ptr<DIR, decltype([](DIR* folder) { closedir(folder); })> processes(opendir("/proc"));
  while (const dirent* entry = processes ? readdir(processes.get()) : nullptr) {
    if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
    struct stat status{};
    const std::string threads = std::string(entry->d_name) + "/task";
    if (fstatat(dirfd(processes.get()), threads.c_str(), &status, 0) != 0 || status.st_uid != getuid()) continue;
    running += std::max<std::uint64_t>(status.st_nlink, 2) - 2;  // the folder's own two, and one for each thread
  }
  return running + more;
}

}  // namespace sortie::sandbox
