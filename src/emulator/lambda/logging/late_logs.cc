#include "emulator/lambda/logging/late_logs.h"

#include <algorithm>
#include <exception>
#include <utility>

namespace sortie::emulator::lambda {
namespace {

using std::chrono::steady_clock;

}  // namespace

LateLogs::LateLogs(Executor executor, LogSink& sink, const Realism& realism, std::uint32_t seed)
    : sink_(sink), realism_(realism), random_(seed), timer_(std::make_shared<asio::steady_timer>(executor)) {}

LateLogs::~LateLogs() {
  try {
    flush();
  } catch (const std::exception&) {
    return;  // a full disk: there is nobody left to report it to
  }
}

void LateLogs::put(const std::string& region, const std::string& group, const std::string& stream,
                   std::vector<LogEvent> events) {
  std::uniform_int_distribution<std::int64_t> delay(realism_.least_log_delay.count(), realism_.most_log_delay.count());
  const auto now = steady_clock::now();
  for (std::size_t begin = 0; begin < events.size(); begin += realism_.log_piece_events) {
    const auto end = std::min(begin + realism_.log_piece_events, events.size());
    Piece piece{region,
                group,
                stream,
                {std::make_move_iterator(events.begin() + static_cast<std::ptrdiff_t>(begin)),
                 std::make_move_iterator(events.begin() + static_cast<std::ptrdiff_t>(end))}};
    pieces_.emplace(now + std::chrono::milliseconds(delay(random_)), std::move(piece));
  }
  arm();
}

void LateLogs::arm() {
  if (pieces_.empty()) return;
  timer_->expires_at(pieces_.begin()->first);
  timer_->async_wait([this, alive = std::weak_ptr(timer_)](boost::system::error_code error) {
    if (!error && !alive.expired()) write_due();
  });
}

void LateLogs::write_due() {
  const auto now = steady_clock::now();
  while (!pieces_.empty() && pieces_.begin()->first <= now) {
    auto piece = std::move(pieces_.extract(pieces_.begin()).mapped());
    try {
      sink_.put(piece.region, piece.group, piece.stream, piece.events);
    } catch (const std::exception&) {
      pieces_.emplace(now + realism_.most_log_delay, std::move(piece));  // a full disk: later, then
    }
  }
  arm();
}

void LateLogs::flush() {
  timer_->cancel();
  for (auto& [due, piece] : std::exchange(pieces_, {})) {
    sink_.put(piece.region, piece.group, piece.stream, std::move(piece.events));
  }
}

}  // namespace sortie::emulator::lambda
