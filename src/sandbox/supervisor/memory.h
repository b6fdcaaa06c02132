#pragma once

#include <cstdint>

#include "sandbox/supervisor/processes.h"
#include "sandbox/supervisor_protocol.h"

namespace sortie::sandbox::supervisor {

/// The number behind `key` and a space at the beginning of a line; 0 when there is no such line.
inline std::uint64_t line_number(const char* text, const char* key) {
  while (*text != 0) {
    const std::size_t size = raw::length(key);
    if (starts_with(text, key) && text[size] == ' ') {
      const char* at = text + size;
      return parse_number(at);
    }
    while (*text != 0 && *text++ != '\n') {
    }
  }
  return 0;
}

/// What of a control group's memory.stat, of either version, is memory to Lambda: anonymous pages ("rss" in version 1,
/// "anon" in 2) and shared ones, without what is in /tmp. The kernel gives file caches back by itself.
inline std::uint64_t counted_bytes(const char* stat, std::uint64_t tmp_bytes) {
  const std::uint64_t shared = line_number(stat, "shmem");
  return line_number(stat, "rss") + line_number(stat, "anon") + (shared > tmp_bytes ? shared - tmp_bytes : 0);
}

/// Holds a sandbox to its memory where the kernel does not: where no control group limits it, and where one counts what
/// is in /tmp, which is no memory to Lambda, and has a limit with room for both.
class MemoryWatch {
 public:
  /// Both outlive it. Without a limit in `shared` there is nothing to watch.
  void open(protocol::Shared& shared, const Processes& processes) {
    shared_ = &shared;
    processes_ = &processes;
  }
  [[nodiscard]] bool wanted() const { return shared_->watch_memory_bytes != 0; }

  /// Kills when more is used than allowed. Answers in how many milliseconds to look again.
  long look();
  /// Something was killed since the last `forget`.
  [[nodiscard]] bool has_killed() const { return has_killed_; }
  void forget() { has_killed_ = false; }

 private:
  [[nodiscard]] std::uint64_t used_by_processes() const;
  [[nodiscard]] std::uint64_t used_by_group() const;
  void kill_largest(std::uint64_t used);

  protocol::Shared* shared_ = nullptr;
  const Processes* processes_ = nullptr;
  bool has_killed_ = false;
  std::uint64_t victim_ = 0;     ///< the last one that `kill_largest` has killed
  int looks_since_ = 0;          ///< at which its memory was not on its way back
  std::uint64_t last_used_ = 0;  ///< at the last look
};

}  // namespace sortie::sandbox::supervisor
