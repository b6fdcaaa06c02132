#include "sandbox/cgroup_cleaner.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <memory>
#include <vector>

#include "base/unique_fd.h"
#include "sandbox/mount_calls.h"
#include "sandbox/raw_syscall.h"
#include "sandbox/supervisor_image.h"

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

struct Cleaner {
  int image = -1;
  int pipe = -1;
  const char* const* arguments = nullptr;
  long error = 0;
};

SORTIE_RAW long become_cleaner(const Cleaner& cleaner) {
  raw::call(SYS_setsid);
  raw::call(SYS_chdir, "/");
  // Out of the way of the low numbers first.
  const long image = raw::call(SYS_fcntl, cleaner.image, F_DUPFD_CLOEXEC, 16);
  const long pipe = raw::call(SYS_fcntl, cleaner.pipe, F_DUPFD_CLOEXEC, 16);
  if (const long e = raw::call(SYS_dup3, pipe, 0, 0); e < 0) return e;
  const long nothing = raw::call(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC, 0);
  for (int fd = 1; fd <= 2; ++fd) {
    if (nothing != fd) raw::call(SYS_dup3, nothing, fd, 0);
  }
  raw::call(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC);
  const char* const environment[] = {nullptr};
  return raw::call(SYS_execveat, image, "", cleaner.arguments, environment, AT_EMPTY_PATH);
}

SORTIE_RAW int cleaner_child(void* argument) {
  auto& cleaner = *static_cast<Cleaner*>(argument);
  cleaner.error = become_cleaner(cleaner);
  return 1;
}

Result<void> start_cleaner(const std::vector<std::string>& places) {
  ASSIGN_OR_RETURN(const int image, supervisor_image());
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "pipe");
  const UniqueFd read_end(ends[0]);
  static const UniqueFd write_end(ends[1]);  // closed by the end of this process, and by nothing else
  const std::string prefix = cgroup_prefix();
  std::vector<const char*> arguments = {"sortie-cleaner", prefix.c_str()};
  for (const std::string& place : places) arguments.push_back(place.c_str());
  arguments.push_back(nullptr);

  Cleaner cleaner{image, read_end.get(), arguments.data()};
  const auto stack = std::make_unique_for_overwrite<char[]>(k_raw_stack_size);
  clone_args args{};
  args.flags = CLONE_VM | CLONE_VFORK | CLONE_CLEAR_SIGHAND;
  args.stack = reinterpret_cast<std::uint64_t>(stack.get());
  args.stack_size = k_raw_stack_size;
  const BlockedSignals blocked;
  const long pid = raw::clone3(&args, cleaner_child, &cleaner);
  if (pid < 0) return fail_errno(static_cast<int>(-pid), "create a process");
  if (cleaner.error < 0) return fail_errno(static_cast<int>(-cleaner.error), "start the control groups' cleaner");
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
