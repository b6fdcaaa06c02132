#include "base/deadline.h"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <stdexcept>

namespace sortie {
namespace {

using namespace std::chrono_literals;

Task<Result<int>> answer() {
  co_return 42;
}
/// Cancelled, `sleep_for` returns and the next await throws.
Task<Result<int>> never() {
  for (;;) co_await sleep_for(24h);
}
Task<Result<int>> bug() {
  co_await sleep_for(0s);
  throw std::logic_error("bug");
}

template <class T>
Result<T> run(Task<Result<T>> task) {
  asio::io_context io;
  std::optional<Result<T>> result;
  std::exception_ptr exception;
  asio::co_spawn(io, std::move(task), [&](std::exception_ptr thrown, Result<T> value) {
    exception = thrown;
    result = std::move(value);
  });
  io.run();
  if (exception) std::rethrow_exception(exception);
  return *result;
}

TEST(Deadline, GivesTheResultInTime) {
  EXPECT_EQ(run(with_deadline(deadline_in(1h), answer(), "late")), 42);
}

TEST(Deadline, CancelsWhatIsLate) {
  const auto result = run(with_deadline(deadline_in(1ms), never(), "too late"));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::timeout);
  EXPECT_EQ(result.error().message, "too late");
}

TEST(Deadline, ABugIsNotTakenForLateness) {
  EXPECT_THROW((void)run(with_deadline(deadline_in(1h), bug(), "late")), std::logic_error);
}

TEST(Deadline, CancellationIsAnError) {
  asio::io_context io;
  asio::cancellation_signal cancel;
  std::optional<ErrorKind> kind;
  asio::co_spawn(
      io,
      [](std::optional<ErrorKind>& out) -> Task<void> {
        co_await asio::this_coro::throw_if_cancelled(false);
        const auto result = co_await with_deadline(deadline_in(1h), never(), "late");
        if (!result) out = result.error().kind;
      }(kind),
      asio::bind_cancellation_slot(cancel.slot(), [](std::exception_ptr) {}));
  io.poll();
  cancel.emit(asio::cancellation_type::terminal);
  io.run();
  EXPECT_EQ(kind, ErrorKind::cancelled);
}

}  // namespace
}  // namespace sortie
