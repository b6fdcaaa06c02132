#include "s3cli/parallel.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <deque>
#include <exception>
#include <optional>

#include "base/deadline.h"
#include "base/signal.h"

namespace sortie::s3cli {

namespace {

/// What the tasks share; each one's end holds it.
struct Group {
  explicit Group(const Executor& executor) : all_ended(executor) {}

  void cancel() {
    for (auto& signal : signals) signal.emit(asio::cancellation_type::terminal);
  }
  /// `not_begun`: cancelled before its first step; what happens later is in `settled`.
  void end(bool not_begun, Settled<void> settled) {
    --left;
    if (settled.exception && !bug) bug = settled.exception;
    const bool succeeded = !not_begun && settled.result && *settled.result;
    if (!succeeded && !error) {
      const bool has_error = settled.result && !*settled.result;
      error = has_error ? std::move(settled.result->error()) : fail(ErrorKind::cancelled, "cancelled").error();
      cancel();
    }
    if (left == 0) all_ended.notify();
  }

  Signal all_ended;
  std::deque<asio::cancellation_signal> signals;
  int left = 0;
  std::optional<Error> error;
  std::exception_ptr bug;
};

}  // namespace

Task<Result<void>> run_parallel(int count, std::function<Task<Result<void>>(int index)> make) {
  const auto executor = co_await asio::this_coro::executor;
  co_await asio::this_coro::throw_if_cancelled(false);
  const auto group = std::make_shared<Group>(executor);
  for (int index = 0; index < count; ++index) {
    ++group->left;
    auto& signal = group->signals.emplace_back();
    asio::co_spawn(executor, settle(make(index)),
                   asio::bind_cancellation_slot(signal.slot(),
                                                [group](const std::exception_ptr& not_begun, Settled<void> settled) {
                                                  group->end(not_begun != nullptr, std::move(settled));
                                                }));
  }
  bool cancelled = false;
  while (group->left > 0) {
    co_await group->all_ended.wait();
    const auto state = co_await asio::this_coro::cancellation_state;
    if (!cancelled && state.cancelled() != asio::cancellation_type::none) {
      cancelled = true;
      group->cancel();
      co_await asio::this_coro::reset_cancellation_state();
    }
  }
  co_await asio::this_coro::throw_if_cancelled(true);
  if (group->bug) std::rethrow_exception(group->bug);
  if (cancelled) co_return fail(ErrorKind::cancelled, "cancelled");
  if (group->error) co_return std::unexpected(*std::move(group->error));
  co_return Result<void>{};
}

}  // namespace sortie::s3cli
