#include "harness/authorship.h"

namespace sortie::harness {
namespace {

/// When output is not read in step, how far the process is ahead of what was read is not known.
std::optional<std::uint64_t> written_in_step(const Process& process) {
  return process.in_step() ? process.written() : std::nullopt;
}

}  // namespace

void Authorship::on_start(const Process& process, std::uint64_t printed) {
  written_at_start_ = written_in_step(process);
  written_at_end_.reset();
  printed_at_start_ = printed;
  printed_since_ = 0;
}

void Authorship::on_end(const Process& process, std::uint64_t printed) {
  written_at_end_ = written_in_step(process);
  printed_since_ = printed - printed_at_start_;
}

bool Authorship::lags(const Process& process) const {
  if (!written_at_start_ || !written_at_end_) return false;
  const auto written = process.written();
  return written && *written - *written_at_start_ < printed_since_;
}

bool Authorship::is_foreign(std::optional<std::uint64_t> written) const {
  if (!written || !written_at_start_ || !written_at_end_) return false;
  return *written == *written_at_end_ && *written - *written_at_start_ < printed_since_;
}

}  // namespace sortie::harness
