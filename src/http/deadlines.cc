#include "http/deadlines.h"

#include <algorithm>

namespace sortie::http {

namespace {

/// The timer never sleeps longer, so that a loop with nothing else to do ends soon after the last deadline was
/// lifted; and it never wakes more often for deadlines that follow each other closely.
constexpr auto k_longest_sleep = std::chrono::milliseconds(100);
constexpr auto k_shortest_sleep = std::chrono::milliseconds(5);

}  // namespace

void Deadlines::arm(Deadline at) {
  const auto now = std::chrono::steady_clock::now();
  armed_ = std::clamp(at, now, now + k_longest_sleep);
  timer_.expires_at(armed_);
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (!error && self) self->sweep();
  });
}

void Deadlines::sweep() {
  const auto now = std::chrono::steady_clock::now();
  Deadline next = k_no_deadline;
  for (Entry& entry : entries_) {
    if (entry.due <= now) entry.on_deadline(now);
    next = std::min(next, entry.due);
  }
  armed_ = k_no_deadline;
  if (next != k_no_deadline) arm(std::max(next, now + k_shortest_sleep));
}

}  // namespace sortie::http
