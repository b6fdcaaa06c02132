#pragma once

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <vector>

#include "base/task.h"

namespace sortie {

/// Wakes the coroutines that wait for a change of state. Entirely passive: nothing is remembered, so a waiter looks at
/// the state before each wait, on the same thread. Must outlive its waiters.
class Signal {
 public:
  explicit Signal(Executor executor) : executor_(std::move(executor)) {}
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

  Task<void> wait() { return wait_until(asio::steady_timer::time_point::max()); }
  /// Returns at the latest at `deadline`; the waiter looks at the clock itself.
  Task<void> wait_until(std::chrono::steady_clock::time_point deadline) {
    Waiter waiter(*this, deadline);
    boost::system::error_code woken;
    co_await waiter.timer.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }
  void notify() {
    for (auto* waiter : waiters_) waiter->timer.cancel();
  }

 private:
  /// One wait; each has its own timer, as deadlines differ.
  struct Waiter {
    Waiter(Signal& signal, std::chrono::steady_clock::time_point deadline)
        : signal(signal), timer(signal.executor_, deadline) {
      signal.waiters_.push_back(this);
    }
    ~Waiter() { std::erase(signal.waiters_, this); }
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    Signal& signal;
    asio::steady_timer timer;
  };

  Executor executor_;
  std::vector<Waiter*> waiters_;
};

}  // namespace sortie
