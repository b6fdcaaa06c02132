#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <csignal>

#include "aws/credentials_detail.h"
#include "base/deadline.h"
#include "base/unique_fd.h"

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX wants it declared by the user

namespace sortie::aws {

namespace {

constexpr std::size_t k_output_limit = 1024 * 1024;
constexpr std::chrono::minutes k_timeout{1};

/// A child that is killed and reaped when nobody waited for its end.
class Child {
 public:
  Child() = default;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  /// Starts `/bin/sh -c command` with its standard output in `write_end`.
  Result<void> start(const std::string& command, int write_end) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, write_end, STDOUT_FILENO);
    std::string text = command;
    std::array<char*, 4> argv = {const_cast<char*>("sh"), const_cast<char*>("-c"), text.data(), nullptr};
    const int error = ::posix_spawn(&pid_, "/bin/sh", &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) return fail_errno(error, "start /bin/sh");
    return {};
  }
  [[nodiscard]] pid_t pid() const { return pid_; }
  /// The process has ended: its exit status, -1 for a signal.
  int reap() {
    int status = 0;
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t pid_ = -1;
};

Task<Result<std::string>> read_to_end(asio::posix::stream_descriptor& pipe) {
  std::string output;
  std::array<char, 4096> buffer;
  for (;;) {
    const auto [error, count] =
        co_await pipe.async_read_some(asio::buffer(buffer), asio::as_tuple(asio::use_awaitable));
    output.append(buffer.data(), count);
    if (error == asio::error::eof) co_return output;
    if (error) co_return fail(ErrorKind::internal, "reading its output: " + error.message());
    if (output.size() > k_output_limit) co_return fail(ErrorKind::protocol, "its output is too long");
  }
}

Task<Result<std::string>> run(std::string command) {
  const auto executor = co_await asio::this_coro::executor;
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) co_return fail_errno(errno, "pipe");
  UniqueFd write_end(ends[1]);
  asio::posix::stream_descriptor pipe(executor, ends[0]);
  Child child;
  CO_RETURN_IF_ERROR(child.start(command, write_end.get()));
  write_end.reset();
  ASSIGN_OR_CO_RETURN(auto output, co_await read_to_end(pipe));
  const int pidfd = int(::syscall(SYS_pidfd_open, child.pid(), 0));
  if (pidfd < 0) co_return fail_errno(errno, "pidfd_open");
  asio::posix::stream_descriptor end(executor, pidfd);
  const auto [error] =
      co_await end.async_wait(asio::posix::stream_descriptor::wait_read, asio::as_tuple(asio::use_awaitable));
  if (error) co_return fail(ErrorKind::cancelled, "waiting for its end");
  const int status = child.reap();
  if (status != 0) {
    co_return fail(ErrorKind::internal, status < 0 ? "ended by a signal" : "exit status " + std::to_string(status));
  }
  co_return output;
}

}  // namespace

Task<Result<std::string>> run_credential_process(std::string command) {
  return with_deadline(deadline_in(k_timeout), run(std::move(command)), "no answer in a minute");
}

}  // namespace sortie::aws
