#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "run/collector.h"
#include "run/log_lines.h"
#include "run/target.h"
#include "run/waits.h"

namespace sortie::run {

/// How one invocation of the harness went.
struct InvocationResult {
  InvocationEnd end = InvocationEnd::succeeded;
  std::string message;  ///< what became of the function, in Lambda's words; empty when well
  std::string request_id;
  std::optional<Report> report;  ///< from the end of the log
  std::string log_tail;          ///< the last 4 KB of the log
  bool log_complete = false;     ///< all of the log that was needed has been read, its REPORT line too
  Microseconds duration{0};
};

/// How long an invocation may take, and be silent.
struct InvocationLimits {
  std::chrono::milliseconds total{0};
  std::chrono::milliseconds first_word{0};
  std::chrono::milliseconds silence{0};
};

/// Invokes `function` with a streamed answer and hands each piece of it to `on_bytes`. A function that dies is a
/// result, not an error; an Error means that there was no invocation (throttled, denied, not found, …). One that says
/// nothing for too long is abandoned: InvocationEnd::silent.
Task<Result<InvocationResult>> invoke_harness(aws::Lambda& lambda, std::string function, std::string payload,
                                              InvocationLimits limits, std::function<void(std::string_view)> on_bytes);

struct LogQuery {
  std::string group;
  std::string stream;  ///< empty: looked for
  std::string request_id;
  SystemTime from{};                 ///< when the invocation began, by our clock
  bool with_init = false;            ///< and what was printed before START, while the environment was made for it
  bool with_platform_lines = false;  ///< and Lambda's own lines
};

/// Reads what the function of one invocation printed, in pieces of many lines, until its REPORT line has been seen or
/// `patience` is at its end (log events arrive late). Nothing: the REPORT line did not come.
Task<Result<std::optional<Report>>> read_invocation_log(aws::Logs& logs, LogQuery query, Patience patience,
                                                        std::function<void(std::string_view)> on_bytes);

/// What the function printed in the invocation, when the tail of its log reaches back to the invocation's beginning.
std::optional<std::string_view> whole_log(std::string_view tail, std::string_view request_id);

/// What Lambda's error code, details and REPORT line say together.
InvocationEnd classify_end(std::string_view error_code, std::string_view error_details,
                           const std::optional<Report>& report);
std::string_view to_string(InvocationEnd end);

}  // namespace sortie::run
