#pragma once

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstddef>
#include <utility>

#include "base/task.h"

namespace sortie {

/// The small thread pool for what blocks: hashing, zip, large files. A job takes values and returns a
/// value; it never touches state that the io_context thread owns.
class BlockingPool {
 public:
  explicit BlockingPool(std::size_t threads = 2) : pool_(threads) {}
  /// Waits for running jobs.
  ~BlockingPool() { pool_.join(); }

  /// Runs `job` on the pool; the awaiting coroutine resumes on its own executor. A job is not cancelled: who waits for
  /// it and is cancelled notices when it has ended. (A coroutine of Asio's that is cancelled from another thread
  /// between its result and its end terminates the program.)
  template <class Job>
  auto run(Job job) -> Task<decltype(job())> {
    co_return co_await asio::co_spawn(
        pool_, [](Job work) -> Task<decltype(job())> { co_return work(); }(std::move(job)),
        asio::bind_cancellation_slot(asio::cancellation_slot(), asio::use_awaitable));
  }

 private:
  asio::thread_pool pool_;
};

}  // namespace sortie
