#include "http/transport.h"

#include <sys/socket.h>

#include <array>

#include "http/loopback_test.h"

namespace sortie::http {
namespace {

class TransportTest : public Loopback {
 protected:
  TransportTest() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
    Transport::Socket socket(io);
    socket.assign({AF_UNIX, 0}, ends[0]);
    near.emplace(std::move(socket), *deadlines);
    far.reset(ends[1]);
  }

  std::shared_ptr<Deadlines> deadlines = std::make_shared<Deadlines>(io.get_executor());
  std::optional<Transport> near;
  UniqueFd far;
  std::array<char, 16> buffer{};
};

TEST_F(TransportTest, TheEndIsToldAgainAndAgain) {
  ::shutdown(far.get(), SHUT_WR);
  int ends = 0;
  for (int i = 0; i < 3; ++i) {
    asio::co_spawn(io, near->read_some(buffer, k_no_deadline),
                   [&](const std::exception_ptr&, Result<std::size_t> count) {
                     if (count == std::size_t{0}) ++ends;
                   });
    io.poll();
    io.restart();
  }
  EXPECT_EQ(ends, 3);
}

TEST_F(TransportTest, AReadThatMissesItsDeadlineCanBeRepeated) {
  const auto late = run(near->read_some(buffer, deadline_in(std::chrono::milliseconds(1))));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::timeout);
  ASSERT_EQ(::write(far.get(), "abc", 3), 3);
  EXPECT_EQ(run(near->read_some(buffer, k_no_deadline)), 3U);
}

TEST_F(TransportTest, TheWritersDeadlineLeavesTheReaderAlone) {
  std::optional<Result<std::size_t>> read;
  asio::co_spawn(io, near->read_some(buffer, k_no_deadline),
                 [&](const std::exception_ptr&, Result<std::size_t> count) { read = std::move(count); });
  const std::string more_than_fits(8 << 20, 'x');
  const auto written = run(near->write({more_than_fits}, std::chrono::milliseconds(1)));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().kind, ErrorKind::timeout);
  EXPECT_FALSE(read);
  ASSERT_EQ(::write(far.get(), "abc", 3), 3);
  ASSERT_TRUE(run_until([&] { return read.has_value(); }));
  EXPECT_EQ(*read, 3U);
}

TEST_F(TransportTest, ClosingBreaksAReadOff) {
  std::optional<Result<std::size_t>> read;
  asio::co_spawn(io, near->read_some(buffer, k_no_deadline),
                 [&](const std::exception_ptr&, Result<std::size_t> count) { read = std::move(count); });
  io.poll();
  near->close();
  ASSERT_TRUE(run_until([&] { return read.has_value(); }));
  EXPECT_EQ(read->error().kind, ErrorKind::cancelled);
}

TEST_F(TransportTest, WritingToAClosedPeerIsANetworkError) {
  far.reset();
  const auto written = run(near->write({"x"}, std::chrono::seconds(1)));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().kind, ErrorKind::network);
}

}  // namespace
}  // namespace sortie::http
