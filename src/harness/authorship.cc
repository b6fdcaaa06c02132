#include "harness/authorship.h"

namespace sortie::harness {

void Authorship::on_start(const Process& process, std::uint64_t printed) {
  // When output is not read in step, how far the process is ahead of what was read is not known.
  written_at_start_.reset();
  // Nothing can be asked of a process that is exiting already.
  if (process.in_step()) written_at_start_ = process.written().value_or(0);
  printed_at_start_ = printed;
}

bool Authorship::lags(const Process& process, std::uint64_t printed) const {
  if (!written_at_start_ || !process.in_step()) return false;
  // A process of which nothing can be asked is exiting: with its last words unread it could not have.
  const auto written = process.written();
  return !written || process.has_exited() || *written - *written_at_start_ < printed - printed_at_start_;
}

}  // namespace sortie::harness
