#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <chrono>
#include <exception>
#include <optional>
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

/// Waits. Cancelled, it returns early; the next await throws (unless the coroutine chose otherwise).
inline Task<void> sleep_for(std::chrono::steady_clock::duration duration) {
  asio::steady_timer timer(co_await asio::this_coro::executor, duration);
  boost::system::error_code ignored;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

/// A task's result, or the exception it ended in.
template <class T>
struct Settled {
  std::optional<Result<T>> result;
  std::exception_ptr exception;
};

/// Awaits `task` without letting an exception out. A cancelled task gives ErrorKind::cancelled.
template <class T>
Task<Settled<T>> settle(Task<Result<T>> task) {
  Settled<T> settled;
  try {
    settled.result.emplace(co_await std::move(task));
  } catch (const boost::system::system_error& error) {
    if (error.code() == asio::error::operation_aborted) {
      settled.result.emplace(fail(ErrorKind::cancelled, "cancelled"));
    } else {
      settled.exception = std::current_exception();
    }
  } catch (...) {
    settled.exception = std::current_exception();
  }
  co_return settled;
}

/// Awaits `task`; when the deadline passes first, cancels it (the usual Asio cancellation), waits until it has
/// ended, and answers ErrorKind::timeout with `what` as the message. Cancelled from outside: ErrorKind::cancelled.
template <class T>
Task<Result<T>> with_deadline(Deadline deadline, Task<Result<T>> task, std::string what) {
  if (deadline == k_no_deadline) co_return co_await std::move(task);
  using namespace asio::experimental::awaitable_operators;
  asio::steady_timer timer(co_await asio::this_coro::executor, deadline);
  auto first = co_await (settle(std::move(task)) || timer.async_wait(asio::as_tuple(asio::use_awaitable)));
  if (first.index() == 0) {
    Settled<T>& settled = std::get<0>(first);
    if (settled.exception) std::rethrow_exception(settled.exception);
    co_return *std::move(settled.result);
  }
  const auto [interrupted] = std::get<1>(first);
  if (interrupted) co_return fail(ErrorKind::cancelled, "cancelled: " + what);
  co_return fail(ErrorKind::timeout, std::move(what));
}

}  // namespace sortie
