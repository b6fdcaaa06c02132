#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/deadline.h"
#include "base/task.h"

namespace sortie::emulator::cloudformation {

/// Runs the operations on stacks and change sets, each in a coroutine of its own: at most `k_parallel` at once, the
/// others wait in the order in which they came. Operations have the id of their stack or change set, and no two have
/// the same. io_context thread only.
class OperationQueue {
 public:
  static constexpr std::size_t k_parallel = 16;
  using Operation = std::function<Task<void>()>;

  explicit OperationQueue(Executor executor) : executor_(std::move(executor)) {}

  /// `owner` is kept alive as long as the coroutine runs; the queue belongs to it.
  void start(std::shared_ptr<void> owner, const std::string& id, Operation operation);
  /// Whether the operation of `id` runs or waits.
  [[nodiscard]] bool contains(std::string_view id) const { return controls_.contains(id); }

  /// Asks the operation to stop after the resource that it works on. Nothing when it does not run.
  void cancel(std::string_view id);
  /// The same, and `next` runs in its place once it has stopped. `id` must be contained.
  void replace(std::string_view id, Operation next);
  /// From here on the operation is not cancelled: a rollback is not itself rolled back.
  void clear_cancellation(std::string_view id);
  [[nodiscard]] bool is_cancelled(std::string_view id) const;
  [[nodiscard]] bool is_replaced(std::string_view id) const;

  /// Drops the operations that wait; after those that run nothing begins any more.
  void stop();
  /// Waits until no operation runs, at most until `deadline`.
  Task<void> wait_until_idle(Deadline deadline);

 private:
  struct Control {
    bool cancelled = false;
    Operation next;  ///< runs in the operation's place; may be empty
  };

  Task<void> run(std::shared_ptr<void> owner, std::string id, Operation operation);
  /// What the coroutine of `id` does next: the operation that replaces its own, or one that waits. False: nothing.
  bool take_next(std::string& id, Operation& operation);

  Executor executor_;
  std::map<std::string, Control, std::less<>> controls_;  ///< of all that run or wait, by id
  std::deque<std::pair<std::string, Operation>> waiting_;
  std::size_t active_ = 0;
  bool stopped_ = false;
};

}  // namespace sortie::emulator::cloudformation
