#pragma once

#include <chrono>

namespace sortie::emulator::lambda {

/// How slow AWS is where the embedded AWS is not (`--realism aws`): all of it in one table. The figures are what one
/// sees in us-east-1 on an ordinary day; docs/lambda.md lists them.
struct Realism {
  std::chrono::milliseconds create_time{3'000};       ///< Pending after CreateFunction
  std::chrono::milliseconds update_time{1'500};       ///< InProgress after an update
  std::chrono::seconds role_propagation{8};           ///< a new role cannot be assumed
  std::chrono::milliseconds native_cold_start{130};   ///< before the init phase of provided.*: placing, downloading
  std::chrono::milliseconds managed_cold_start{220};  ///< the same of python3.* and nodejs*.x
  std::chrono::milliseconds least_log_delay{500};     ///< until events can be read; each piece of a log has its own
  std::chrono::milliseconds most_log_delay{4'000};
  std::size_t log_piece_events = 25;          ///< so many events come together
  int control_calls_per_second = 15;          ///< all operations but Invoke and the Get family
  int calls_per_second_per_environment = 10;  ///< synchronous invocations, times the concurrency limit
};

}  // namespace sortie::emulator::lambda
