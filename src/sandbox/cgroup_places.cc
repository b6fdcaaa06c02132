#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "sandbox/cgroup.h"

namespace sortie::sandbox {
namespace {

namespace fs = std::filesystem;

struct MountLine {
  std::string root;  ///< the part of the hierarchy that is mounted
  std::string mountpoint;
  std::string type;
  std::string options;
};

/// proc_pid_mountinfo(5): id parent major:minor ROOT MOUNTPOINT options [tags] - TYPE source SUPER-OPTIONS
std::vector<MountLine> cgroup_mounts(std::string_view mountinfo) {
  std::vector<MountLine> mounts;
  std::istringstream lines{std::string(mountinfo)};
  for (std::string line; std::getline(lines, line);) {
    const auto separator = line.find(" - cgroup");
    if (separator == std::string::npos) continue;
    MountLine mount;
    std::string skip;
    std::istringstream(line.substr(0, separator)) >> skip >> skip >> skip >> mount.root >> mount.mountpoint;
    std::istringstream(line.substr(separator + 3)) >> mount.type >> skip >> mount.options;
    mounts.push_back(std::move(mount));
  }
  return mounts;
}

bool has_word(std::string_view words, std::string_view word, char separator) {
  for (std::size_t at = 0; at <= words.size();) {
    const std::size_t end = std::min(words.find(separator, at), words.size());
    if (words.substr(at, end - at) == word) return true;
    at = end + 1;
  }
  return false;
}

/// cgroups(7): hierarchy:controllers:path. The path of this process for a v1 controller, or for v2 (empty name).
std::string own_path(std::string_view self_cgroup, std::string_view controller) {
  std::istringstream lines{std::string(self_cgroup)};
  for (std::string line; std::getline(lines, line);) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string_view controllers = std::string_view(line).substr(first + 1, second - first - 1);
    if (controller.empty() ? line.starts_with("0::") : has_word(controllers, controller, ','))
      return line.substr(second + 1);
  }
  return {};
}

/// The folder that shows `path`; empty when it is outside what is mounted.
std::string visible_folder(const MountLine& mount, const std::string& path) {
  if (path.empty()) return {};
  if (mount.root == "/") return path == "/" ? mount.mountpoint : mount.mountpoint + path;
  if (path == mount.root) return mount.mountpoint;
  if (path.starts_with(mount.root + "/")) return mount.mountpoint + path.substr(mount.root.size());
  return path == "/" ? mount.mountpoint : std::string();
}

bool writable(const std::string& folder) {
  return !folder.empty() && access(folder.c_str(), W_OK | X_OK) == 0;
}

std::string v1_place(const std::vector<MountLine>& mounts, std::string_view self_cgroup, std::string_view controller) {
  for (const MountLine& mount : mounts) {
    if (mount.type != "cgroup" || !has_word(mount.options, controller, ',')) continue;
    std::string folder = visible_folder(mount, own_path(self_cgroup, controller));
    if (writable(folder)) return folder;
  }
  return {};
}

std::string read_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// A process may not be in a group that hands controllers down ("no internal processes"), so that the place is rarely
/// this process's own group but one above it.
std::string v2_place(const std::vector<MountLine>& mounts, std::string_view self_cgroup) {
  for (const MountLine& mount : mounts) {
    if (mount.type != "cgroup2") continue;
    fs::path folder = visible_folder(mount, own_path(self_cgroup, ""));
    while (!folder.empty() && folder.string().starts_with(mount.mountpoint)) {
      const std::string down = read_line(folder / "cgroup.subtree_control");
      if (has_word(down, "memory", ' ') && has_word(down, "pids", ' ') && writable(folder) &&
          access((folder / "cgroup.procs").c_str(), W_OK) == 0) {
        return folder;
      }
      if (folder == folder.parent_path() || folder == mount.mountpoint) break;
      folder = folder.parent_path();
    }
  }
  return {};
}

std::string read_all(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

CgroupPlaces find_cgroup_places(std::string_view self_cgroup, std::string_view mountinfo) {
  CgroupPlaces places;
  const std::vector<MountLine> mounts = cgroup_mounts(mountinfo);
  places.unified = v2_place(mounts, self_cgroup);
  if (!places.unified.empty()) {
    places.version = CgroupPlaces::Version::v2;
    return places;
  }
  places.memory = v1_place(mounts, self_cgroup, "memory");
  places.pids = v1_place(mounts, self_cgroup, "pids");
  places.cpu = v1_place(mounts, self_cgroup, "cpu");
  places.freezer = v1_place(mounts, self_cgroup, "freezer");
  if (!places.memory.empty() || !places.pids.empty() || !places.freezer.empty()) {
    places.version = CgroupPlaces::Version::v1;
  }
  if (places.memory.empty()) {
    places.missing = "no control group may be made here: memory is watched and the CPU share is not limited";
  }
  return places;
}

const CgroupPlaces& cgroup_places() {
  static const CgroupPlaces places =
      find_cgroup_places(read_all("/proc/self/cgroup"), read_all("/proc/self/mountinfo"));
  return places;
}

}  // namespace sortie::sandbox
