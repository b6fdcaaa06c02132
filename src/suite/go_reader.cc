#include "suite/go_reader.h"

#include <algorithm>

namespace sortie::suite {
namespace {

constexpr std::size_t k_message_limit = 32 * 1024;
/// What the testing package exits with after a panic; a fatal error of the runtime exits with it too.
constexpr int k_panic_status = 2;

struct Switch {
  std::string_view mark;
  enum class Kind : std::uint8_t { run, pause, resume, name } kind;
};
constexpr Switch k_switches[] = {{"=== RUN   ", Switch::Kind::run},
                                 {"=== PAUSE ", Switch::Kind::pause},
                                 {"=== CONT  ", Switch::Kind::resume},
                                 {"=== NAME  ", Switch::Kind::name}};

struct EndMark {
  std::string_view mark;
  Outcome outcome;
};
constexpr EndMark k_end_marks[] = {
    {"--- PASS: ", Outcome::passed}, {"--- FAIL: ", Outcome::failed}, {"--- SKIP: ", Outcome::skipped}};

/// The time of `NAME (0.01s)`; leaves the name.
std::optional<std::chrono::microseconds> take_duration(std::string_view& text) {
  if (!text.ends_with("s)")) return std::nullopt;
  const std::size_t open = text.rfind(" (");
  if (open == std::string_view::npos) return std::nullopt;
  std::string_view digits = text.substr(open + 2, text.size() - open - 4);
  const std::size_t point = digits.find('.');
  if (point == std::string_view::npos || point + 3 != digits.size()) return std::nullopt;
  const auto seconds = parse_number(digits.substr(0, point));
  const auto hundredths = parse_number(digits.substr(point + 1));
  if (!seconds || !hundredths || *seconds > 1'000'000) return std::nullopt;
  text = text.substr(0, open);
  return std::chrono::microseconds(*seconds * 1'000'000 + *hundredths * 10'000);
}

/// `    x_test.go:12: text`, as t.Log and t.Error print it.
struct LogLine {
  std::string_view file;
  int line = 0;
};
std::optional<LogLine> parse_log_line(std::string_view line) {
  const std::size_t indent = line.find_first_not_of(' ');
  if (indent == std::string_view::npos || indent < 4) return std::nullopt;
  line.remove_prefix(indent);
  const std::size_t extension = line.find(".go:");
  if (extension == std::string_view::npos || extension == 0) return std::nullopt;
  const std::size_t number_end = line.find(':', extension + 4);
  if (number_end == std::string_view::npos) return std::nullopt;
  const auto number = parse_number(line.substr(extension + 4, number_end - extension - 4));
  if (!number || *number > 100'000'000) return std::nullopt;
  return LogLine{line.substr(0, extension + 3), static_cast<int>(*number)};
}

}  // namespace

std::vector<Progress> GoReader::feed(std::string_view bytes) {
  for (const LineSplitter::Line& line : lines_.feed(bytes)) read_line(line);
  return tally_.take();
}

void GoReader::read_line(const LineSplitter::Line& line) {
  if (read_switch(line) || read_end(line)) return;
  std::string_view text = line.text;
  const bool own = text.starts_with(k_go_mark);
  if (own) text.remove_prefix(1);
  if (own || !marked_) over_ = over_ || text == "PASS" || text == "FAIL";
  if (text.starts_with("    --- ") && (own || !marked_)) {
    read_subtest_end(text);
  } else if (!failed_last_.empty() && tally_.last_ended() == failed_last_) {
    read_trailer(text);
  } else {
    read_log(text);
  }
}

std::size_t GoReader::find_mark(std::string_view text, std::string_view mark) {
  std::size_t at = text.rfind(mark);
  while (at != std::string_view::npos) {
    const bool own = at > 0 && text[at - 1] == k_go_mark;
    if (own || !marked_) return at;
    at = at == 0 ? std::string_view::npos : text.rfind(mark, at - 1);
  }
  return at;
}

bool GoReader::any_runs() const {
  return std::ranges::any_of(
      tally_.names(), [this](const std::string& name) { return tally_.is_running(name) && !paused_.contains(name); });
}

std::string GoReader::test_of(std::string_view name) const {
  return std::string(namesakes_.current(name.substr(0, name.find('/'))));
}

bool GoReader::read_run(const LineSplitter::Line& line, std::string_view name) {
  if (name.find('/') != std::string_view::npos) {
    if (!tally_.is_running(test_of(name))) return false;
    paused_.erase(test_of(name));
    tally_.resume(test_of(name), line.begin);
  } else {
    if (any_runs()) return false;
    if (!namesakes_.knows(name)) return false;
    const std::string test(namesakes_.begin(name));
    read_trailer();
    over_ = false;
    logs_.erase(test);
    if (tally_.is_waiting(test)) tally_.start(test, line.begin);  // else repeated, or not selected
  }
  context_ = name;
  return true;
}

bool GoReader::read_switch(const LineSplitter::Line& line) {
  for (const Switch& candidate : k_switches) {
    const std::size_t at = find_mark(line.text, candidate.mark);
    if (at == std::string::npos) continue;
    marked_ = marked_ || (at > 0 && line.text[at - 1] == k_go_mark);
    const std::string name = line.text.substr(at + candidate.mark.size());
    if (candidate.kind == Switch::Kind::run) return read_run(line, name);
    const std::string test = test_of(name);
    if (!tally_.is_running(test)) return false;
    if (candidate.kind != Switch::Kind::pause) {
      paused_.erase(test);
      tally_.resume(test, line.begin);
      context_ = name;
    } else if (name.find('/') == std::string::npos) {
      paused_.insert(test);
      tally_.pause(test, line.end);
    }
    return true;
  }
  return false;
}

bool GoReader::read_end(const LineSplitter::Line& line) {
  std::string_view rest = line.text;
  const auto duration = take_duration(rest);
  if (!duration) return false;
  for (const EndMark& candidate : k_end_marks) {
    const std::size_t at = find_mark(rest, candidate.mark);
    if (at == std::string_view::npos || rest.substr(0, at).ends_with("    ")) continue;
    const std::string name(rest.substr(at + candidate.mark.size()));
    const std::string test(namesakes_.current(name));
    if (test.empty() && namesakes_.knows(name)) {
      if (candidate.outcome == Outcome::failed) tally_.excuse_status();
      return true;
    }
    const bool amends = tally_.has_ended(test) && tally_.last_ended() == test;
    if (tally_.is_running(test) || amends) {
      end_test(test, candidate.outcome, *duration, line.end);
      return true;
    }
    if (tally_.has_ended(test) && candidate.outcome == Outcome::failed && tally_.outcome_of(test) != Outcome::failed) {
      // -test.count, or a TestMain that runs the tests twice: the test's own end has been told.
      const std::string text(trim(logs_[test].text));
      tally_.end_unlisted({.test = "[repetition of " + test + "]",
                           .outcome = Outcome::failed,
                           .duration = *duration,
                           .message = "failed when it was repeated" + (text.empty() ? "" : ":\n" + text)});
      return true;
    }
  }
  return false;
}

void GoReader::end_test(const std::string& test, Outcome outcome, std::chrono::microseconds duration,
                        std::size_t offset) {
  Progress end{.test = test, .offset = offset, .outcome = outcome, .duration = duration};
  const Log& log = logs_[test];
  if (outcome != Outcome::passed) {
    end.message = trim(log.text);
    end.file = log.file;
    end.line = log.line;
  }
  tally_.end(std::move(end));
  failed_last_ = outcome == Outcome::failed ? test : std::string();
  trailer_.clear();
}

void GoReader::read_subtest_end(std::string_view line) {
  const std::size_t mark = line.find("--- FAIL: ");
  if (mark == std::string_view::npos) return;
  const std::string text = std::string(line.substr(mark)) + "\n";
  const std::string test = test_of(context_);
  if (marked_ && tally_.is_running(test)) {
    logs_[test].text += text;  // told when the subtest ends, not behind the test's own end
  } else if (!failed_last_.empty()) {
    trailer_ += text;
  }
}

void GoReader::read_log(std::string_view line) {
  const std::string test = test_of(context_);
  if (!tally_.is_running(test) && !tally_.has_ended(test)) return;
  Log& log = logs_[test];
  if (log.text.size() > k_message_limit) return;
  if (const auto parsed = parse_log_line(line)) {
    log.file = parsed->file;
    log.line = parsed->line;
    if (context_.find('/') != std::string::npos) log.text += context_ + ": ";
    log.text += std::string(trim(line)) + "\n";
  } else if (line.starts_with("        ") && !log.text.empty()) {  // a log entry's further lines
    log.text += std::string(line.substr(4)) + "\n";
  }
}

void GoReader::read_trailer(std::string_view line) {
  if (line == "FAIL" || line == "PASS") {
    read_trailer();
    return;
  }
  const bool is_result = line == "got:" || line == "want:" || parse_log_line(line);
  if ((is_result || !trailer_.empty()) && trailer_.size() < k_message_limit) trailer_ += std::string(line) + "\n";
}

void GoReader::read_trailer() {
  const std::string text(trim(trailer_));
  trailer_.clear();
  const std::string test = std::exchange(failed_last_, {});
  if (text.empty() || tally_.last_ended() != test) return;
  tally_.blame_last(Outcome::failed, text);
}

std::vector<Progress> GoReader::finish(ExitStatus status, std::string_view result_file) {
  const std::string rest = lines_.take_rest();
  if (!rest.empty()) read_line({rest, 0, 0});
  read_trailer();
  attribute_panic(status);
  if (result_file.empty()) conclude_early_end(status);
  tally_.explain(status);
  return tally_.take();
}

void GoReader::conclude_early_end(ExitStatus status) {
  const std::string& last = tally_.last_ended();
  if (over_ || last.empty() || any_runs() || status != ExitStatus{}) return;
  if (marked_) {
    tally_.end_unlisted({.test = std::string(k_process_exit),
                         .outcome = Outcome::crashed,
                         .message = "exited with status 0 after " + last + " had ended and before the suite had"});
  } else {
    // Without marks its end may be a line that it printed itself.
    tally_.blame_last(Outcome::crashed, "exited with status 0 before the suite had ended");
  }
}

void GoReader::attribute_panic(ExitStatus status) {
  const std::string& last = tally_.last_ended();
  if (status.code != k_panic_status || last.empty()) return;
  // A test that panics is reported as failed before the process ends. Others that ran beside it run again.
  if (tally_.outcome_of(last) == Outcome::failed) {
    tally_.amend_last(Outcome::crashed, "exited with status 2 in a panic");
  } else if (!any_runs()) {
    tally_.end_unlisted(
        {.test = std::string(k_process_exit),
         .outcome = Outcome::crashed,
         .message = "exited with status 2 in a panic, after " + last + " had ended and before another test ran"});
  }
}

}  // namespace sortie::suite
