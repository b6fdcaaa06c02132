#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <vector>

#include "base/unique_fd.h"

namespace sortie::harness {

/// A living process below this one.
struct Descendant {
  pid_t pid = 0;
  pid_t parent = 0;
  unsigned long long started = 0;  ///< clock ticks since boot: tells a process from a later one with the same id
  friend bool operator==(const Descendant&, const Descendant&) = default;
};

/// Makes this process inherit the orphans of its descendants, so that none of them gets out of sight.
void adopt_orphans();

/// Everything that lives below this process but `except` (the suite itself); zombies do not count.
std::vector<Descendant> living_descendants(pid_t except);
/// Those of `now` that are not in `before`.
std::vector<Descendant> newcomers(const std::vector<Descendant>& before, const std::vector<Descendant>& now);

/// Looks at the living descendants of this process but `except`, and reads all of /proc for it only when some process
/// or thread may have been born since it looked last: the kernel tells the id that it gave out last (proc(5),
/// /proc/loadavg). Between short tests that is never.
class DescendantWatch {
 public:
  /// `except` has just been started.
  explicit DescendantWatch(pid_t except);
  /// Those that live now; those of them that were there at the last look may have ended meanwhile.
  const std::vector<Descendant>& look();
  /// Those that live now.
  const std::vector<Descendant>& look_closely();
  /// Those that lived at the last look.
  [[nodiscard]] const std::vector<Descendant>& seen() const { return seen_; }

 private:
  [[nodiscard]] std::optional<pid_t> last_born() const;

  pid_t except_;
  UniqueFd loadavg_;
  std::optional<pid_t> born_last_;  ///< when it looked; nothing when the kernel does not tell
  std::vector<Descendant> seen_;
};

/// Of `candidates` (parents first) ends those that are no longer below the suite: their parent ended before them.
/// False when there are none.
bool kill_orphans(const std::vector<Descendant>& candidates);
/// Ends every descendant, fork bombs included, and reaps them. Gives up after `patience`.
void kill_descendants(std::chrono::milliseconds patience);

}  // namespace sortie::harness
