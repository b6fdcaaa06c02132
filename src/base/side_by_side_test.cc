#include "base/side_by_side.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <stdexcept>

#include "base/blocking.h"

namespace sortie {
namespace {

using Both = std::pair<Settled<int>, Settled<std::string>>;

Task<Result<int>> at_once(int value) {
  co_return value;
}
Task<Result<std::string>> never() {
  co_await sleep_for(std::chrono::hours(24));
  co_await asio::post(asio::use_awaitable);  // throws when cancelled
  co_return "never";
}
Task<Result<std::string>> on_the_pool() {
  BlockingPool pool(1);
  co_return co_await pool.run([] { return std::string("worked"); });
}
Task<Result<std::string>> throwing() {
  throw std::logic_error("bug");
  co_return "";
}

/// Runs both; `cancel_after` turns of the loop later they are cancelled.
Both run(Task<Result<int>> first, Task<Result<std::string>> second, int cancel_after = -1) {
  asio::io_context io(1);
  asio::cancellation_signal cancel;
  Both both;
  bool ended = false;
  asio::co_spawn(io, side_by_side(std::move(first), std::move(second)),
                 asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr bug, Both value) {
                   EXPECT_FALSE(bug);
                   both = std::move(value);
                   ended = true;
                 }));
  std::function<void(int)> count_down = [&](int left) {
    if (ended) return;
    if (left == 0) cancel.emit(asio::cancellation_type::terminal);
    if (left > 0) asio::post(io, [&count_down, left] { count_down(left - 1); });
  };
  count_down(cancel_after);
  io.run();
  EXPECT_TRUE(ended);
  return both;
}

TEST(SideBySide, GivesBothResults) {
  const Both both = run(at_once(7), on_the_pool());
  EXPECT_EQ(**both.first.result, 7);
  EXPECT_EQ(**both.second.result, "worked");
}

TEST(SideBySide, AFailureOfOneLosesNothingOfTheOther) {
  const Both both = run(at_once(7), throwing());
  EXPECT_EQ(**both.first.result, 7);
  EXPECT_TRUE(both.second.exception);
  EXPECT_THROW((void)unsettled(both.second), std::logic_error);
}

TEST(SideBySide, CancelledAtAnyTurnItEndsAndKeepsWhatHadEnded) {
  for (int turn = 0; turn < 20; ++turn) {
    const Both both = run(at_once(7), never(), turn);
    EXPECT_EQ(both.second.result->error().kind, ErrorKind::cancelled) << turn;
    if (*both.first.result) EXPECT_EQ(**both.first.result, 7) << turn;
  }
}

TEST(SideBySide, CancelledWhileAJobRunsItWaitsForTheJob) {
  for (int turn = 0; turn < 20; ++turn) {
    const Both both = run(at_once(7), on_the_pool(), turn);
    EXPECT_FALSE(both.second.exception) << turn;
  }
}

}  // namespace
}  // namespace sortie
