#include "sandbox/supervisor/processes.h"

#include <sys/wait.h>

#include <cerrno>
#include <csignal>

namespace sortie::sandbox::supervisor {
namespace {

// The same on every architecture, and younger than some headers.
constexpr long k_pidfd_send_signal = 424;
constexpr long k_pidfd_open = 434;

constexpr long k_pause_ns = 1'000'000;

const char* join(char (&path)[64], const char* a, const char* b, const char* c) {
  std::size_t used = 0;
  const char* const pieces[] = {a, b, c};
  for (const char* piece : pieces) {
    while (*piece != 0 && used + 1 < sizeof path) path[used++] = *piece++;
  }
  path[used] = 0;
  return path;
}

bool read_stat_parent(std::uint64_t pid, std::uint64_t& parent) {
  char text[512];
  if (read_file(Path().add("/proc/").add(pid).add("/stat").c_str(), text, sizeof text) <= 0) return false;
  const char* after_name = nullptr;  // the name may hold anything, parentheses too: what counts follows the last one
  for (const char* c = text; *c != 0; ++c) {
    if (*c == ')') after_name = c;
  }
  if (after_name == nullptr) return false;
  parent = parse_number(after_name);
  return true;
}

/// Reaps what has ended; false when no child is left.
bool reap_children() {
  for (;;) {
    const long pid = raw::call(SYS_wait4, -1, nullptr, __WALL | WNOHANG, nullptr);
    if (pid == -ECHILD) return false;
    if (pid == 0) return true;
  }
}

/// Reaps for a moment; false when no child is left.
bool reap_for_a_moment(int child_signals) {
  struct {
    int fd;
    short events, revents;
  } ended = {child_signals, 1 /* POLLIN */, 0};
  struct {
    long seconds, nanoseconds;
  } left = {0, k_pause_ns};  // the kernel takes off what has passed
  while (reap_children()) {
    if (raw::call(SYS_ppoll, &ended, 1, &left, nullptr, 0) <= 0) return true;
    char drain[128 * 4];
    raw::call(SYS_read, child_signals, drain, sizeof drain);
  }
  return false;
}

}  // namespace

const char* Processes::task_path(std::uint64_t pid, char (&path)[64]) {
  char digits[24];
  return join(path, "/proc/", raw::decimal(pid, digits, sizeof digits), "/task");
}

const char* Processes::children_path(const char* thread, char (&path)[64]) {
  return join(path, thread, "/children", "");
}

void Processes::open(bool own_namespace) {
  own_namespace_ = own_namespace;
  self_ = static_cast<std::uint64_t>(raw::call(SYS_getpid));
  folder_ = static_cast<int>(open_folder(AT_FDCWD, "/proc"));
  const long children = raw::call(SYS_openat, AT_FDCWD, "/proc/thread-self/children", O_RDONLY | O_CLOEXEC, 0);
  has_children_files_ = children >= 0;
  if (has_children_files_) raw::call(SYS_close, children);
}

bool Processes::is_descendant(std::uint64_t pid) const {
  for (int depth = 0; depth < k_deepest && pid > 1; ++depth) {
    if (!read_stat_parent(pid, pid)) return false;
    if (pid == self_) return true;
  }
  return false;
}

/// Not by kill(2): a filter may hand that to sortie, which may be gone.
void send_signal(std::uint64_t pid, int number) {
  const long process = raw::call(k_pidfd_open, pid, 0);
  if (process < 0) return;
  raw::call(k_pidfd_send_signal, process, number, nullptr, 0);
  raw::call(SYS_close, process);
}

void Processes::signal(int number) const {
  if (own_namespace_) {
    raw::call(SYS_kill, -1, number);  // one step for the kernel: nothing can fork past it
  } else {
    for_each([&](std::uint64_t pid) { send_signal(pid, number); });
  }
}

void Processes::end_all(int child_signals) const {
  do {
    signal(SIGKILL);
  } while (reap_for_a_moment(child_signals));
}

}  // namespace sortie::sandbox::supervisor
