#include "suite/libtest_reader.h"

#include <algorithm>
#include <utility>

#include "suite/text.h"

namespace sortie::suite {
namespace {

constexpr std::size_t k_message_limit = 32 * 1024;
constexpr std::string_view k_should_panic = " - should panic";
constexpr std::string_view k_dots = " ... ";

/// `src/x.rs:3:5`
void read_place(std::string_view place, Panic& panic) {
  const std::size_t column = place.rfind(':');
  const std::size_t line = column == std::string_view::npos ? column : place.rfind(':', column - 1);
  if (line == std::string_view::npos || line == 0) return;
  const auto number = parse_number(place.substr(line + 1, column - line - 1));
  if (!number || *number > 100'000'000) return;
  panic.file = place.substr(0, line);
  panic.line = static_cast<int>(*number);
}

}  // namespace

// --- panics

void PanicLog::feed(std::string_view bytes) {
  partial_ += bytes;
  std::size_t begin = 0;
  for (std::size_t end = 0; (end = partial_.find('\n', begin)) != std::string::npos; begin = end + 1) {
    read_line(std::string_view(partial_).substr(begin, end - begin));
  }
  partial_.erase(0, begin);
  if (partial_.size() > LineSplitter::k_line_limit) partial_.clear();
}

void PanicLog::read_line(std::string_view line) {
  constexpr std::string_view k_thread = "thread '";
  constexpr std::string_view k_at = "panicked at ";
  const std::size_t at = line.find(k_at);
  const std::size_t quote = line.find('\'', k_thread.size());
  if (line.starts_with(k_thread) && at != std::string_view::npos && quote < at) {
    const auto [entry, added] = panics_.try_emplace(std::string(line.substr(k_thread.size(), quote - k_thread.size())));
    open_ = added ? &entry->second : nullptr;
    std::string_view rest = line.substr(at + k_at.size());
    if (!added) return;
    if (rest.ends_with(':')) {
      rest.remove_suffix(1);
      read_place(rest, entry->second);
    } else if (const std::size_t comma = rest.rfind("', "); comma != std::string_view::npos) {
      // Before 1.73: `panicked at 'MESSAGE', src/x.rs:3:5`
      read_place(rest.substr(comma + 3), entry->second);
      entry->second.message = rest.substr(1, comma - 1);
    }
    return;
  }
  if (open_ == nullptr) return;
  if (line == "stack backtrace:" || line.starts_with("note: ")) {
    open_ = nullptr;
  } else if (open_->message.size() + line.size() < k_message_limit) {
    if (!open_->message.empty()) open_->message += '\n';
    open_->message += line;
  }
}

std::optional<Panic> PanicLog::take(std::string_view thread) {
  const auto found = panics_.find(thread);
  if (found == panics_.end()) return std::nullopt;
  if (open_ == &found->second) open_ = nullptr;
  Panic panic = std::move(found->second);
  panics_.erase(found);
  return panic;
}

// --- results

LibtestReader::LibtestReader(const std::vector<TestCase>& tests) : tally_(tests) {}

std::optional<LibtestReader::End> LibtestReader::read_end(std::string_view text, bool behind_start) {
  End end;
  // With `--report-time`: `ok <0.012s>`
  if (const std::size_t open = text.rfind(" <"); open != std::string_view::npos && text.ends_with("s>")) {
    const std::string seconds(text.substr(open + 2, text.size() - open - 4));
    end.duration = std::chrono::microseconds(static_cast<long>(std::strtod(seconds.c_str(), nullptr) * 1e6));
    text = text.substr(0, open);
  }
  if (text.ends_with("FAILED")) {
    end.outcome = Outcome::failed;
  } else if (behind_start && (text == "ignored" || text.starts_with("ignored, "))) {
    end.outcome = Outcome::skipped;
    end.reason = text.size() > 9 ? text.substr(9) : std::string_view();
  } else if (!text.ends_with("ok")) {
    return std::nullopt;
  }
  return end;
}

std::vector<Progress> LibtestReader::feed(std::string_view bytes) {
  std::size_t fed = 0;
  while (fed < bytes.size()) {
    const std::size_t newline = bytes.find('\n', fed);
    const std::size_t count = (newline == std::string_view::npos ? bytes.size() : newline) - fed;
    // Where the line began in these bytes; 0 when it began before them.
    const std::size_t begin = line_.empty() ? fed : 0;
    line_ += bytes.substr(fed, count);
    look_for_start(begin);
    fed += count;
    if (newline == std::string_view::npos) break;
    ++fed;
    read_line(line_, begin);
    line_.clear();
    start_end_ = 0;
  }
  if (line_.size() > LineSplitter::k_line_limit && start_end_ == 0) {
    line_.erase(0, line_.size() - LineSplitter::k_line_limit / 2);
  }
  return tally_.take();
}

void LibtestReader::look_for_start(std::size_t begin) {
  if (start_end_ != 0 || !line_.starts_with("test ")) return;
  const std::size_t dots = line_.find(k_dots);
  if (dots == std::string::npos) return;
  std::string_view name = std::string_view(line_).substr(5, dots - 5);
  if (name.ends_with(k_should_panic)) name.remove_suffix(k_should_panic.size());
  if (!current_.empty() && !last_) return;  // the test that runs has not ended: it prints this
  if (name == current_) {
    uncover_forgery();
    start_end_ = dots + k_dots.size();
    return;
  }
  if (!tally_.is_waiting(name)) return;
  end_current(begin);
  previous_ = tally_.last_ended();
  current_ = name;
  tally_.start(current_, begin);
  start_end_ = dots + k_dots.size();
}

void LibtestReader::uncover_forgery() {
  if (last_ && last_->outcome == Outcome::failed && !previous_.empty()) {
    tally_.end_unlisted({.test = "[" + previous_ + " after it had printed an end]",
                         .outcome = Outcome::failed,
                         .message = "it printed an end of its own and the start of " + current_ + ", and failed then"});
  }
  last_.reset();
}

void LibtestReader::read_line(std::string_view line, std::size_t begin) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (start_end_ != 0) {
    last_ = read_end(line.substr(std::min(start_end_, line.size())), true);
    last_before_summary_.reset();
    failures_.clear();
    listing_failures_ = finished_ = false;
    return;
  }
  if (line.empty()) return;
  read_summary(line, begin);
  if (!current_.empty()) last_ = read_end(line, false);
}

