#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "sandbox/launch.h"
#include "sandbox/sandbox.h"

namespace sortie::sandbox {

/// Where this process may make control groups; any of the folders may be empty.
struct CgroupPlaces {
  enum class Version : std::uint8_t { none, v1, v2 } version = Version::none;
  std::string memory, pids, cpu, freezer;  ///< v1: one hierarchy each
  std::string unified;                     ///< v2: the folder to make groups in
  std::string missing;                     ///< one line: what is not there and why; empty when all is
};

/// Reads what /proc/self/cgroup and /proc/self/mountinfo say and looks at what may be written. For v2 that is the
/// nearest folder upward whose groups get the memory and pids controllers: the usual place of a delegated tree.
CgroupPlaces find_cgroup_places(std::string_view self_cgroup, std::string_view mountinfo);

/// The places of this process; looked up once.
const CgroupPlaces& cgroup_places();

/// The control groups of one sandbox; removed with it, and by a small watching process when this one is killed.
class Cgroup {
 public:
  struct Limits {
    std::uint64_t memory_bytes = 0;
    /// Files in memory that do not count as such: the kernel does count them, so that its limit has room for both, and
    /// the supervisor watches the rest.
    std::uint64_t tmp_bytes = 0;
    std::uint32_t max_processes = 0;
    std::uint32_t cpu_milli = 0;

    bool operator==(const Limits&) const = default;
  };
  /// Null when there is no place for any.
  static Result<std::unique_ptr<Cgroup>> create(const CgroupPlaces& places, const Limits& limits);
  ~Cgroup() { remove(); }
  Cgroup(const Cgroup&) = delete;
  Cgroup& operator=(const Cgroup&) = delete;

  /// All processes must have ended.
  void remove();

  [[nodiscard]] CgroupEntry entry() const;
  /// For the supervisor, see supervisor_protocol.h; -1: none.
  [[nodiscard]] int freezer_join() const { return freezer_join_.get(); }
  [[nodiscard]] int freezer_state() const { return freezer_state_.get(); }
  [[nodiscard]] int memory_usage() const { return usage_.get(); }  ///< with Limits::tmp_bytes
  [[nodiscard]] int memory_stat() const { return stat_.get(); }
  /// Of the memory controller; empty: none.
  [[nodiscard]] const std::string& folder() const { return memory_folder_; }
  [[nodiscard]] bool limits_memory() const { return !memory_folder_.empty(); }
  [[nodiscard]] bool limits_processes() const { return limits_processes_; }
  [[nodiscard]] bool can_freeze() const { return static_cast<bool>(freezer_state_); }
  [[nodiscard]] bool is_v2() const { return v2_; }

  /// One write each.
  void freeze();
  void thaw();

  /// Others from now on.
  Result<void> set_limits(const Limits& limits);

  /// Another share from now on; nothing where there is no cpu controller.
  void set_cpu(std::uint32_t cpu_milli);

  /// How often the kernel has killed a process in here for memory.
  [[nodiscard]] std::uint64_t oom_kills() const;
  [[nodiscard]] std::uint64_t memory_peak_bytes() const;
  void reset_memory_peak();

 private:
  Cgroup() = default;
  Result<void> create_v1(const CgroupPlaces& places, const std::string& name);
  Result<void> create_v2(const CgroupPlaces& places, const std::string& name);
  Result<std::string> make_folder(const std::string& place, const std::string& name);
  Result<void> open_counters();
  Result<void> set_memory_v1(std::uint64_t bytes);
  Result<void> join_v1(const std::string& folder);

  bool v2_ = false;
  bool limits_processes_ = false;
  std::string memory_folder_;
  std::string pids_folder_;
  Limits limits_;
  std::vector<std::string> folders_;  ///< in order of creation
  std::vector<UniqueFd> join_;
  UniqueFd born_into_;
  UniqueFd freezer_join_;
  UniqueFd freezer_state_;
  UniqueFd usage_;
  UniqueFd stat_;
  UniqueFd cpu_;   ///< v2: cpu.max; v1: the quota; empty: the processes are not in a group of it
  UniqueFd peak_;  ///< v2: memory.peak, a write to it starts a new peak for this descriptor; v1: max_usage
};

}  // namespace sortie::sandbox
