#include "emulator/cloudformation/engine/operation_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

namespace sortie::emulator::cloudformation {
namespace {

class OperationQueueTest : public testing::Test {
 protected:
  void run() {
    io_.restart();
    io_.run();
  }
  /// Lets everything else run for some turns.
  Task<void> some_turns() {
    for (int turn = 0; turn < 5; ++turn) co_await asio::post(io_, asio::use_awaitable);
  }
  OperationQueue::Operation logs(std::string line) {
    return [this, line]() -> Task<void> {
      co_await some_turns();
      log_.push_back(line);
    };
  }

  asio::io_context io_;
  std::shared_ptr<int> owner_ = std::make_shared<int>(0);
  OperationQueue queue_{io_.get_executor()};
  std::vector<std::string> log_;
};

TEST_F(OperationQueueTest, RunsSoManyAtOnceAndTheOthersInTheirOrder) {
  std::size_t active = 0;
  std::size_t peak = 0;
  std::vector<int> begun;
  for (int i = 0; i < 40; ++i) {
    queue_.start(owner_, std::to_string(i), [&, i]() -> Task<void> {
      begun.push_back(i);
      peak = std::max(peak, ++active);
      co_await some_turns();
      --active;
    });
  }
  EXPECT_TRUE(queue_.contains("39"));
  run();
  EXPECT_EQ(peak, OperationQueue::k_parallel);
  EXPECT_EQ(begun.size(), 40U);
  EXPECT_TRUE(std::ranges::is_sorted(begun));
  EXPECT_FALSE(queue_.contains("39"));
}

TEST_F(OperationQueueTest, CancelsWhatRunsAndWhatWaits) {
  queue_.cancel("a");
  EXPECT_FALSE(queue_.is_cancelled("a"));
  queue_.start(owner_, "a", [this]() -> Task<void> {
    queue_.cancel("a");
    EXPECT_TRUE(queue_.is_cancelled("a"));
    queue_.clear_cancellation("a");
    EXPECT_FALSE(queue_.is_cancelled("a"));
    co_return;
  });
  run();
  EXPECT_FALSE(queue_.contains("a"));
}

TEST_F(OperationQueueTest, RunsTheReplacementInItsPlace) {
  queue_.start(owner_, "a", logs("first"));
  queue_.replace("a", logs("second"));
  EXPECT_TRUE(queue_.is_cancelled("a"));
  EXPECT_TRUE(queue_.is_replaced("a"));
  run();
  EXPECT_EQ(log_, (std::vector<std::string>{"first", "second"}));
  EXPECT_FALSE(queue_.contains("a"));
}

TEST_F(OperationQueueTest, BeginsNothingAfterItWasStopped) {
  for (std::size_t i = 0; i <= OperationQueue::k_parallel; ++i) queue_.start(owner_, std::to_string(i), logs("x"));
  queue_.replace("0", logs("replacement"));
  queue_.stop();
  run();
  EXPECT_EQ(log_, std::vector<std::string>(OperationQueue::k_parallel, "x"));
}

TEST_F(OperationQueueTest, KeepsItsOwnerAliveWhileItRuns) {
  const std::weak_ptr<int> watched = owner_;
  queue_.start(std::move(owner_), "a", [&]() -> Task<void> {
    EXPECT_FALSE(watched.expired());
    co_return;
  });
  run();
  EXPECT_TRUE(watched.expired());
}

}  // namespace
}  // namespace sortie::emulator::cloudformation
