#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

/// What Lambda itself writes into a function's log, and how a function's output becomes log lines. Pure.
namespace sortie::emulator::lambda {

/// A line longer than this becomes several events (CloudWatch's own limit was 256 KiB until 2025).
inline constexpr std::size_t k_line_limit = 256 * 1024;
/// `LogResult` holds this much of an invocation's log.
inline constexpr std::size_t k_tail_bytes = 4096;

enum class LogFormat : std::uint8_t { text, json };
/// Which of Lambda's own lines are written in JSON format (`SystemLogLevel`). In text format all are.
enum class SystemLevel : std::uint8_t { debug, info, warn };
/// `DEBUG`, `INFO`, `WARN`; anything else is INFO, AWS's default.
SystemLevel parse_system_level(std::string_view text);

using Duration = std::chrono::steady_clock::duration;

/// What a REPORT line says.
struct Report {
  std::string request_id;
  Duration duration{};
  std::optional<Duration> init;  ///< a cold start's, billed as well
  int memory_mb = 128;
  std::uint64_t max_memory_bytes = 0;
  std::string status;      ///< empty for success; `timeout`, `error`
  std::string error_type;  ///< with `error`: `Runtime.ExitError`
};

/// Milliseconds with two decimals: `110.10`.
std::string format_ms(Duration duration);
/// Whole milliseconds, rounded up: what is billed.
std::int64_t billed_ms(Duration duration);

/// How an environment came to be: for an invocation, or ahead of any.
inline constexpr std::string_view k_on_demand = "on-demand";
inline constexpr std::string_view k_provisioned = "provisioned-concurrency";

/// An init that has ended.
struct InitReport {
  std::string_view phase;  ///< `init` or `invoke`
  std::string status;      ///< `success`, `error` or `timeout`
  std::string error_type;  ///< with `error`
  Duration duration{};
  std::string_view initialization = k_on_demand;
};

std::string init_start_line(LogFormat format, SystemTime now, std::string_view runtime, std::string_view runtime_arn,
                            std::string_view initialization = k_on_demand);
std::string init_report_line(LogFormat format, SystemTime now, const InitReport& report);
/// JSON alone: the runtime has ended its init, successfully or not.
std::string init_runtime_done_line(LogFormat format, SystemTime now, const InitReport& report);
/// An extension after the init: its state, what it has registered for, and what is wrong with it if anything is.
std::string extension_line(LogFormat format, SystemTime now, std::string_view name, std::string_view state,
                           const std::vector<std::string_view>& events, std::string_view error_type);
/// An extension has subscribed to these types of telemetry, named `Platform` and so on.
std::string telemetry_line(LogFormat format, SystemTime now, std::string_view name,
                           const std::vector<std::string_view>& types);
std::string start_line(LogFormat format, SystemTime now, std::string_view request_id, std::string_view version);
/// Empty in JSON format, which has no END.
std::string end_line(LogFormat format, std::string_view request_id);
/// JSON alone: the runtime is done with an invocation; Lambda may not be.
std::string runtime_done_line(LogFormat format, SystemTime now, const Report& report, std::size_t produced_bytes);
std::string report_line(LogFormat format, SystemTime now, const Report& report);
/// `2024-… ID Task timed out after 1.00 seconds`. Empty in JSON format, where the report says it.
std::string timeout_line(LogFormat format, SystemTime now, std::string_view request_id, std::chrono::seconds timeout);

/// Cuts a byte stream into lines, each with its newline, so that put together they are the stream again. A line longer
/// than k_line_limit comes in pieces that tear no UTF-8 sequence.
///
/// What our runtime clients log as one message is one event, whatever newlines it has, as in AWS: they write
/// `<1E>LENGTH<1F>` (ASCII's record and unit separators, LENGTH in decimal, at most k_line_limit) before such a
/// message.
class LineSplitter {
 public:
  using Sink = std::function<void(std::string_view line)>;
  void feed(std::string_view bytes, const Sink& sink);
  /// What is left without a newline.
  void finish(const Sink& sink);

 private:
  void feed_text(std::string_view bytes, const Sink& sink);
  void feed_header(std::string_view& bytes, const Sink& sink);

  std::string rest_;
  std::string header_;            ///< of a message, as far as it has come
  std::size_t message_left_ = 0;  ///< bytes of a message that are still to come
};

/// Keeps the last k_tail_bytes of what is appended.
class Tail {
 public:
  void append(std::string_view text);
  [[nodiscard]] std::string_view text() const;

 private:
  std::string bytes_;
};

}  // namespace sortie::emulator::lambda
