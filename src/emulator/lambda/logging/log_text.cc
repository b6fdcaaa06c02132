#include "emulator/lambda/logging/log_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cctype>
#include <charconv>
#include <cmath>
#include <utility>

#include "base/utf8.h"
#include "wire/date.h"

namespace sortie::emulator::lambda {
namespace {

constexpr char k_message_begin = '\x1e';
constexpr char k_message_end = '\x1f';
constexpr std::size_t k_length_digits = 6;

namespace json = boost::json;
using FractionalMs = std::chrono::duration<double, std::milli>;

double milliseconds(Duration duration) {
  return std::round(FractionalMs(duration).count() * 1000) / 1000;
}

std::string platform_line(SystemTime now, std::string_view type, json::object record) {
  json::object line{{"time", wire::format_iso8601_millis(now)}, {"type", type}};
  line.emplace("record", std::move(record));
  return json::serialize(line);
}

std::int64_t used_mb(const Report& report) {
  return std::min<std::int64_t>(report.memory_mb,
                                static_cast<std::int64_t>((report.max_memory_bytes + (1 << 20) - 1) >> 20));
}

/// Where to cut `text` at `limit` so that no UTF-8 sequence is torn.
std::size_t cut_at(std::string_view text, std::size_t limit) {
  return limit - incomplete_tail(text.substr(0, limit));
}

}  // namespace

SystemLevel parse_system_level(std::string_view text) {
  if (text == "DEBUG") return SystemLevel::debug;
  return text == "WARN" ? SystemLevel::warn : SystemLevel::info;
}

std::string format_ms(Duration duration) {
  return fmt::format("{:.2f}", FractionalMs(duration).count());
}

std::int64_t billed_ms(Duration duration) {
  return std::chrono::ceil<std::chrono::milliseconds>(duration).count();
}

std::string init_start_line(LogFormat format, SystemTime now, std::string_view runtime, std::string_view runtime_arn,
                            std::string_view initialization) {
  if (format == LogFormat::text) {
    return fmt::format("INIT_START Runtime Version: {}\tRuntime Version ARN: {}", runtime, runtime_arn);
  }
  return platform_line(now, "platform.initStart",
                       {{"initializationType", initialization},
                        {"phase", "init"},
                        {"runtimeVersion", runtime},
                        {"runtimeVersionArn", runtime_arn}});
}

namespace {

json::object init_record(const InitReport& report) {
  json::object record{
      {"initializationType", report.initialization}, {"phase", report.phase}, {"status", report.status}};
  if (!report.error_type.empty()) record.emplace("errorType", report.error_type);
  return record;
}

}  // namespace

std::string init_report_line(LogFormat format, SystemTime now, const InitReport& report) {
  if (format == LogFormat::text) {
    auto line = fmt::format("INIT_REPORT Init Duration: {} ms", format_ms(report.duration));
    if (report.status != "success") line += fmt::format("\tPhase: {}\tStatus: {}", report.phase, report.status);
    if (!report.error_type.empty()) line += fmt::format("\tError Type: {}", report.error_type);
    return line;
  }
  auto record = init_record(report);
  record.emplace("metrics", json::object{{"durationMs", milliseconds(report.duration)}});
  return platform_line(now, "platform.initReport", std::move(record));
}

std::string init_runtime_done_line(LogFormat format, SystemTime now, const InitReport& report) {
  if (format == LogFormat::text) return {};
  return platform_line(now, "platform.initRuntimeDone", init_record(report));
}

std::string extension_line(LogFormat format, SystemTime now, std::string_view name, std::string_view state,
                           const std::vector<std::string_view>& events, std::string_view error_type) {
  if (format == LogFormat::text) {
    auto line = fmt::format("EXTENSION\tName: {}\tState: {}\tEvents: [{}]", name, state, fmt::join(events, ", "));
    if (!error_type.empty()) line += fmt::format("\tError Type: {}", error_type);
    return line;
  }
  json::object record{{"name", name}, {"state", state}, {"events", json::array(events.begin(), events.end())}};
  if (!error_type.empty()) record.emplace("errorType", error_type);
  return platform_line(now, "platform.extension", std::move(record));
}

std::string telemetry_line(LogFormat format, SystemTime now, std::string_view name,
                           const std::vector<std::string_view>& types) {
  if (format == LogFormat::text) {
    return fmt::format("TELEMETRY\tName: {}\tState: Subscribed\tTypes: [{}]", name, fmt::join(types, ", "));
  }
  json::array lower;
  for (std::string type : std::vector<std::string>(types.begin(), types.end())) {
    type[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(type[0])));
    lower.emplace_back(type);
  }
  return platform_line(now, "platform.telemetrySubscription",
                       {{"name", name}, {"state", "Subscribed"}, {"types", std::move(lower)}});
}

std::string runtime_done_line(LogFormat format, SystemTime now, const Report& report, std::size_t produced_bytes) {
  if (format == LogFormat::text) return {};
  json::object record{{"requestId", report.request_id},
                      {"status", report.status.empty() ? "success" : std::string_view(report.status)}};
  if (!report.error_type.empty()) record.emplace("errorType", report.error_type);
  record.emplace("metrics",
                 json::object{{"durationMs", milliseconds(report.duration)}, {"producedBytes", produced_bytes}});
  return platform_line(now, "platform.runtimeDone", std::move(record));
}

