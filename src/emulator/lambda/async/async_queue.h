#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/slots.h"
#include "emulator/core/sql.h"
#include "emulator/core/store.h"
#include "emulator/lambda/execution/invocation.h"

namespace sortie::emulator::lambda {

/// An asynchronous invocation as it was accepted.
struct AsyncRequest {
  std::string request_id;
  std::string region;
  std::string name;
  std::string qualifier;
  std::string payload;
  std::string client_context;
};

/// Asynchronous invocations: kept in the store from their acceptance until they are done, so that a killed process
/// loses none (one that was running is run again). A function error is tried again after each of `retry_delays`, with
/// the same request id; throttling for six hours. At most `k_parallel` run at once, the others wait.
/// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html
/// io_context thread only; the tasks it spawns keep it alive.
class AsyncQueue : public std::enable_shared_from_this<AsyncQueue> {
 public:
  static constexpr std::size_t k_parallel = 32;
  static constexpr auto k_event_age_limit = std::chrono::hours(6);

  enum class Disposition : std::uint8_t {
    done,       ///< succeeded
    gone,       ///< there is nothing to invoke any more
    failed,     ///< a function error
    throttled,  ///< not run; later
    refused,    ///< not run, and will not be: no concurrency is left to the function
  };
  struct Attempt {
    Disposition disposition = Disposition::gone;
    std::string version;         ///< which was executed
    std::string function_error;  ///< `Unhandled`
    std::string payload;         ///< the answer
  };
  /// Runs one attempt.
  using Invoke = std::function<Task<Attempt>(AsyncRequest)>;
  /// How it came to an end, after how many invocations.
  struct End {
    std::string_view condition;  ///< as AWS names it: `Success`, `RetriesExhausted`, `EventAgeExceeded`, …
    int invocations = 0;
    Attempt last;
  };
  /// Called for each end. What it accepts is in the store before the ended invocation leaves it.
  using Finished = std::function<void(AsyncRequest, const End&)>;
  /// How long an invocation is tried.
  struct RetryPolicy {
    int retries = 2;  ///< after a function error; no more than there are delays
    std::chrono::seconds event_age = k_event_age_limit;
  };
  using PolicyOf = std::function<RetryPolicy(const AsyncRequest&)>;

  /// Makes the table.
  AsyncQueue(Executor executor, const Clock& clock, Store& store, std::vector<std::chrono::milliseconds> retry_delays,
             Invoke invoke, PolicyOf policy, Finished finished);

  /// Takes up what an earlier process left. Once, after construction.
  void resume();
  /// Commits, then goes on by itself.
  void accept(const AsyncRequest& request);
  /// No further attempts.
  void close();
  /// How many are not done.
  [[nodiscard]] std::size_t waiting() const { return waiting_; }

 private:
  static Task<void> process(std::shared_ptr<AsyncQueue> self, std::int64_t id, int attempt, SystemTime accepted);
  /// The end, or nothing: there will be a further attempt after `wait`.
  std::optional<std::string_view> end_of(const Attempt& attempt, int& retries, const RetryPolicy& policy,
                                         SystemTime accepted, std::chrono::milliseconds& wait) const;
  [[nodiscard]] AsyncRequest load(std::int64_t id);
  void spawn(std::int64_t id, int attempt, SystemTime accepted);

  Executor executor_;
  const Clock& clock_;
  std::optional<Statements> statements_;  ///< none once closed
  std::vector<std::chrono::milliseconds> retry_delays_;
  Invoke invoke_;
  PolicyOf policy_of_;
  Finished finished_;
  Slots slots_;
  std::size_t waiting_ = 0;
  bool closed_ = false;
};

}  // namespace sortie::emulator::lambda
