#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "base/task.h"

/// The `standard` retry mode: "Retry behavior", AWS SDKs and tools reference.
namespace sortie::aws {

struct RetryOptions {
  int max_attempts = 3;
  std::chrono::milliseconds base_delay{100};                   ///< first delay is up to this; doubled each time
  std::chrono::milliseconds throttled_base_delay{1000};        ///< the same after throttling
  std::chrono::milliseconds max_delay{20000};                  ///< also bounds Retry-After
  std::function<double()> random;                              ///< [0,1); empty: a seeded generator
  std::function<Task<void>(std::chrono::milliseconds)> sleep;  ///< empty: waits on the executor
};

/// What a failed attempt is, as far as trying again is concerned.
enum class RetryClass : std::uint8_t { no, transient, timeout, throttled };

/// Throttling codes, transient ones (500, 502, 503, 504; RequestTimeout …), and the rest. `status` 0: no answer came.
RetryClass classify(int status, std::string_view code, ErrorKind kind);
bool is_throttling_code(std::string_view code);
/// Codes by which a service says that our clock is off.
bool is_clock_skew_code(std::string_view code);
/// Codes that say that temporary credentials ran out.
bool is_expired_credentials_code(std::string_view code);

/// Tokens that retries cost, so that a client whose every call fails stops hammering: 500 at the start, 5 a retry, 10
/// after a timeout; given back by a success that was retried, 1 by any other.
class RetryQuota {
 public:
  bool take(RetryClass reason);
  void give_back(int tokens);
  /// The cost of one retry for that reason.
  static int cost(RetryClass reason) { return reason == RetryClass::timeout ? 10 : 5; }
  [[nodiscard]] int tokens() const { return tokens_; }

 private:
  static constexpr int k_capacity = 500;
  int tokens_ = k_capacity;
};

/// Full jitter: random · min(base · 2^(attempt-1), max); `attempt` counts from 1. A `Retry-After` is a lower bound.
std::chrono::milliseconds retry_delay(const RetryOptions& options, int attempt, RetryClass reason,
                                      std::optional<std::chrono::milliseconds> retry_after);

}  // namespace sortie::aws
