#include "run/log_lines.h"

#include <charconv>
#include <cmath>

namespace sortie::run {
namespace {

/// The text between `name` and the next tab.
std::optional<std::string_view> field(std::string_view line, std::string_view name) {
  const std::size_t at = line.find(name);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view rest = line.substr(at + name.size());
  std::string_view value = rest.substr(0, rest.find_first_of("\t\n"));
  while (value.ends_with(' ')) value.remove_suffix(1);
  return value;
}

double number(std::optional<std::string_view> text) {
  double value = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), value);
  return value;
}

}  // namespace

std::optional<Report> parse_report(std::string_view line) {
  constexpr std::string_view k_start = "REPORT RequestId: ";
  if (!line.starts_with(k_start)) return std::nullopt;
  Report report;
  report.request_id = std::string(*field(line, k_start));
  // The tab in front tells "Duration" from "Billed Duration" and "Init Duration".
  report.duration = std::chrono::microseconds(std::llround(number(field(line, "\tDuration: ")) * 1000));
  report.billed = std::chrono::milliseconds(std::llround(number(field(line, "\tBilled Duration: "))));
  report.memory_size_mb = static_cast<int>(number(field(line, "\tMemory Size: ")));
  report.max_memory_used_mb = static_cast<int>(number(field(line, "\tMax Memory Used: ")));
  report.status = std::string(field(line, "\tStatus: ").value_or(""));
  report.error_type = std::string(field(line, "\tError Type: ").value_or(""));
  return report;
}

std::optional<Report> find_report(std::string_view log, std::string_view request_id) {
  while (!log.empty()) {
    const std::string_view line = log.substr(0, log.find('\n'));
    if (std::optional<Report> report = parse_report(line); report && report->request_id == request_id) return report;
    log.remove_prefix(std::min(line.size() + 1, log.size()));
  }
  return std::nullopt;
}

bool is_platform_line(std::string_view line, std::string_view word, std::string_view request_id) {
  constexpr std::string_view k_between = " RequestId: ";
  if (!line.starts_with(word)) return false;
  line.remove_prefix(word.size());
  return line.starts_with(k_between) && line.substr(k_between.size()).starts_with(request_id);
}

}  // namespace sortie::run
