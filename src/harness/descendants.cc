#include "harness/descendants.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>

#include "base/unique_fd.h"

namespace sortie::harness {
namespace {

/// A /proc file, which is small; empty when it cannot be read.
std::string read_proc(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  char buffer[4096];
  ssize_t count = 0;
  while (fd && (count = ::read(fd.get(), buffer, sizeof buffer)) > 0) {
    text.append(buffer, static_cast<std::size_t>(count));
  }
  return text;
}

struct Stat {
  char state = 'X';
  pid_t parent = 0;
  unsigned long long started = 0;
};

/// proc(5), /proc/PID/stat: the fields behind the command's name, which is in parentheses and may hold anything.
std::optional<Stat> read_stat(pid_t pid) {
  const std::string text = read_proc("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos || name_end + 4 > text.size()) return std::nullopt;
  Stat stat;
  stat.state = text[name_end + 2];
  const char* field = text.c_str() + name_end + 4;
  stat.parent = static_cast<pid_t>(std::strtol(field, nullptr, 10));
  constexpr int k_fields_from_parent_to_start = 18;
  for (int i = 0; i < k_fields_from_parent_to_start && field != nullptr; ++i) {
    field = std::strchr(field, ' ');
    if (field != nullptr) ++field;
  }
  if (field != nullptr) stat.started = std::strtoull(field, nullptr, 10);
  return stat;
}

std::vector<pid_t> numbers_in(const std::string& folder) {
  std::vector<pid_t> numbers;
  DIR* directory = ::opendir(folder.c_str());
  if (directory == nullptr) return numbers;
  while (const dirent* entry = ::readdir(directory)) {
    if (const long number = std::strtol(entry->d_name, nullptr, 10); number > 0) {
      numbers.push_back(static_cast<pid_t>(number));
    }
  }
  ::closedir(directory);
  return numbers;
}

/// The kernel's own list of a process's children (CONFIG_PROC_CHILDREN).
void append_children(pid_t pid, std::vector<pid_t>& children) {
  const std::string tasks = "/proc/" + std::to_string(pid) + "/task";
  for (const pid_t thread : numbers_in(tasks)) {
    const std::string text = read_proc(tasks + "/" + std::to_string(thread) + "/children");
    const char* at = text.c_str();
    char* end = nullptr;
    for (long child = std::strtol(at, &end, 10); end != at; child = std::strtol(at, &end, 10)) {
      children.push_back(static_cast<pid_t>(child));
      at = end;
    }
  }
}

bool kernel_lists_children() {
  static const bool lists = ::access("/proc/thread-self/children", R_OK) == 0;
  return lists;
}

/// Without that list: the parents of all processes.
std::vector<pid_t> descendants_by_parents(pid_t root) {
  std::vector<std::pair<pid_t, pid_t>> parents;
  for (const pid_t pid : numbers_in("/proc")) {
    if (const auto stat = read_stat(pid)) parents.emplace_back(pid, stat->parent);
  }
  std::vector<pid_t> found{root};
  for (std::size_t next = 0; next < found.size(); ++next) {
    for (const auto& [pid, parent] : parents) {
      if (parent == found[next]) found.push_back(pid);
    }
  }
  found.erase(found.begin());
  return found;
}

std::vector<pid_t> all_descendants() {
  if (!kernel_lists_children()) return descendants_by_parents(::getpid());
  std::vector<pid_t> found;
  append_children(::getpid(), found);
  for (std::size_t next = 0; next < found.size(); ++next) append_children(found[next], found);
  return found;
}

void reap() {
  while (::waitpid(-1, nullptr, WNOHANG) > 0) {
  }
}

}  // namespace

void adopt_orphans() {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

std::vector<Descendant> living_descendants(pid_t except) {
  std::vector<Descendant> living;
  for (const pid_t pid : all_descendants()) {
    if (pid == except) continue;
    const auto stat = read_stat(pid);
    if (stat && stat->state != 'Z' && stat->state != 'X') living.push_back({pid, stat->parent, stat->started});
  }
  return living;
}

std::vector<Descendant> newcomers(const std::vector<Descendant>& before, const std::vector<Descendant>& now) {
  std::vector<Descendant> result;
  for (const Descendant& descendant : now) {
    const bool known = std::ranges::any_of(
        before, [&](const Descendant& old) { return old.pid == descendant.pid && old.started == descendant.started; });
    if (!known) result.push_back(descendant);
  }
  return result;
}

DescendantWatch::DescendantWatch(pid_t except)
    : except_(except), loadavg_(::open("/proc/loadavg", O_RDONLY | O_CLOEXEC)) {
  // A kernel that does not keep count shows it here; one whose ids have just begun anew is asked the long way.
  if (last_born().value_or(0) < except) loadavg_.reset();
  look_closely();
}

const std::vector<Descendant>& DescendantWatch::look() {
  const auto born_last = last_born();
  return born_last && born_last == born_last_ ? seen_ : look_closely();
}

const std::vector<Descendant>& DescendantWatch::look_closely() {
  // Asked first: who is born while it looks is looked for again.
  born_last_ = last_born();
  seen_ = living_descendants(except_);
  return seen_;
}

std::optional<pid_t> DescendantWatch::last_born() const {
  char text[128];
  const ssize_t count = loadavg_ ? ::pread(loadavg_.get(), text, sizeof text - 1, 0) : -1;
  if (count <= 0) return std::nullopt;
  text[count] = '\0';
  const char* last = std::strrchr(text, ' ');
  if (last == nullptr) return std::nullopt;
  return static_cast<pid_t>(std::strtol(last, nullptr, 10));
}

bool kill_orphans(const std::vector<Descendant>& candidates) {
  std::vector<pid_t> parents{::getpid()};
  for (const Descendant& candidate : candidates) {
    if (std::ranges::find(parents, candidate.parent) == parents.end()) continue;
    parents.push_back(candidate.pid);
    ::kill(candidate.pid, SIGSTOP);
  }
  for (std::size_t i = 1; i < parents.size(); ++i) ::kill(parents[i], SIGKILL);
  return parents.size() > 1;
}

void kill_descendants(std::chrono::milliseconds patience) {
  const auto give_up = std::chrono::steady_clock::now() + patience;
  while (true) {
    const std::vector<pid_t> found = all_descendants();
    reap();
    if (found.empty()) return;
    // Stopped first: a bomb whose parts are killed one after the other grows again meanwhile.
    for (const pid_t pid : found) ::kill(pid, SIGSTOP);
    for (const pid_t pid : found) ::kill(pid, SIGKILL);
    reap();
    if (std::chrono::steady_clock::now() > give_up) return;
    ::usleep(200);
  }
}

}  // namespace sortie::harness
