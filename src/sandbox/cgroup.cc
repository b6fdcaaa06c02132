#include "sandbox/cgroup.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <set>
#include <system_error>

#include "sandbox/cgroup_cleaner.h"
#include "sandbox/supervisor_protocol.h"

namespace sortie::sandbox {
namespace {

constexpr std::uint32_t k_cpu_period_us = 100'000;
constexpr std::uint32_t k_own_processes = 1;  // the supervisor counts too

Result<void> write_value(const std::string& path, std::string_view value) {
  const UniqueFd file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file || write(file.get(), value.data(), value.size()) != static_cast<ssize_t>(value.size())) {
    return fail_errno(errno, fmt::format("write {} to {}", value, path));
  }
  return {};
}

std::string read_fd(int fd) {
  char text[4096];
  const ssize_t n = pread(fd, text, sizeof text, 0);
  return {text, n > 0 ? static_cast<std::size_t>(n) : 0};
}

std::string read_value(const std::string& path) {
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  return file ? read_fd(file.get()) : std::string();
}

std::uint64_t parse(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// The number behind `key ` at the beginning of a line.
std::uint64_t find_number(std::string_view text, std::string_view key) {
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view line = text.substr(at, text.find('\n', at) - at);
    if (line.starts_with(key) && line.size() > key.size() && line[key.size()] == ' ')
      return parse(line.substr(key.size() + 1));
    at += line.size() + 1;
  }
  return 0;
}

std::string cpu_quota(std::uint32_t cpu_milli) {
  // The kernel takes no less than a millisecond a period.
  return std::to_string(std::max<std::uint64_t>(std::uint64_t{cpu_milli} * k_cpu_period_us / 1000, 1000));
}

std::string next_name() {
  static std::uint64_t next = 0;
  if (std::string spare = take_spare_cgroup(); !spare.empty()) return spare;
  return fmt::format("{}{}", cgroup_prefix(), ++next);
}

}  // namespace

Result<std::unique_ptr<Cgroup>> Cgroup::create(const CgroupPlaces& places, const Limits& limits) {
  if (places.version == CgroupPlaces::Version::none) return nullptr;
  RETURN_IF_ERROR(watch_cgroups(places));
  std::unique_ptr<Cgroup> group(new Cgroup);
  group->v2_ = places.version == CgroupPlaces::Version::v2;
  const std::string name = next_name();
  RETURN_IF_ERROR(group->v2_ ? group->create_v2(places, name) : group->create_v1(places, name));
  RETURN_IF_ERROR(group->set_limits(limits));
  return group;
}

void Cgroup::remove() {
  for (auto folder = folders_.rbegin(); folder != folders_.rend(); ++folder) rmdir(folder->c_str());
  folders_.clear();
}

Result<std::string> Cgroup::make_folder(const std::string& place, const std::string& name) {
  std::string folder = place + "/" + name;
  if (std::ranges::find(folders_, folder) != folders_.end()) return folder;  // v1: two controllers in one hierarchy
  const bool made_ahead = access(folder.c_str(), F_OK) == 0;
  if (!made_ahead && mkdir(folder.c_str(), 0755) != 0) return fail_errno(errno, "create the control group " + folder);
  folders_.push_back(folder);
  return folder;
}

Result<void> Cgroup::join_v1(const std::string& folder) {
  UniqueFd tasks(open((folder + "/tasks").c_str(), O_WRONLY | O_CLOEXEC));
  if (!tasks) return fail_errno(errno, "open " + folder + "/tasks");
  join_.push_back(std::move(tasks));
  return {};
}

Result<void> Cgroup::open_counters() {
  const std::string usage = memory_folder_ + (v2_ ? "/memory.current" : "/memory.usage_in_bytes");
  usage_.reset(open(usage.c_str(), O_RDONLY | O_CLOEXEC));
  stat_.reset(open((memory_folder_ + "/memory.stat").c_str(), O_RDONLY | O_CLOEXEC));
  if (!usage_ || !stat_) return fail_errno(errno, "open the counters of " + memory_folder_);
  return {};
}

Result<void> Cgroup::create_v1(const CgroupPlaces& places, const std::string& name) {
  if (!places.memory.empty()) {
    ASSIGN_OR_RETURN(memory_folder_, make_folder(places.memory, name));
    RETURN_IF_ERROR(join_v1(memory_folder_));
    peak_ = UniqueFd(open((memory_folder_ + "/memory.max_usage_in_bytes").c_str(), O_RDONLY | O_CLOEXEC));
  }
  if (!places.pids.empty()) {
    ASSIGN_OR_RETURN(pids_folder_, make_folder(places.pids, name));
    RETURN_IF_ERROR(join_v1(pids_folder_));
    limits_processes_ = true;
  }
  if (!places.cpu.empty()) {
    ASSIGN_OR_RETURN(const std::string folder, make_folder(places.cpu, name));
    cpu_.reset(open((folder + "/cpu.cfs_quota_us").c_str(), O_WRONLY | O_CLOEXEC));
    if (cpu_) RETURN_IF_ERROR(join_v1(folder));
  }
  if (places.freezer.empty()) return {};
  ASSIGN_OR_RETURN(const std::string folder, make_folder(places.freezer, name));
  freezer_join_.reset(open((folder + "/tasks").c_str(), O_WRONLY | O_CLOEXEC));
  freezer_state_.reset(open((folder + "/freezer.state").c_str(), O_WRONLY | O_CLOEXEC));
  if (!freezer_join_ || !freezer_state_) return fail_errno(errno, "open the freezer");
  return {};
}

