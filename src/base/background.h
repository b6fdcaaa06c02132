#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <memory>
#include <utility>

#include "base/task.h"

namespace sortie {

/// The tasks that the parts of one owner start and nobody waits for. Each keeps the owner, and with it all the parts
/// and this object, until it ends. A task looks at `closed` after every wait. One thread.
class Background {
 public:
  explicit Background(Executor executor) : executor_(std::move(executor)) {}
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  /// Once, before the first task.
  void set_owner(std::weak_ptr<void> owner) { owner_ = std::move(owner); }
  /// Starts a task; does nothing when the owner is closed or going.
  void spawn(Task<void> task) {
    auto owner = owner_.lock();
    if (closed_ || !owner) return;
    asio::co_spawn(executor_, run(std::move(owner), std::move(task)), asio::detached);
  }
  /// From here on nothing that tasks would do is wanted any more.
  void close() { closed_ = true; }
  [[nodiscard]] bool closed() const { return closed_; }
  /// For what may outlive the owner.
  [[nodiscard]] std::weak_ptr<void> owner() const { return owner_; }
  [[nodiscard]] const Executor& executor() const { return executor_; }

 private:
  static Task<void> run(std::shared_ptr<void>, Task<void> task) { co_await std::move(task); }

  Executor executor_;
  std::weak_ptr<void> owner_;
  bool closed_ = false;
};

}  // namespace sortie
