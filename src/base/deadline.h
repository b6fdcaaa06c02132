#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/task.h"

namespace sortie {

/// A point on the steady clock by which something must be done.
using Deadline = std::chrono::steady_clock::time_point;

inline Deadline deadline_in(std::chrono::steady_clock::duration duration) {
  return std::chrono::steady_clock::now() + duration;
}

/// No deadline. Only for waits that something else bounds.
inline constexpr Deadline k_no_deadline = Deadline::max();

/// Waits, cancellable.
inline Task<void> sleep_for(std::chrono::steady_clock::duration duration) {
  asio::steady_timer timer(co_await asio::this_coro::executor, duration);
  boost::system::error_code ignored;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

/// Awaits `task`; when the deadline passes first, cancels it (the usual Asio cancellation) and
/// answers ErrorKind::timeout with `what` in the message.
template <class T>
Task<Result<T>> with_deadline(Deadline deadline, Task<Result<T>> task, std::string what) {
  if (deadline == k_no_deadline) co_return co_await std::move(task);
  using namespace asio::experimental::awaitable_operators;
  asio::steady_timer timer(co_await asio::this_coro::executor, deadline);
  auto first = co_await (std::move(task) || timer.async_wait(asio::as_tuple(asio::use_awaitable)));
  if (first.index() == 0) co_return std::get<0>(std::move(first));
  co_return fail(ErrorKind::timeout, std::move(what));
}

}  // namespace sortie
