#include "sandbox/supervisor/memory.h"

#include <sys/vfs.h>

#include <csignal>

namespace sortie::sandbox::supervisor {
namespace {

constexpr long k_watch_ms = 20;
constexpr long k_watch_closely_ms = 4;
constexpr int k_patience_looks = 25;
constexpr std::uint64_t k_page = 4096;

std::uint64_t tmpfs_bytes(const char* path) {
  struct statfs fs;
  if (raw::call(SYS_statfs, path, &fs) != 0) return 0;
  return (fs.f_blocks - fs.f_bfree) * static_cast<std::uint64_t>(fs.f_bsize);
}

struct Resident {
  std::uint64_t all = 0;
  std::uint64_t shared = 0;
};

Resident resident(std::uint64_t pid) {
  char text[256];
  if (read_file(Path().add("/proc/").add(pid).add("/statm").c_str(), text, sizeof text) <= 0) return {};
  const char* at = text;
  parse_number(at);
  const std::uint64_t all = parse_number(at) * k_page;
  return {all, parse_number(at) * k_page};
}

/// Private memory of a process: an upper bound, cheap; pages shared after a fork count once in each.
std::uint64_t resident_bytes(std::uint64_t pid) {
  const auto [all, shared] = resident(pid);
  return all > shared ? all - shared : 0;
}

/// The same, a page shared by n counted as 1/n; walks the page tables.
std::uint64_t proportional_bytes(std::uint64_t pid) {
  char text[2048];
  if (read_file(Path().add("/proc/").add(pid).add("/smaps_rollup").c_str(), text, sizeof text) <= 0) {
    return resident_bytes(pid);
  }
  for (const char* at = text; *at != 0; ++at) {
    if (starts_with(at, "Pss_Anon:")) return parse_number(at) * 1024;
  }
  return resident_bytes(pid);
}

/// A file of a control group from its beginning.
void read_again(int fd, char* text, std::size_t size) {
  const long n = raw::call(SYS_pread64, fd, text, size - 1, 0);
  text[n > 0 ? n : 0] = 0;
}

void raise(std::uint64_t& peak, std::uint64_t value) {
  if (value > peak) __atomic_store_n(&peak, value, __ATOMIC_RELAXED);
}

}  // namespace

std::uint64_t MemoryWatch::used_by_processes() const {
  // What is in /tmp is no memory to Lambda.
  const std::uint64_t files = shared_->pid_namespace != 0 ? tmpfs_bytes("/dev/shm") : 0;
  std::uint64_t used = files;
  processes_->for_each([&](std::uint64_t pid) { used += resident_bytes(pid); });
  if (used <= shared_->watch_memory_bytes) return used;
  used = files;
  processes_->for_each([&](std::uint64_t pid) { used += proportional_bytes(pid); });
  return used;
}

std::uint64_t MemoryWatch::used_by_group() const {
  // Without a /tmp of its own all shared memory may be files of the folder that takes its place.
  const std::uint64_t tmp = shared_->pid_namespace != 0 ? tmpfs_bytes("/tmp") : ~std::uint64_t{0};
  if (shared_->pid_namespace != 0) {
    __atomic_store_n(&shared_->tmp_bytes, tmp, __ATOMIC_RELAXED);
    raise(shared_->tmp_peak_bytes, tmp);
  }
  char text[8192];
  read_again(protocol::k_memory_usage_fd, text, sizeof text);
  const char* at = text;
  const std::uint64_t total = parse_number(at);
  // Cheap, and mostly enough: the parts are added up by the kernel when they are asked for.
  if (total <= shared_->watch_memory_bytes) return total > tmp ? total - tmp : 0;
  read_again(protocol::k_memory_stat_fd, text, sizeof text);
  return counted_bytes(text, tmp);
}

/// As the kernel does: one process, and the next when that was not enough. The memory of one that has been killed is
/// given back a while after it is gone.
void MemoryWatch::kill_largest(std::uint64_t used) {
  if (victim_ != 0) {
    const bool on_its_way = resident(victim_).all > 0 || used < last_used_;
    looks_since_ = on_its_way ? 0 : looks_since_ + 1;
    if (looks_since_ < k_patience_looks) return;
  }
  looks_since_ = 0;
  std::uint64_t largest = 0;
  processes_->for_each([&](std::uint64_t pid) {
    const std::uint64_t bytes = resident(pid).all;
    if (bytes <= largest) return;
    largest = bytes;
    victim_ = pid;
  });
  if (largest > 0) send_signal(victim_, SIGKILL);
  has_killed_ = true;
}

long MemoryWatch::look() {
  const std::uint64_t limit = shared_->watch_memory_bytes;
  const std::uint64_t used = shared_->watch_group != 0 ? used_by_group() : used_by_processes();
  raise(shared_->memory_peak_bytes, used);
  if (used <= limit) {
    victim_ = 0;
  } else if (shared_->watch_group != 0) {
    kill_largest(used);
  } else {
    has_killed_ = true;
    processes_->signal(SIGKILL);
  }
  last_used_ = used;
  return used > limit / 2 ? k_watch_closely_ms : k_watch_ms;
}

}  // namespace sortie::sandbox::supervisor
