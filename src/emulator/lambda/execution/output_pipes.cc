#include "emulator/lambda/execution/output_pipes.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <utility>

namespace sortie::emulator::lambda {
namespace {

constexpr std::size_t k_read_bytes = 64 * 1024;

/// One buffer for all environments: it is empty again before anything else runs.
std::array<char, k_read_bytes>& read_buffer() {
  static thread_local std::array<char, k_read_bytes> buffer;
  return buffer;
}

}  // namespace

struct OutputPipes::Pipe {
  Pipe(const Executor& executor, UniqueFd fd, FunctionLog::Source which)
      : descriptor(executor, fd.release()), source(which) {}
  asio::posix::stream_descriptor descriptor;
  FunctionLog::Source source;
  bool open = true;
};

void OutputPipes::add(std::shared_ptr<void> owner, UniqueFd fd, FunctionLog::Source source) {
  if (!fd) return;
  auto pipe = std::make_shared<Pipe>(executor_, std::move(fd), source);
  pipes_.push_back(pipe);
  asio::co_spawn(executor_, read(std::move(owner), pipe), asio::detached);
}

Task<void> OutputPipes::read(std::shared_ptr<void>, std::shared_ptr<Pipe> pipe) {
  while (pipe->open && pipe->descriptor.is_open()) {
    auto [error] = co_await pipe->descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                                                        asio::as_tuple(asio::use_awaitable));
    if (error || !pipe->open || abandoned_) co_return;
    auto& buffer = read_buffer();
    auto count = ::read(pipe->descriptor.native_handle(), buffer.data(), buffer.size());
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) {
      pipe->open = false;
      co_return;
    }
    if (count < 0) continue;
    log_.output(pipe->source, {buffer.data(), static_cast<std::size_t>(count)});
    if (show_at_once_()) log_.flush();
  }
}

void OutputPipes::drain() {
  for (const auto& pipe : pipes_) read_rest(*pipe, false);
}

void OutputPipes::finish() {
  for (const auto& pipe : std::exchange(pipes_, {})) {
    read_rest(*pipe, true);
    pipe->open = false;
    boost::system::error_code ignored;
    pipe->descriptor.close(ignored);
  }
}

void OutputPipes::read_rest(Pipe& pipe, bool to_the_end) {
  int left = 0;
  if (!pipe.open || ::ioctl(pipe.descriptor.native_handle(), FIONREAD, &left) != 0) return;
  while (left > 0 || to_the_end) {
    auto& buffer = read_buffer();
    auto count = ::read(pipe.descriptor.native_handle(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    left -= static_cast<int>(count);
    log_.output(pipe.source, {buffer.data(), static_cast<std::size_t>(count)});
  }
}

}  // namespace sortie::emulator::lambda
