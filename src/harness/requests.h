#pragma once

#include <chrono>
#include <string>

#include "harness/process.h"
#include "harness/suite_launch.h"
#include "suite/protocol.h"

namespace sortie::harness {

/// What a request is handled with.
struct Context {
  OutputStreams& outputs;
  Folders folders;
  std::string trace_id;
  TimePoint received;
  TimePoint deadline;  ///< the function's end

  /// When to stop, so that the answer still gets out: 2 s before the deadline, or a tenth of a shorter time.
  [[nodiscard]] TimePoint stop_at() const;
  /// The time the function had, in words: `60 s`.
  [[nodiscard]] std::string time_in_words() const;
};

/// Each sends its events, BatchEnded last.
void handle_list(const suite::ListRequest& request, const Context& context);
void handle_batch(const suite::BatchRequest& request, const Context& context);
/// The framework by name; sends HarnessError `bad_request` when there is none.
const suite::Framework* framework_of(const suite::SuiteSpec& suite, Answer& answer);

}  // namespace sortie::harness
