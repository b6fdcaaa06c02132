#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace sortie::run {

/// What Lambda's REPORT line says. Format: "Lambda function logs", text format.
struct Report {
  std::string request_id;
  std::chrono::microseconds duration{0};
  std::chrono::milliseconds billed{0};
  int memory_size_mb = 0;
  int max_memory_used_mb = 0;
  std::string status;      ///< empty when well; `timeout`, `error`
  std::string error_type;  ///< `Runtime.OutOfMemory`; empty when none
};

/// Reads a REPORT line; nothing for any other line.
std::optional<Report> parse_report(std::string_view line);
/// Finds the REPORT line of `request_id` in a piece of log.
std::optional<Report> find_report(std::string_view log, std::string_view request_id);
/// `START RequestId: ID …` of that invocation; END and REPORT likewise.
bool is_platform_line(std::string_view line, std::string_view word, std::string_view request_id);

}  // namespace sortie::run
