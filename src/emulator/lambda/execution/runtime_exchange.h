#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/signal.h"
#include "base/task.h"
#include "emulator/lambda/execution/failure.h"
#include "emulator/lambda/execution/invocation.h"
#include "emulator/lambda/execution/lifecycle.h"
#include "emulator/lambda/execution/runtime_api.h"
#include "http/message.h"

namespace sortie::emulator::lambda {

/// What the runtime has answered to an invocation.
struct RuntimeAnswer {
  bool complete = false;
  bool is_error = false;
  std::string error_type;
  std::string payload;
  std::chrono::steady_clock::time_point at;
};

/// The Runtime API of an environment: what it and the runtime exchange about one invocation after the other.
/// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
/// io_context thread only; must outlive the requests that it answers.
class RuntimeExchange {
 public:
  /// `changed` is notified of every step of the runtime. `is_ending`: the runtime still runs and was asked to end.
  RuntimeExchange(const Executor& executor, const Clock& clock, Lifecycle& lifecycle, Signal& changed,
                  std::function<bool()> is_ending, bool slow_streams)
      : clock_(clock),
        lifecycle_(lifecycle),
        changed_(changed),
        work_(executor),
        is_ending_(std::move(is_ending)),
        slow_streams_(slow_streams) {}

  /// A call of the runtime.
  Task<Result<http::Response>> handle(RuntimeCall call, http::Request request);

  /// The next invocation; until `end` nothing of another one is taken.
  void begin(std::shared_ptr<Invocation> invocation);
  void end();
  [[nodiscard]] const std::shared_ptr<Invocation>& invocation() const { return invocation_; }
  /// Hands the invocation over: the lifecycle has moved to `running`.
  void dispatch(std::chrono::steady_clock::time_point deadline);
  [[nodiscard]] std::chrono::steady_clock::time_point deadline() const { return deadline_; }
  [[nodiscard]] RuntimeAnswer& answer() { return answer_; }
  /// When the runtime last asked for work.
  [[nodiscard]] std::chrono::steady_clock::time_point rested_at() const { return runtime_rested_; }

  /// Before a start: what the runtime before has reported is forgotten.
  void forget_init_error() { init_error_.reset(); }
  /// What the runtime has reported of its init, once.
  [[nodiscard]] bool has_init_error() const { return init_error_.has_value(); }
  std::optional<Failure> take_init_error() { return std::exchange(init_error_, std::nullopt); }
  /// What a runtime sent before it ended by itself is still in the sockets: waits until it has been read.
  Task<void> drain_answer();

 private:
  Task<Result<http::Response>> on_next();
  Task<Result<http::Response>> on_answer(const RuntimeCall& call, http::Request request);
  Task<Result<http::Response>> on_init_error(http::Request request);
  Task<Result<http::Response>> read_buffered(std::shared_ptr<Invocation> invocation, http::Request request,
                                             bool is_error);
  Task<Result<http::Response>> read_streamed(std::shared_ptr<Invocation> invocation, http::Request request);
  http::Response finish_answer(const std::shared_ptr<Invocation>& invocation, RuntimeAnswer answer);
  http::Response deliver();
  [[nodiscard]] http::Response denied() const;

  const Clock& clock_;
  Lifecycle& lifecycle_;
  Signal& changed_;
  Signal work_;  ///< wakes the long poll
  std::function<bool()> is_ending_;
  bool slow_streams_;  ///< as AWS slows them
  std::uint64_t poll_ = 0;
  std::shared_ptr<Invocation> invocation_;
  bool delivered_ = false;
  bool answer_cut_ = false;  ///< the runtime's answer broke off
  RuntimeAnswer answer_;
  std::chrono::steady_clock::time_point deadline_;
  std::chrono::steady_clock::time_point runtime_rested_;
  std::optional<Failure> init_error_;
};

/// Milliseconds since 1970 of a moment of the steady clock.
std::int64_t epoch_ms(const Clock& clock, std::chrono::steady_clock::time_point when);

}  // namespace sortie::emulator::lambda
