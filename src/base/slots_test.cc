#include "base/slots.h"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <optional>

namespace sortie {
namespace {

Task<void> take_into(Slots& slots, std::optional<Slots::Slot>& out) {
  out.emplace(co_await slots.take());
}

TEST(Slots, LaterOnesWaitTheirTurn) {
  asio::io_context io;
  Slots slots(io.get_executor(), 1);
  std::array<std::optional<Slots::Slot>, 3> taken;
  for (auto& each : taken) asio::co_spawn(io, take_into(slots, each), asio::detached);
  io.poll();
  EXPECT_TRUE(taken[0]);
  EXPECT_FALSE(taken[1]);
  taken[0].reset();
  io.poll();
  EXPECT_TRUE(taken[1]);
  EXPECT_FALSE(taken[2]);
  taken[1].reset();
  io.poll();
  EXPECT_TRUE(taken[2]);  // nobody waits when the slots go: they must outlive their users
}

TEST(Slots, ACancelledWaiterTakesNothingAlong) {
  asio::io_context io;
  Slots slots(io.get_executor(), 1);
  std::array<std::optional<Slots::Slot>, 3> taken;
  asio::cancellation_signal cancel;
  asio::co_spawn(io, take_into(slots, taken[0]), asio::detached);
  asio::co_spawn(io, take_into(slots, taken[1]), asio::bind_cancellation_slot(cancel.slot(), asio::detached));
  asio::co_spawn(io, take_into(slots, taken[2]), asio::detached);
  io.poll();
  cancel.emit(asio::cancellation_type::terminal);
  io.poll();
  taken[0].reset();
  io.poll();
  EXPECT_FALSE(taken[1]);
  EXPECT_TRUE(taken[2]);
}

}  // namespace
}  // namespace sortie
