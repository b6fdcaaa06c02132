#include "http/pipe.h"

#include "http/loopback_test.h"

namespace sortie::http {
namespace {

class PipeTest : public Loopback {};

TEST_F(PipeTest, BytesComeOutInOrderAndThenTheEnd) {
  auto pipe = make_pipe(io.get_executor());
  ASSERT_TRUE(run(pipe.writer.write("one ")));
  ASSERT_TRUE(run(pipe.writer.write("two")));
  pipe.writer.finish();
  EXPECT_EQ(run(pipe.reader.read_all(100)), "one two");
}

TEST_F(PipeTest, AFullPipeHoldsTheWriterBack) {
  auto pipe = make_pipe(io.get_executor(), 4);
  std::optional<Result<void>> written;
  asio::co_spawn(io, pipe.writer.write("0123456789"),
                 [&](const std::exception_ptr&, Result<void> result) { written = std::move(result); });
  io.poll();
  EXPECT_FALSE(written);
  std::array<char, 100> buffer{};
  EXPECT_EQ(run(pipe.reader.read(buffer)), 4U);
  EXPECT_EQ(run(pipe.reader.read(buffer)), 4U);
  EXPECT_EQ(run(pipe.reader.read(buffer)), 2U);
  ASSERT_TRUE(run_until([&] { return written.has_value(); }));
  EXPECT_TRUE(*written);
}

TEST_F(PipeTest, AReaderThatLeavesWakesTheWriter) {
  auto pipe = make_pipe(io.get_executor(), 4);
  std::optional<Result<void>> written;
  asio::co_spawn(io, pipe.writer.write("0123456789"),
                 [&](const std::exception_ptr&, Result<void> result) { written = std::move(result); });
  io.poll();
  pipe.reader = {};
  ASSERT_TRUE(run_until([&] { return written.has_value(); }));
  ASSERT_FALSE(*written);
  EXPECT_EQ(written->error().kind, ErrorKind::cancelled);
  EXPECT_TRUE(pipe.writer.reader_gone());
}

TEST_F(PipeTest, AWriterThatLeavesIsNotAnEnd) {
  auto pipe = make_pipe(io.get_executor());
  {
    const PipeWriter gone = std::move(pipe.writer);
  }
  EXPECT_EQ(run(pipe.reader.read_all(100)).error().kind, ErrorKind::cancelled);
}

TEST_F(PipeTest, AFailureComesAfterTheBytes) {
  auto pipe = make_pipe(io.get_executor());
  ASSERT_TRUE(run(pipe.writer.write("abc")));
  pipe.writer.fail({.kind = ErrorKind::network, .message = "gone"});
  std::array<char, 100> buffer{};
  EXPECT_EQ(run(pipe.reader.read(buffer)), 3U);
  EXPECT_EQ(run(pipe.reader.read(buffer)).error().message, "gone");
}

TEST_F(PipeTest, AWaitingReadCanBeCancelled) {
  auto pipe = make_pipe(io.get_executor());
  std::array<char, 100> buffer{};
  const auto count = run(with_deadline(deadline_in(std::chrono::milliseconds(1)), pipe.reader.read(buffer), "late"));
  EXPECT_EQ(count.error().kind, ErrorKind::timeout);
  ASSERT_TRUE(run(pipe.writer.write("abc")));
  EXPECT_EQ(run(pipe.reader.read(buffer)), 3U);
}

}  // namespace
}  // namespace sortie::http
