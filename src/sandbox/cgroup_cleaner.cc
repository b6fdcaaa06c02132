#include "sandbox/cgroup_cleaner.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <vector>

#include "base/unique_fd.h"
#include "sandbox/helper_process.h"
#include "sandbox/supervisor_protocol.h"

namespace sortie::sandbox {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view k_name = "sortie-";
constexpr int k_spares = 2;
int taken = 0;  // and not yet replaced

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

/// Closed by the end of this process, and by nothing else.
UniqueFd& cleaner_socket() {
  static UniqueFd socket;
  return socket;
}

void ask_for_spare() {
  send(cleaner_socket().get(), "", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

Result<void> start_cleaner(const CgroupPlaces& places, const std::vector<std::string>& folders) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return fail_errno(errno, "socketpair");
  cleaner_socket().reset(ends[0]);
  const UniqueFd theirs(ends[1]);
  HelperProcess cleaner;
  cleaner.arguments = {"cgroups", cgroup_prefix(), places.version == CgroupPlaces::Version::v2 ? "2" : "1"};
  cleaner.arguments.insert(cleaner.arguments.end(), folders.begin(), folders.end());
  cleaner.input = theirs.get();
  ASSIGN_OR_RETURN(const UniqueFd pidfd, start_helper(cleaner));
  for (int i = 0; i < k_spares; ++i) ask_for_spare();
  return {};
}

Result<void> start_watching(const CgroupPlaces& places) {
  const std::vector<std::string> all = all_places(places);
  remove_left_overs(all);
  return start_cleaner(places, all);
}

}  // namespace

std::string cgroup_prefix() {
  return fmt::format("{}{}-", k_name, getpid());
}

std::string take_spare_cgroup() {
  protocol::SpareGroup spare;
  if (recv(cleaner_socket().get(), &spare, sizeof spare, MSG_DONTWAIT) != sizeof spare) return {};
  ++taken;
  return fmt::format("{}{}{}", cgroup_prefix(), protocol::k_spare_group, spare.number);
}

void replace_taken_cgroups() {
  for (; taken > 0; --taken) ask_for_spare();
}

Result<void> watch_cgroups(const CgroupPlaces& places) {
  static const Result<void> watching = start_watching(places);
  return watching;
}

}  // namespace sortie::sandbox
