#include "emulator/lambda/logging/function_log.h"

#include <fmt/format.h>

#include <exception>
#include <utility>

#include "base/utf8.h"

namespace sortie::emulator::lambda {
namespace {

constexpr std::size_t k_batch_bytes = 256 * 1024;
constexpr std::size_t k_batch_events = 1000;
constexpr std::size_t k_small_batch = 4096;
constexpr auto k_flush_interval = std::chrono::milliseconds(100);

}  // namespace

FunctionLog::FunctionLog(LogSink& sink, const Clock& clock, LogTarget target)
    : sink_(sink), clock_(clock), target_(std::move(target)) {}

void FunctionLog::platform(std::string line, SystemLevel level) {
  if (line.empty() || (target_.format == LogFormat::json && level < target_.least_level)) return;
  line.push_back('\n');
  append(std::move(line));
}

void FunctionLog::output(Source source, std::string_view bytes) {
  lines_.at(source).feed(bytes, [this, source](std::string_view line) { append_output(source, line); });
}

FunctionLog::Source FunctionLog::add_source() {
  lines_.emplace_back();
  return lines_.size() - 1;
}

void FunctionLog::forget_sources() {
  end_output();
  lines_.resize(2);
}

void FunctionLog::end_output() {
  for (Source source = 0; source < lines_.size(); ++source) {
    lines_[source].finish([this, source](std::string_view line) { append_output(source, line); });
  }
}

void FunctionLog::report_loss() {
  if (lost_ == 0) return;
  auto line = fmt::format("sortie: {} log events could not be stored: {}", lost_, lost_reason_);
  lost_ = 0;
  platform(std::move(line), SystemLevel::warn);
}

void FunctionLog::begin_tail(bool wanted) {
  tail_wanted_ = wanted;
  tail_ = {};
}

void FunctionLog::append_output(Source source, std::string_view line) {
  auto text = to_valid_utf8(line);
  if (listener_) listener_(source, text);
  append(std::move(text));
}

void FunctionLog::append(std::string message) {
  if (tail_wanted_) tail_.append(message);
  if (!target_.permitted) return;
  pending_bytes_ += message.size();
  pending_.push_back({clock_.now(), std::move(message)});
  if (pending_bytes_ >= k_batch_bytes || pending_.size() >= k_batch_events) flush();
}

void FunctionLog::forbid() {
  target_.permitted = false;
  pending_.clear();
}

void FunctionLog::flush() {
  if (pending_.empty()) return;
  pending_bytes_ = 0;
  auto events = std::exchange(pending_, {});
  auto count = events.size();
  try {
    sink_.put(target_.region, target_.group, target_.stream, std::move(events));
  } catch (const std::exception& error) {
    // A full disk must not stop the function; its log says that it is not whole.
    lost_ += count;
    lost_reason_ = error.what();
  }
}

void FunctionLog::end_invocation() {
  auto now = std::chrono::steady_clock::now();
  if (pending_bytes_ <= k_small_batch && now - invocation_flushed_ < k_flush_interval) return;
  invocation_flushed_ = now;
  flush();
}

}  // namespace sortie::emulator::lambda
