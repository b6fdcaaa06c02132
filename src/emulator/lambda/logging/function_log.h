#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "emulator/core/ports.h"
#include "emulator/lambda/logging/log_text.h"

namespace sortie::emulator::lambda {

/// Where an environment's log goes.
struct LogTarget {
  std::string region;
  std::string group;
  std::string stream;
  LogFormat format = LogFormat::text;
  SystemLevel least_level = SystemLevel::info;  ///< of Lambda's own lines, in JSON format
  bool permitted = true;                        ///< false: the role may not write logs, they exist in the tail alone
};

/// The log of one environment: Lambda's own lines and the function's output, in the order of their coming, put into
/// CloudWatch Logs in batches. The batch is handed over when it is large, and whenever `flush` is called.
/// io_context thread only.
class FunctionLog {
 public:
  /// A stream of output with lines of its own: the function's two, and what `add_source` makes for extensions.
  using Source = std::size_t;
  static constexpr Source k_standard_output = 0;
  static constexpr Source k_standard_error = 1;

  FunctionLog(LogSink& sink, const Clock& clock, LogTarget target);
  ~FunctionLog() { flush(); }
  FunctionLog(const FunctionLog&) = delete;
  FunctionLog& operator=(const FunctionLog&) = delete;

  /// A line of Lambda's own, without newline. Empty: nothing. In JSON format only from the configured level on.
  void platform(std::string line, SystemLevel level = SystemLevel::info);
  Source add_source();
  /// Leaves the function's own two.
  void forget_sources();
  /// Also receives each line of output; an empty function: none.
  using Listener = std::function<void(Source source, std::string_view line)>;
  void listen(Listener listener) { listener_ = std::move(listener); }
  /// What was written to a stream, in any pieces.
  void output(Source source, std::string_view bytes);
  /// Ends lines that came without a newline.
  void end_output();
  /// A line with the number of events that the sink refused, if it did.
  void report_loss();
  /// From here on `tail` collects; `wanted` says whether it does at all.
  void begin_tail(bool wanted);
  [[nodiscard]] std::string_view tail() const { return tail_.text(); }
  /// From here on nothing goes to CloudWatch Logs; what is pending is dropped.
  void forbid();
  /// Hands over what is pending.
  void flush();
  /// An invocation's last line was written: hands over, unless that was done for another one a moment ago and there is
  /// little. A hot loop of invocations so costs few writes; its last ones are handed over when the environment rests.
  void end_invocation();
  [[nodiscard]] bool pending() const { return !pending_.empty(); }
  [[nodiscard]] LogFormat format() const { return target_.format; }
  [[nodiscard]] SystemTime now() const { return clock_.now(); }

 private:
  void append(std::string message);
  void append_output(Source source, std::string_view line);

  LogSink& sink_;
  const Clock& clock_;
  LogTarget target_;
  std::vector<LineSplitter> lines_{2};
  Listener listener_;
  std::vector<LogEvent> pending_;
  std::size_t pending_bytes_ = 0;
  std::chrono::steady_clock::time_point invocation_flushed_{};
  std::size_t lost_ = 0;
  std::string lost_reason_;
  bool tail_wanted_ = false;
  Tail tail_;
};

}  // namespace sortie::emulator::lambda
