#include <csignal>

#include "sandbox/supervisor/freestanding.h"

namespace sortie::sandbox::supervisor {
namespace {

/// The kernel's own signal structures; the C library's differ.
struct KernelAction {
  void* handler;
  unsigned long flags;
  void* restorer;
  std::uint64_t mask;
};

}  // namespace

int open_child_signals() {
  KernelAction normal{};
  for (int number = 1; number <= 64; ++number) {  // what sortie ignores must not be ignored by the programs
    raw::call(SYS_rt_sigaction, number, &normal, nullptr, sizeof normal.mask);
  }
  const std::uint64_t mask = ~0ULL;
  raw::call(SYS_rt_sigprocmask, SIG_SETMASK, &mask, nullptr, sizeof mask);
  const std::uint64_t child_bit = 1ULL << (SIGCHLD - 1);
  return static_cast<int>(raw::call(SYS_signalfd4, -1, &child_bit, sizeof child_bit, O_CLOEXEC | O_NONBLOCK));
}

}  // namespace sortie::sandbox::supervisor
