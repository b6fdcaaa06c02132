#pragma once

#include <cstddef>
#include <deque>
#include <memory>

#include "emulator/lambda/signal.h"

namespace sortie::emulator::lambda {

/// A bounded number of things at once; who comes later waits his turn. io_context thread only.
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
    if (free_ == 0) {
      auto turn = std::make_shared<Turn>(executor_);
      waiting_.push_back(turn);
      while (!turn->come) co_await turn->changed.wait();
      co_return Slot(this);
    }
    --free_;
    co_return Slot(this);
  }

 private:
  struct Turn {
    explicit Turn(const Executor& executor) : changed(executor) {}
    bool come = false;
    Signal changed;
  };
  void give_back() {
    if (waiting_.empty()) {
      ++free_;
      return;
    }
    waiting_.front()->come = true;
    waiting_.front()->changed.notify();
    waiting_.pop_front();
  }

  Executor executor_;
  std::size_t free_;
  std::deque<std::shared_ptr<Turn>> waiting_;
};

}  // namespace sortie::emulator::lambda
