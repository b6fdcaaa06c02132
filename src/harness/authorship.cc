#include "harness/authorship.h"

#include <unistd.h>

#include <chrono>

namespace sortie::harness {

namespace {

/// For the kernel to count a write that can be read already; the writer may have lost its processor in between.
constexpr auto k_counting_patience = std::chrono::milliseconds(100);

}  // namespace

void Authorship::on_start(const Process& process, std::uint64_t printed) {
  // When output is not read in step, how far the process is ahead of what was read is not known.
  written_at_start_.reset();
  // Nothing can be asked of a process that is exiting already.
  if (process.in_step()) written_at_start_ = count_at_start(process, printed).value_or(0);
  printed_at_start_ = printed;
}

/// With the write that showed the start: counted later it would pass for the test's end.
std::optional<std::uint64_t> Authorship::count_at_start(const Process& process, std::uint64_t printed) {
  const auto patience_ends = std::chrono::steady_clock::now() + k_counting_patience;
  auto written = process.written();
  while (prints_itself_ && written && *written < printed && !process.has_exited()) {
    if (std::chrono::steady_clock::now() > patience_ends) prints_itself_ = false;  // others print for it
    ::usleep(20);
    written = process.written();
  }
  return written;
}

bool Authorship::lags(const Process& process, std::uint64_t printed) const {
  if (!written_at_start_ || !process.in_step()) return false;
  // A process of which nothing can be asked is exiting: with its last words unread it could not have.
  const auto written = process.written();
  return !written || process.has_exited() || *written - *written_at_start_ < printed - printed_at_start_;
}

}  // namespace sortie::harness
