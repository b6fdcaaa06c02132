#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "run/collector.h"
#include "run/log_lines.h"
#include "run/target.h"

namespace sortie::run {

/// How one invocation of the harness went.
struct InvocationResult {
  InvocationEnd end = InvocationEnd::succeeded;
  std::string message;  ///< what became of the function, in Lambda's words; empty when well
  std::string request_id;
  std::optional<Report> report;  ///< from the end of the log; without it the log is not known to be complete
  Microseconds duration{0};
};

/// Invokes `function` with a streamed answer and hands each piece of it to `on_bytes`. A function that dies is a
/// result, not an error; an Error means that there was no invocation (throttled, denied, not found, …).
Task<Result<InvocationResult>> invoke_harness(aws::Lambda& lambda, std::string function, std::string payload,
                                              std::chrono::seconds limit,
                                              std::function<void(std::string_view)> on_bytes);

struct LogQuery {
  std::string group;
  std::string stream;  ///< empty: looked for
  std::string request_id;
  SystemTime from{};                 ///< when the invocation began, by our clock
  bool with_init = false;            ///< and what was printed before START, while the environment was made for it
  bool with_platform_lines = false;  ///< and Lambda's own lines
};

/// Reads what the function of one invocation printed, piece by piece, until its REPORT line has been seen or `within`
/// is over (log events arrive late). Nothing: the REPORT line did not come.
Task<Result<std::optional<Report>>> read_invocation_log(aws::Logs& logs, LogQuery query, Deadline within,
                                                        std::function<void(std::string_view)> on_bytes);

/// What Lambda's error code, details and REPORT line say together.
InvocationEnd classify_end(std::string_view error_code, std::string_view error_details,
                           const std::optional<Report>& report);
std::string_view to_string(InvocationEnd end);

}  // namespace sortie::run
