#pragma once

#include <array>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <utility>

#include "base/deadline.h"

namespace sortie {

/// Two tasks at a time, on the awaiting coroutine's executor. Ends when both have, whatever became of them: what one of
/// them has made is never lost because the other one failed. Cancelled, it cancels those that still run, and waits
/// for their end; one that has ended is never cancelled (with Asio's `&&`, a signal that comes then finds a slot whose
/// coroutine is gone).
template <class A, class B>
Task<std::pair<Settled<A>, Settled<B>>> side_by_side(Task<Result<A>> first, Task<Result<B>> second) {
  const Executor executor = co_await asio::this_coro::executor;
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  std::pair<Settled<A>, Settled<B>> both;
  std::array<asio::cancellation_signal, 2> cancel;
  std::array<bool, 2> ended{};
  asio::steady_timer one_ended(executor, k_no_deadline);
  const auto end_of = [&](std::size_t side, auto& settled) {
    return [&, side](std::exception_ptr bug, auto value) {
      settled = std::move(value);
      if (bug) settled.exception = bug;
      ended[side] = true;
      one_ended.cancel();
    };
  };
  asio::co_spawn(executor, settle(std::move(first)),
                 asio::bind_cancellation_slot(cancel[0].slot(), end_of(0, both.first)));
  asio::co_spawn(executor, settle(std::move(second)),
                 asio::bind_cancellation_slot(cancel[1].slot(), end_of(1, both.second)));
  for (bool passed_on = false; !ended[0] || !ended[1];) {
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none && !std::exchange(passed_on, true)) {
      for (std::size_t side = 0; side < ended.size(); ++side) {
        if (!ended[side]) cancel[side].emit(asio::cancellation_type::terminal);
      }
    }
    boost::system::error_code ignored;
    co_await one_ended.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  co_await asio::this_coro::throw_if_cancelled(throws);
  co_return both;
}

/// The value, or throws what the task threw.
template <class T>
Result<T> unsettled(Settled<T> settled) {
  if (settled.exception) std::rethrow_exception(settled.exception);
  return *std::move(settled.result);
}

}  // namespace sortie
