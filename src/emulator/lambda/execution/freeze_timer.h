#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>

#include "base/task.h"

namespace sortie::emulator::lambda {

/// Notices that an environment has not been used for a moment. The timer is not moved at every use, that would cost
/// more than it saves: it looks whether there was one meanwhile. io_context thread only.
class FreezeTimer {
 public:
  /// `on_idle` is called `delay` after the last `restart`, unless `owner` has gone.
  FreezeTimer(const Executor& executor, std::chrono::milliseconds delay, std::function<void()> on_idle)
      : timer_(executor), delay_(delay), on_idle_(std::move(on_idle)) {}

  void restart(std::weak_ptr<void> owner) {
    idle_since_ = std::chrono::steady_clock::now();
    arm(std::move(owner));
  }
  void cancel() { timer_.cancel(); }
  [[nodiscard]] std::chrono::steady_clock::time_point idle_since() const { return idle_since_; }

 private:
  void arm(std::weak_ptr<void> owner) {
    if (armed_) return;
    armed_ = true;
    timer_.expires_at(idle_since_ + delay_);
    timer_.async_wait([this, owner = std::move(owner)](boost::system::error_code error) {
      const auto alive = owner.lock();
      if (!alive) return;
      armed_ = false;
      if (error) return;
      if (std::chrono::steady_clock::now() < idle_since_ + delay_) return arm(owner);
      on_idle_();
    });
  }

  asio::steady_timer timer_;
  std::chrono::milliseconds delay_;
  std::function<void()> on_idle_;
  std::chrono::steady_clock::time_point idle_since_ = std::chrono::steady_clock::now();
  bool armed_ = false;
};

}  // namespace sortie::emulator::lambda
