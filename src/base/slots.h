#pragma once

#include <cstddef>
#include <deque>
#include <utility>

#include "base/signal.h"

namespace sortie {

/// A bounded number of things at once; who comes later waits his turn. Outlives its users. io_context thread only.
class Slots {
 public:
  Slots(Executor executor, std::size_t count) : executor_(std::move(executor)), free_(count) {}

  /// A taken slot; gives it back when it goes.
  class Slot {
   public:
    Slot() = default;
    explicit Slot(Slots* slots) : slots_(slots) {}
    Slot(Slot&& other) noexcept : slots_(std::exchange(other.slots_, nullptr)) {}
    Slot& operator=(Slot&& other) noexcept {
      std::swap(slots_, other.slots_);
      return *this;
    }
    ~Slot() {
      if (slots_ != nullptr) slots_->give_back();
    }

   private:
    Slots* slots_ = nullptr;
  };

  Task<Slot> take() {
    if (free_ > 0) {
      --free_;
      co_return Slot(this);
    }
    Turn turn(*this);
    while (!turn.come) co_await turn.changed.wait();
    turn.taken = true;
    co_return Slot(this);
  }

 private:
  /// A place in the queue. Whoever leaves the queue, cancelled, takes nothing along.
  struct Turn {
    explicit Turn(Slots& all) : slots(all), changed(all.executor_) { slots.waiting_.push_back(this); }
    ~Turn() {
      if (!come) {
        std::erase(slots.waiting_, this);
      } else if (!taken) {
        slots.give_back();
      }
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    Slots& slots;
    bool come = false;
    bool taken = false;
    Signal changed;
  };
  void give_back() {
    if (waiting_.empty()) {
      ++free_;
      return;
    }
    auto* turn = waiting_.front();
    waiting_.pop_front();
    turn->come = true;
    turn->changed.notify();
  }

  Executor executor_;
  std::size_t free_;
  std::deque<Turn*> waiting_;
};

}  // namespace sortie
