#include "base/blocking.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/detached.hpp>

namespace sortie {
namespace {

/// The answer of a job on a pool of `threads`.
int job_on_pool(std::size_t threads) {
  asio::io_context io(1);
  BlockingPool pool(threads);
  int answer = 0;
  asio::co_spawn(
      io, [](BlockingPool& on, int& to) -> Task<void> { to = co_await on.run([] { return 42; }); }(pool, answer),
      asio::detached);
  io.run();
  return answer;
}

TEST(BlockingPool, RunsJobsAndGivesTheirValues) {
  EXPECT_EQ(job_on_pool(1), 42);
  EXPECT_EQ(job_on_pool(4), 42);
}

/// In a process of a user who may have `threads` in all: the answer, or 3 when the first thread is refused.
int job_where_threads_are_few(rlim_t threads) {
  const pid_t child = ::fork();
  if (child == 0) {
    constexpr uid_t nobody_else = 54'321;
    const rlimit limit{threads, threads};
    if (::setrlimit(RLIMIT_NPROC, &limit) != 0 || ::setresuid(nobody_else, nobody_else, nobody_else) != 0) ::_exit(99);
    ::alarm(60);
    try {
      ::_exit(job_on_pool(4));
    } catch (const std::system_error&) {
      ::_exit(3);
    }
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(BlockingPool, FewerThreadsWillDo) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become a user without processes";
  EXPECT_EQ(job_where_threads_are_few(1), 3);
  EXPECT_EQ(job_where_threads_are_few(2), 42);
  EXPECT_EQ(job_where_threads_are_few(4), 42);
}

}  // namespace
}  // namespace sortie
