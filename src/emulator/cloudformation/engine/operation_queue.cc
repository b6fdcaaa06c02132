#include "emulator/cloudformation/engine/operation_queue.h"

#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <tuple>

namespace sortie::emulator::cloudformation {

namespace {

constexpr auto k_idle_check = std::chrono::milliseconds(5);

}  // namespace

void OperationQueue::start(std::shared_ptr<void> owner, const std::string& id, Operation operation) {
  controls_[id] = {};
  if (active_ >= k_parallel) {
    waiting_.emplace_back(id, std::move(operation));
    return;
  }
  ++active_;
  asio::co_spawn(executor_, run(std::move(owner), id, std::move(operation)), [](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
  });
}

Task<void> OperationQueue::run(std::shared_ptr<void> owner, std::string id, Operation operation) {
  do {
    co_await operation();
  } while (take_next(id, operation));
  --active_;
  owner.reset();
}

bool OperationQueue::take_next(std::string& id, Operation& operation) {
  if (stopped_) return false;
  Control control = std::exchange(controls_[id], {});
  if (control.next) {
    operation = std::move(control.next);
    return true;
  }
  controls_.erase(id);
  if (waiting_.empty()) return false;
  std::tie(id, operation) = std::move(waiting_.front());
  waiting_.pop_front();
  return true;
}

void OperationQueue::cancel(std::string_view id) {
  if (const auto control = controls_.find(id); control != controls_.end()) control->second.cancelled = true;
}

void OperationQueue::replace(std::string_view id, Operation next) {
  controls_.find(id)->second = {true, std::move(next)};
}

void OperationQueue::clear_cancellation(std::string_view id) {
  if (const auto control = controls_.find(id); control != controls_.end()) control->second.cancelled = false;
}

bool OperationQueue::is_cancelled(std::string_view id) const {
  const auto control = controls_.find(id);
  return control != controls_.end() && control->second.cancelled;
}

bool OperationQueue::is_replaced(std::string_view id) const {
  const auto control = controls_.find(id);
  return control != controls_.end() && control->second.next;
}

void OperationQueue::stop() {
  stopped_ = true;
  waiting_.clear();
}

Task<void> OperationQueue::wait_until_idle(Deadline deadline) {
  while (active_ > 0 && std::chrono::steady_clock::now() < deadline) co_await sleep_for(k_idle_check);
}

}  // namespace sortie::emulator::cloudformation