std::string start_line(LogFormat format, SystemTime now, std::string_view request_id, std::string_view version) {
  if (format == LogFormat::text) return fmt::format("START RequestId: {} Version: {}", request_id, version);
  return platform_line(now, "platform.start", {{"requestId", request_id}, {"version", version}});
}

std::string end_line(LogFormat format, std::string_view request_id) {
  return format == LogFormat::text ? fmt::format("END RequestId: {}", request_id) : std::string();
}

std::string report_line(LogFormat format, SystemTime now, const Report& report) {
  auto billed = billed_ms(report.duration + report.init.value_or(Duration::zero()));
  if (format == LogFormat::json) {
    json::object metrics{{"durationMs", milliseconds(report.duration)},
                         {"billedDurationMs", billed},
                         {"memorySizeMB", report.memory_mb},
                         {"maxMemoryUsedMB", used_mb(report)}};
    if (report.init) metrics.emplace("initDurationMs", milliseconds(*report.init));
    json::object record{{"requestId", report.request_id}, {"metrics", std::move(metrics)}};
    record.emplace("status", report.status.empty() ? "success" : std::string_view(report.status));
    if (!report.error_type.empty()) record.emplace("errorType", report.error_type);
    return platform_line(now, "platform.report", std::move(record));
  }
  auto line = fmt::format(
      "REPORT RequestId: {}\tDuration: {} ms\tBilled Duration: {} ms\tMemory Size: {} MB\tMax Memory Used: {} MB\t",
      report.request_id, format_ms(report.duration), billed, report.memory_mb, used_mb(report));
  if (report.init) line += fmt::format("Init Duration: {} ms\t", format_ms(*report.init));
  if (!report.status.empty()) line += "Status: " + report.status;
  if (!report.error_type.empty()) line += "\tError Type: " + report.error_type;
  return line;
}

std::string timeout_line(LogFormat format, SystemTime now, std::string_view request_id, std::chrono::seconds timeout) {
  if (format == LogFormat::json) return {};
  return fmt::format("{} {} Task timed out after {:.2f} seconds", wire::format_iso8601_millis(now), request_id,
                     static_cast<double>(timeout.count()));
}

void LineSplitter::feed(std::string_view bytes, const Sink& sink) {
  while (!bytes.empty()) {
    if (message_left_ > 0) {
      auto part = bytes.substr(0, message_left_);
      rest_.append(part);
      message_left_ -= part.size();
      bytes.remove_prefix(part.size());
      if (message_left_ == 0) finish(sink);
    } else if (!header_.empty() || bytes.front() == k_message_begin) {
      feed_header(bytes, sink);
    } else {
      auto text = bytes.substr(0, bytes.find(k_message_begin));
      bytes.remove_prefix(text.size());
      feed_text(text, sink);
    }
  }
}

/// Takes what belongs to a header. What looks like the beginning of one and is none stays text.
void LineSplitter::feed_header(std::string_view& bytes, const Sink& sink) {
  while (!bytes.empty()) {
    auto c = bytes.front();
    if (header_.empty() || (c >= '0' && c <= '9' && header_.size() <= k_length_digits)) {
      header_.push_back(c);
      bytes.remove_prefix(1);
      continue;
    }
    auto header = std::exchange(header_, {});
    std::size_t length = 0;
    std::from_chars(header.data() + 1, header.data() + header.size(), length);
    if (c != k_message_end || length == 0 || length > k_line_limit) return feed_text(header, sink);
    bytes.remove_prefix(1);
    finish(sink);
    message_left_ = length;
    return;
  }
}

void LineSplitter::feed_text(std::string_view bytes, const Sink& sink) {
  while (!bytes.empty()) {
    auto newline = bytes.find('\n');
    auto end = newline == std::string_view::npos ? bytes.size() : newline + 1;
    auto part = bytes.substr(0, end);
    bytes.remove_prefix(end);
    bool whole = part.ends_with('\n');
    if (whole && rest_.empty() && part.size() <= k_line_limit) {
      sink(part);
      continue;
    }
    rest_.append(part);
    while (rest_.size() > k_line_limit) {
      auto cut = cut_at(rest_, k_line_limit);
      sink(std::string_view(rest_).substr(0, cut));
      rest_.erase(0, cut);
    }
    if (whole) finish(sink);
  }
}

void LineSplitter::finish(const Sink& sink) {
  rest_ += std::exchange(header_, {});
  message_left_ = 0;
  if (!rest_.empty()) sink(rest_);
  rest_.clear();
}

void Tail::append(std::string_view text) {
  bytes_.append(text);
  if (bytes_.size() > 4 * k_tail_bytes) bytes_.erase(0, bytes_.size() - k_tail_bytes);
}

std::string_view Tail::text() const {
  std::string_view all(bytes_);
  return all.size() > k_tail_bytes ? all.substr(all.size() - k_tail_bytes) : all;
}

}  // namespace sortie::emulator::lambda
