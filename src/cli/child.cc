#include "cli/child.h"

#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <csignal>

namespace sortie::cli {

Result<Child> Child::start(const std::vector<std::string>& argv,
                           const std::map<std::string, std::string>& environment) {
  std::vector<std::string> pairs;
  for (const auto& [name, value] : environment) pairs.push_back(name + "=" + value);
  std::vector<char*> envp;
  for (std::string& pair : pairs) envp.push_back(pair.data());
  envp.push_back(nullptr);
  std::vector<char*> args;
  for (const std::string& word : argv) args.push_back(const_cast<char*>(word.c_str()));
  args.push_back(nullptr);

  // We ignore these; the command must not.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  sigaddset(&defaults, SIGXFSZ);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  pid_t pid = 0;
  const int error_number = posix_spawnp(&pid, args[0], nullptr, &attributes, args.data(), envp.data());
  posix_spawnattr_destroy(&attributes);
  if (error_number != 0) {
    Error error = fail_errno(error_number, argv[0]).error();
    error.kind = ErrorKind::usage;
    return std::unexpected(std::move(error));
  }
  UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (!pidfd) return fail_errno(errno, "pidfd_open");
  return Child(pid, std::move(pidfd));
}

Task<Result<int>> Child::wait() {
  asio::posix::stream_descriptor descriptor(co_await asio::this_coro::executor, pidfd_.release());
  co_await descriptor.async_wait(asio::posix::stream_descriptor::wait_read, asio::use_awaitable);
  int status = 0;
  if (waitpid(pid_, &status, 0) < 0) co_return fail_errno(errno, "waitpid");
  co_return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void Child::signal(int number) const {
  ::kill(pid_, number);
}

}  // namespace sortie::cli
