#pragma once

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

#include "base/task.h"

namespace sortie::emulator::lambda {

/// Wakes a coroutine that waits for a change of state. Entirely passive: nothing is remembered, so the waiter looks at
/// the state before each wait, on the same thread. At most one waiter that uses a deadline.
class Signal {
 public:
  explicit Signal(const Executor& executor) : timer_(executor, asio::steady_timer::time_point::max()) {}

  Task<void> wait() { co_await wait_until(asio::steady_timer::time_point::max()); }
  /// Returns at the latest at `deadline`; the waiter looks at the clock itself.
  Task<void> wait_until(std::chrono::steady_clock::time_point deadline) {
    if (timer_.expiry() != deadline) timer_.expires_at(deadline);
    boost::system::error_code woken;
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }
  void notify() { timer_.cancel(); }

 private:
  asio::steady_timer timer_;
};

}  // namespace sortie::emulator::lambda
