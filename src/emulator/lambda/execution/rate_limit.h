#pragma once

#include <algorithm>
#include <chrono>

namespace sortie::emulator::lambda {

/// So many events a second, and as many at once (a token bucket). A value; io_context thread only.
class RateLimit {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  RateLimit() = default;
  explicit RateLimit(double per_second) : per_second_(per_second), capacity_(per_second), tokens_(per_second) {}
  RateLimit(double per_second, double at_once) : per_second_(per_second), capacity_(at_once), tokens_(at_once) {}

  /// Counts an event, or says that it is one too many. Without a rate everything is allowed.
  bool take(TimePoint now) {
    if (per_second_ <= 0) return true;
    if (last_ != TimePoint{}) {
      tokens_ = std::min(capacity_, tokens_ + std::chrono::duration<double>(now - last_).count() * per_second_);
    }
    last_ = now;
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }
  [[nodiscard]] double rate() const { return per_second_; }

 private:
  double per_second_ = 0;
  double capacity_ = 0;
  double tokens_ = 0;
  TimePoint last_{};
};

}  // namespace sortie::emulator::lambda