Result<void> Cgroup::create_v2(const CgroupPlaces& places, const std::string& name) {
  ASSIGN_OR_RETURN(memory_folder_, make_folder(places.unified, name));
  pids_folder_ = memory_folder_;
  const std::string& folder = memory_folder_;
  (void)write_value(folder + "/memory.swap.max", "0");  // not there where swap is not counted
  // The cpu controller is rarely handed to plain users.
  cpu_.reset(open((folder + "/cpu.max").c_str(), O_WRONLY | O_CLOEXEC));
  limits_processes_ = true;
  born_into_.reset(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // The programs are in a group below, so that the supervisor stays awake when they are frozen.
  ASSIGN_OR_RETURN(const std::string run, make_folder(folder, protocol::k_programs_group));
  freezer_join_.reset(open(run.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  freezer_state_.reset(open((run + "/cgroup.freeze").c_str(), O_WRONLY | O_CLOEXEC));
  if (!born_into_ || !freezer_join_ || !freezer_state_) return fail_errno(errno, "open the control group " + folder);
  peak_.reset(open((folder + "/memory.peak").c_str(), O_RDWR | O_CLOEXEC));
  return {};
}

/// `memsw` is memory and swap together, not there where swap is not counted; it is never below the other.
Result<void> Cgroup::set_memory_v1(std::uint64_t bytes) {
  const std::string text = std::to_string(bytes);
  const bool more = bytes > limits_.memory_bytes + limits_.tmp_bytes;
  if (more) (void)write_value(memory_folder_ + "/memory.memsw.limit_in_bytes", text);
  RETURN_IF_ERROR(write_value(memory_folder_ + "/memory.limit_in_bytes", text));
  (void)write_value(memory_folder_ + "/memory.memsw.limit_in_bytes", text);
  return {};
}

Result<void> Cgroup::set_limits(const Limits& limits) {
  if (limits == limits_) return {};
  if (!memory_folder_.empty()) {
    const std::string bytes = std::to_string(limits.memory_bytes + limits.tmp_bytes);
    if (v2_) {
      RETURN_IF_ERROR(write_value(memory_folder_ + "/memory.max", bytes));
    } else {
      RETURN_IF_ERROR(set_memory_v1(limits.memory_bytes + limits.tmp_bytes));
    }
    if (limits.tmp_bytes != 0 && !stat_) RETURN_IF_ERROR(open_counters());
  }
  if (!pids_folder_.empty()) {
    RETURN_IF_ERROR(write_value(pids_folder_ + "/pids.max", std::to_string(limits.max_processes + k_own_processes)));
  }
  set_cpu(limits.cpu_milli);
  limits_ = limits;
  return {};
}

CgroupEntry Cgroup::entry() const {
  CgroupEntry entry;
  for (const UniqueFd& fd : join_) entry.join.push_back(fd.get());
  entry.born_into = born_into_.get();
  return entry;
}

void Cgroup::freeze() {
  if (freezer_state_) (void)pwrite(freezer_state_.get(), v2_ ? "1" : "FROZEN", v2_ ? 1 : 6, 0);
}

void Cgroup::thaw() {
  if (freezer_state_) (void)pwrite(freezer_state_.get(), v2_ ? "0" : "THAWED", v2_ ? 1 : 6, 0);
}

void Cgroup::set_cpu(std::uint32_t cpu_milli) {
  if (!cpu_) return;
  const auto quota = v2_ ? fmt::format("{} {}", cpu_quota(cpu_milli), k_cpu_period_us) : cpu_quota(cpu_milli);
  (void)pwrite(cpu_.get(), quota.data(), quota.size(), 0);
}

std::uint64_t Cgroup::oom_kills() const {
  if (memory_folder_.empty()) return 0;
  return find_number(read_value(memory_folder_ + (v2_ ? "/memory.events" : "/memory.oom_control")), "oom_kill");
}

std::uint64_t Cgroup::memory_peak_bytes() const {
  if (memory_folder_.empty()) return 0;
  // memory.peak came with Linux 5.19; before it, what is used now is the best there is.
  return peak_ ? parse(read_fd(peak_.get())) : parse(read_value(memory_folder_ + "/memory.current"));
}

void Cgroup::reset_memory_peak() {
  if (memory_folder_.empty()) return;
  if (!v2_) {
    (void)write_value(memory_folder_ + "/memory.max_usage_in_bytes", "0");
  } else if (peak_) {
    (void)pwrite(peak_.get(), "reset", 5, 0);  // since Linux 6.12
  }
}

}  // namespace sortie::sandbox
