#pragma once

#include <chrono>

namespace sortie {

using SystemTime = std::chrono::sys_time<std::chrono::milliseconds>;

/// Wall-clock time as AWS shows it (signing dates, log timestamps, expiry). Injected everywhere, so
/// that a test sets the time. Intervals and deadlines use `std::chrono::steady_clock` directly.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual SystemTime now() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] SystemTime now() const override {
    return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  }
};

/// A clock that stands still until a test moves it.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(SystemTime start = SystemTime{std::chrono::seconds{1'440'938'160}}) : now_(start) {}
  [[nodiscard]] SystemTime now() const override { return now_; }
  void advance(std::chrono::milliseconds by) { now_ += by; }
  void set(SystemTime to) { now_ = to; }

 private:
  SystemTime now_;
};

}  // namespace sortie
