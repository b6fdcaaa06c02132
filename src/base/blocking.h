#pragma once

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstddef>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/task.h"

namespace sortie {

/// The small thread pool for what blocks: hashing, zip, large files. A job takes values and returns a
/// value; it never touches state that the io_context thread owns.
class BlockingPool {
 public:
  /// Where the system refuses further threads, fewer will do; std::system_error when it refuses the first. (Asio's own
  /// thread_pool waits for ever when it was refused the second.)
  explicit BlockingPool(std::size_t threads = 2) : open_(asio::make_work_guard(jobs_)) {
    threads_.reserve(threads);
    try {
      while (threads_.size() < threads) threads_.emplace_back([this] { jobs_.run(); });
    } catch (const std::system_error&) {
      if (threads_.empty()) throw;
    }
  }
  BlockingPool(const BlockingPool&) = delete;
  BlockingPool& operator=(const BlockingPool&) = delete;
  /// Waits for running jobs.
  ~BlockingPool() { open_.reset(); }

  /// Runs `job` on the pool; the awaiting coroutine resumes on its own executor. A job is not cancelled: who waits for
  /// it and is cancelled notices when it has ended. (A coroutine of Asio's that is cancelled from another thread
  /// between its result and its end terminates the program.)
  template <class Job>
  auto run(Job job) -> Task<decltype(job())> {
    co_return co_await asio::co_spawn(
        jobs_, [](Job work) -> Task<decltype(job())> { co_return work(); }(std::move(job)),
        asio::bind_cancellation_slot(asio::cancellation_slot(), asio::use_awaitable));
  }

 private:
  asio::io_context jobs_;
  asio::executor_work_guard<asio::io_context::executor_type> open_;
  std::vector<std::jthread> threads_;  ///< destroyed first, which waits for them
};

}  // namespace sortie
