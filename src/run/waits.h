#pragma once

#include <chrono>
#include <functional>

#include "base/deadline.h"
#include "base/task.h"

namespace sortie::run {

/// Waits between two looks at something, at most so long altogether.
struct Patience {
  std::chrono::milliseconds total{0};
  std::function<Task<void>(std::chrono::milliseconds)> sleep = [](std::chrono::milliseconds duration) {
    return sleep_for(duration);
  };
};

/// What the runner waits for, and how long. Tests give a `sleep` of their own, that only counts.
struct Waits {
  /// Log events are visible within seconds; a minute late is a fault.
  std::chrono::milliseconds log_within = std::chrono::seconds(60);
  /// Of an invocation that was abandoned and goes on: what there is by now.
  std::chrono::milliseconds log_of_living = std::chrono::seconds(3);
  /// Before the next try when Lambda could not take an invocation.
  std::chrono::milliseconds throttled_pause{500};
  /// A harness that lives says so every 3 s (suite::k_alive_interval); one that has said nothing for so long was
  /// stopped, and does not watch the tests' time any more.
  std::chrono::milliseconds silence = std::chrono::seconds(30);
  /// Before the first word: Lambda makes an environment for the invocation, and may throttle it for a while.
  std::chrono::milliseconds first_word = std::chrono::minutes(5);
  std::function<Task<void>(std::chrono::milliseconds)> sleep = Patience{}.sleep;

  /// `goes_on`: the function has not ended, and so its log has not.
  [[nodiscard]] Patience for_log(bool goes_on) const { return {goes_on ? log_of_living : log_within, sleep}; }
};

}  // namespace sortie::run