/// The end of libtest's own output: `failures:`, four blanks and a name in each line, `test result: FAILED. 1 passed…`.
void LibtestReader::read_summary(std::string_view line, std::size_t begin) {
  if (line == "failures:") {
    listing_failures_ = true;
    failures_.clear();
    if (last_) last_before_summary_ = last_;
  } else if (read_counts(line)) {
    finished_ = true;
    if (!last_) last_ = last_before_summary_;
    end_current(begin);
  } else if (listing_failures_ && line.starts_with("    ")) {
    failures_.emplace(line.substr(4));
  }
}

bool LibtestReader::read_counts(std::string_view line) {
  constexpr std::string_view k_result = "test result: ";
  if (!line.starts_with(k_result)) return false;
  long counted = 0;
  long failed = 0;
  for (const std::string_view what : {" passed;", " failed;", " ignored;"}) {
    const std::size_t end = line.find(what);
    if (end == std::string_view::npos) return false;
    const std::size_t blank = line.rfind(' ', end - 1);
    const auto number = parse_number(line.substr(blank + 1, end - blank - 1));
    if (!number) return false;
    counted += *number;
    if (what == " failed;") failed = *number;
  }
  if (counted != static_cast<long>(tally_.names().size())) return false;
  if (failed != static_cast<long>(failures_.size())) failures_.clear();
  return true;
}

/// When its end has been seen: in the last line before what follows it.
void LibtestReader::end_current(std::size_t offset) {
  if (current_.empty() || !last_) return;
  Progress end{.test = std::exchange(current_, {}), .offset = offset, .outcome = last_->outcome};
  end.duration = last_->duration;
  end.message = last_->reason;
  last_.reset();
  auto panic = panics_.take(end.test);
  if (!panic) panic = panics_.take("main");  // some versions run a test in the main thread when there is one at a time
  if (panic && end.outcome == Outcome::failed) {
    end.message = std::move(panic->message);
    end.file = std::move(panic->file);
    end.line = panic->line;
  }
  tally_.end(std::move(end));
}

std::vector<Progress> LibtestReader::finish(ExitStatus status, std::string_view /*result_file*/) {
  if (!line_.empty()) {
    read_line(line_, 0);
    line_.clear();
  }
  if (finished_) correct_by_failures();
  tally_.explain(status);
  return tally_.take();
}

void LibtestReader::correct_by_failures() {
  for (const std::string& name : tally_.names()) {
    if (!failures_.contains(name) || tally_.is_waiting(name)) continue;
    if (tally_.has_ended(name) && tally_.outcome_of(name) == Outcome::failed) continue;
    constexpr std::string_view k_why = "libtest counts it among its failures, although its output said otherwise";
    if (tally_.is_running(name) || name == tally_.last_ended()) {
      tally_.end({.test = name, .outcome = Outcome::failed, .message = std::string(k_why)});
    } else {  // its end has been told
      tally_.end_unlisted({.test = "[" + name + " in the list of failures]",
                           .outcome = Outcome::failed,
                           .message = std::string(k_why)});
    }
  }
}

}  // namespace sortie::suite
