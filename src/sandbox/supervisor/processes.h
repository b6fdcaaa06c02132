#pragma once

#include <cstdint>

#include "sandbox/supervisor/freestanding.h"

/// The processes of one sandbox, as its supervisor sees them.
namespace sortie::sandbox::supervisor {

/// To one process.
void send_signal(std::uint64_t pid, int number);

class Processes {
 public:
  /// `own_namespace`: everything in this process's pid namespace is the sandbox's; otherwise this process's descendants
  /// are, and those that are orphaned become its children: it is a subreaper.
  void open(bool own_namespace);

  /// Calls `visit(pid)` for each; a process after its descendants. What forks or ends meanwhile may be missed: who must
  /// reach all asks again until none is left.
  template <class Visit>
  void for_each(Visit visit) const {
    if (own_namespace_ || !has_children_files_) return for_each_in_proc(visit);
    for_each_descendant(self_, visit, 0);
  }

  /// One signal to each.
  void signal(int number) const;
  /// SIGKILL to all, again and again, until this process has no child left. `child_signals`: see open_child_signals.
  void end_all(int child_signals) const;

 private:
  static constexpr int k_deepest = 256;

  [[nodiscard]] bool is_descendant(std::uint64_t pid) const;

  template <class Visit>
  void for_each_in_proc(Visit& visit) const {
    if (folder_ < 0) return;
    for_each_entry(folder_, [&](const char* name, std::uint8_t) {
      if (name[0] < '1' || name[0] > '9') return;
      const std::uint64_t pid = parse_number(name);
      if (pid == self_) return;
      if (own_namespace_ || is_descendant(pid)) visit(pid);
    });
  }

  /// Children belong to the thread that made them.
  template <class Visit>
  void for_each_descendant(std::uint64_t pid, Visit& visit, int depth) const {
    if (depth == k_deepest) return;
    char path[64];
    const long threads = open_folder(AT_FDCWD, task_path(pid, path));
    if (threads < 0) return;
    for_each_entry(static_cast<int>(threads), [&](const char* thread, std::uint8_t) {
      for_each_child(static_cast<int>(threads), thread, [&](std::uint64_t child) {
        for_each_descendant(child, visit, depth + 1);
        visit(child);
      });
    });
    raw::call(SYS_close, threads);
  }

  template <class Visit>
  static void for_each_child(int threads, const char* thread, Visit visit) {
    char path[64];
    const long file = raw::call(SYS_openat, threads, children_path(thread, path), O_RDONLY | O_CLOEXEC, 0);
    if (file < 0) return;
    char text[512];
    std::uint64_t number = 0;
    for (long n = 0; (n = raw::call(SYS_read, file, text, sizeof text)) > 0;) {
      for (long i = 0; i < n; ++i) {  // numbers, each followed by a space
        if (text[i] >= '0' && text[i] <= '9') {
          number = number * 10 + static_cast<std::uint64_t>(text[i] - '0');
        } else if (number != 0) {
          visit(number);
          number = 0;
        }
      }
    }
    raw::call(SYS_close, file);
  }

  static const char* task_path(std::uint64_t pid, char (&path)[64]);
  static const char* children_path(const char* thread, char (&path)[64]);

  bool own_namespace_ = false;
  bool has_children_files_ = false;  ///< /proc/PID/task/TID/children: CONFIG_PROC_CHILDREN
  std::uint64_t self_ = 0;
  int folder_ = -1;  ///< /proc
};

}  // namespace sortie::sandbox::supervisor
