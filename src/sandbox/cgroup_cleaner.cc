#include "sandbox/cgroup_cleaner.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <vector>

#include "base/unique_fd.h"
#include "sandbox/helper_process.h"

namespace sortie::sandbox {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view k_name = "sortie-";

std::vector<std::string> all_places(const CgroupPlaces& places) {
  std::vector<std::string> all;
  for (const std::string& place : {places.memory, places.pids, places.cpu, places.freezer, places.unified}) {
    if (!place.empty()) all.push_back(place);
  }
  return all;
}

/// `sortie-PID-N`; 0 when it is something else.
int owner_of(const std::string& name) {
  int pid = 0;
  if (!name.starts_with(k_name)) return 0;
  const auto end = std::from_chars(name.data() + k_name.size(), name.data() + name.size(), pid);
  return end.ec == std::errc() && *end.ptr == '-' ? pid : 0;
}

/// Only empty groups can be removed, so that this cannot hurt one that is in use.
void remove_left_overs(const std::vector<std::string>& places) {
  for (const std::string& place : places) {
    std::error_code ignored;
    for (const fs::directory_entry& entry : fs::directory_iterator(place, ignored)) {
      const int owner = owner_of(entry.path().filename());
      if (owner == 0 || kill(owner, 0) == 0 || errno != ESRCH) continue;
      rmdir((entry.path() / "run").c_str());
      rmdir(entry.path().c_str());
    }
  }
}

Result<void> start_cleaner(const std::vector<std::string>& places) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "pipe");
  const UniqueFd read_end(ends[0]);
  static const UniqueFd write_end(ends[1]);  // closed by the end of this process, and by nothing else
  HelperProcess cleaner;
  cleaner.arguments = {"cgroups", cgroup_prefix()};
  cleaner.arguments.insert(cleaner.arguments.end(), places.begin(), places.end());
  cleaner.input = read_end.get();
  ASSIGN_OR_RETURN(const UniqueFd pidfd, start_helper(cleaner));
  return {};
}

Result<void> start_watching(const CgroupPlaces& places) {
  const std::vector<std::string> all = all_places(places);
  remove_left_overs(all);
  return start_cleaner(all);
}

}  // namespace

std::string cgroup_prefix() {
  return fmt::format("{}{}-", k_name, getpid());
}

Result<void> watch_cgroups(const CgroupPlaces& places) {
  static const Result<void> watching = start_watching(places);
  return watching;
}

}  // namespace sortie::sandbox
