#include "base/background.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "base/signal.h"

namespace sortie {
namespace {

struct Owner {
  explicit Owner(Executor executor) : background(executor), go(executor) {}
  Background background;
  Signal go;
  int done = 0;

  Task<void> wait_and_count() {
    co_await go.wait();
    if (!background.closed()) ++done;
  }
};

TEST(Background, ATaskKeepsTheOwnerUntilItEnds) {
  asio::io_context io;
  auto owner = std::make_shared<Owner>(io.get_executor());
  owner->background.set_owner(owner);
  owner->background.spawn(owner->wait_and_count());
  io.poll();
  std::weak_ptr<Owner> left = owner;
  owner.reset();
  ASSERT_FALSE(left.expired());
  left.lock()->go.notify();
  io.restart();
  io.run();
  EXPECT_TRUE(left.expired());
}

TEST(Background, ATaskSeesThatTheOwnerWasClosedMeanwhile) {
  asio::io_context io;
  auto owner = std::make_shared<Owner>(io.get_executor());
  owner->background.set_owner(owner);
  owner->background.spawn(owner->wait_and_count());
  io.poll();
  owner->background.close();
  owner->go.notify();
  io.restart();
  io.run();
  EXPECT_EQ(owner->done, 0);
  EXPECT_EQ(owner.use_count(), 1);
}

TEST(Background, AClosedOwnerStartsNothing) {
  asio::io_context io;
  auto owner = std::make_shared<Owner>(io.get_executor());
  owner->background.set_owner(owner);
  owner->background.close();
  owner->background.spawn(owner->wait_and_count());
  io.run();
  EXPECT_EQ(owner->done, 0);
  EXPECT_EQ(owner.use_count(), 1);
}

}  // namespace
}  // namespace sortie
