#include "suite/gtest_reader.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace sortie::suite {
namespace {

constexpr std::string_view k_run = "[ RUN      ] ";
constexpr std::string_view k_divider = "[----------] ";
constexpr std::size_t k_message_limit = 32 * 1024;

struct EndMark {
  std::string_view text;
  Outcome outcome;
};
constexpr EndMark k_end_marks[] = {
    {"[       OK ] ", Outcome::passed}, {"[  FAILED  ] ", Outcome::failed}, {"[  SKIPPED ] ", Outcome::skipped}};

/// Takes the terminal's colours out of a line (`ESC [ … m`).
void remove_colours(std::string& line) {
  std::size_t at = 0;
  while ((at = line.find("\x1b[", at)) != std::string::npos) {
    const std::size_t end = line.find_first_not_of("0123456789;", at + 2);
    if (end != std::string::npos && line[end] == 'm') {
      line.erase(at, end + 1 - at);
    } else {
      at += 2;
    }
  }
}

/// The milliseconds of `… (12 ms)` at the end of a line; what is before it is left in `line`.
std::optional<std::chrono::milliseconds> take_duration(std::string_view& line) {
  if (!line.ends_with(" ms)")) return std::nullopt;
  const std::size_t open = line.rfind(" (");
  if (open == std::string_view::npos) return std::nullopt;
  const auto count = parse_number(line.substr(open + 2, line.size() - open - 6));
  if (!count) return std::nullopt;
  line = line.substr(0, open);
  return std::chrono::milliseconds(*count);
}

/// `A/0` of `A/0, where TypeParam = int`.
std::string_view without_parameters(std::string_view name) {
  return name.substr(0, name.find(", where "));
}

std::string_view suite_of(std::string_view test) {
  return test.substr(0, test.find('.'));
}

std::string in_words(ExitStatus status) {
  return status.signal != 0 ? describe_signal(status.signal) : "exited with status " + std::to_string(status.code);
}

std::string place_first_line(Progress& end, std::string_view text) {
  if (const auto place = gtest_place(text.substr(0, text.find('\n')))) {
    end.file = place->file;
    end.line = place->line;
  }
  return std::string(text);
}

}  // namespace

GtestReader::GtestReader(const std::vector<TestCase>& tests) : tally_(tests), namesakes_(tests) {
  for (const TestCase& test : tests) ++waiting_[std::string(suite_of(framework_name(test)))];
}

std::vector<Progress> GtestReader::feed(std::string_view bytes) {
  for (LineSplitter::Line& line : lines_.feed(bytes)) read_line(std::move(line));
  return tally_.take();
}

void GtestReader::read_line(LineSplitter::Line line) {
  remove_colours(line.text);
  if (read_end(line) || read_start(line)) return;
  if (phase_ != Phase::in_test && read_divider(line.text)) return;
  capture(line.text);
}

bool GtestReader::read_start(const LineSplitter::Line& line) {
  const std::size_t mark = line.text.rfind(k_run);
  if (mark == std::string::npos || phase_ == Phase::in_test) return false;
  const std::string name = line.text.substr(mark + k_run.size());
  if (!namesakes_.knows(name)) return false;
  const std::string test(namesakes_.begin(name));
  attribute_outside();
  if (suite_of(name) != suite_) begin_suite(suite_of(name));
  if (tally_.is_waiting(test)) {  // else --gtest_repeat, or not selected
    tally_.start(test, line.begin);
    --waiting_[suite_];
  }
  running_name_ = name;
  current_ = test;
  phase_ = Phase::in_test;
  return true;
}

bool GtestReader::read_end(const LineSplitter::Line& line) {
  if (phase_ != Phase::in_test && phase_ != Phase::after_test) return false;
  std::string_view rest = line.text;
  const auto duration = take_duration(rest);
  // Without a duration (a main that switches times off) it may be a line of the summary.
  if (!duration && phase_ != Phase::in_test) return false;
  for (const EndMark& mark : k_end_marks) {
    const std::size_t at = rest.rfind(mark.text);
    if (at == std::string_view::npos) continue;
    if (without_parameters(rest.substr(at + mark.text.size())) != running_name_) continue;
    end_current(mark.outcome, duration.value_or(std::chrono::milliseconds(0)), line.end);
    return true;
  }
  return false;
}

void GtestReader::end_current(Outcome outcome, std::chrono::milliseconds duration, std::size_t offset) {
  Progress end{.test = current_, .offset = offset, .outcome = outcome, .duration = duration};
  const bool repeated = tally_.has_ended(current_) && tally_.last_ended() != current_;
  explain_end(end);
  failures_.clear();
  capturing_ = nullptr;
  phase_ = Phase::after_test;
  if (current_.empty()) {
    if (outcome == Outcome::failed) tally_.excuse_status();
  } else if (!repeated) {
    tally_.end(std::move(end));
  } else if (end.outcome == Outcome::failed && tally_.outcome_of(current_) != Outcome::failed) {
    end.test = "[repetition of " + current_ + "]";
    end.message = "failed when it was repeated" + (end.message.empty() ? "" : ":\n" + end.message);
    tally_.end_unlisted(std::move(end));
  }
}

void GtestReader::explain_end(Progress& end) {
  std::string own = place_first_line(end, trim(failures_));
  if (end.outcome == Outcome::skipped && !environment_failure_.empty()) {
    end.outcome = Outcome::failed;
    end.message = "a test environment failed:\n" + place_first_line(end, environment_failure_);
    environment_failure_told_ = true;
  } else if (end.outcome == Outcome::skipped && !suite_failure_.empty()) {
    end.outcome = Outcome::failed;
    end.message = "SetUpTestSuite failed:\n" + place_first_line(end, suite_failure_);
    suite_failure_told_ = true;
  } else if (end.outcome == Outcome::skipped && own.empty()) {
    end.message = suite_skip_;
  } else if (end.outcome != Outcome::passed) {
    end.message = std::move(own);
  } else {
    end.file.clear();
    end.line = 0;
  }
  if (end.outcome == Outcome::passed && !suite_failure_.empty() && !suite_failure_told_) {
    suite_failure_told_ = true;
    report_outside("SetUpTestSuite of " + suite_, suite_failure_);
  }
}

bool GtestReader::read_divider(std::string_view line) {
  const std::size_t mark = line.rfind(k_divider);
  if (mark == std::string_view::npos) {
    if (!line.starts_with("[==========] ")) return false;
    attribute_outside();
    return true;
  }
  const std::string_view text = line.substr(mark + k_divider.size());
  if (phase_ == Phase::after_test && any_waits(suite_)) return false;  // a test's own words: its suite is not over
  attribute_outside();
  if (text.starts_with("Global test environment tear-down")) {
    phase_ = Phase::environment_teardown;
  } else if (text.ends_with(" ms total)")) {
    phase_ = Phase::after_suite;
  } else if (const std::size_t from = text.find(" from "); from != std::string_view::npos) {
    begin_suite(without_parameters(text.substr(from + 6)));
  }
  return true;
}

bool GtestReader::any_waits(const std::string& suite) const {
  const auto found = waiting_.find(suite);
  return found != waiting_.end() && found->second > 0;
}

void GtestReader::begin_suite(std::string_view name) {
  suite_ = name;
  suite_failure_.clear();
  suite_skip_.clear();
  suite_failure_told_ = false;
  phase_ = Phase::suite_setup;
}

void GtestReader::capture(std::string_view line) {
  if (const auto place = gtest_place(line)) {
    // What a skipped set-up says is no failure; a test's own reason for skipping is kept.
    capturing_ = place->skipped && phase_ != Phase::in_test ? &skips_ : &failures_;
    if (!capturing_->empty()) *capturing_ += '\n';
  }
  if (capturing_ == nullptr || capturing_->size() + line.size() > k_message_limit) return;
  const std::string entry = std::string(line) + "\n";
  if (capturing_ == &skips_ && skips_.ends_with("\n" + entry)) return;  // 1.12 prints an environment's reason twice
  *capturing_ += entry;
}

void GtestReader::attribute_outside() {
  const std::string failed(trim(failures_));
  const std::string skipped(trim(skips_));
  failures_.clear();
  skips_.clear();
  capturing_ = nullptr;
  if (phase_ == Phase::environment) {
    if (!failed.empty()) environment_failure_ = failed;
    if (!skipped.empty()) environment_skip_ = skipped;
  } else if (phase_ == Phase::suite_setup) {
    if (!failed.empty()) suite_failure_ = failed;
    if (!skipped.empty()) suite_skip_ = skipped;
  } else if (phase_ == Phase::environment_teardown) {
    report_outside("TearDown of a test environment", failed);
  } else {
    report_outside("TearDownTestSuite of " + suite_, failed);
  }
}

void GtestReader::report_outside(std::string where, const std::string& text) {
  if (text.empty()) return;
  Progress end{.test = "[" + std::move(where) + "]", .outcome = Outcome::failed};
  end.message = place_first_line(end, text);
  tally_.end_unlisted(std::move(end));
}

std::vector<Progress> GtestReader::finish(ExitStatus status, std::string_view result_file) {
  if (std::string rest = lines_.take_rest(); !rest.empty()) read_line({std::move(rest), 0, 0});
  if (phase_ != Phase::in_test) attribute_outside();
  const auto report = read_gtest_report(result_file);
  if (report) {
    end_from_report(*report);
  } else if (phase_ == Phase::suite_setup) {
    end_suite_for_setup(status);
  } else {
    conclude_without_file(status);
  }
  end_for_environment(report ? &*report : nullptr, status);
  tally_.explain(status);
  return tally_.take();
}

void GtestReader::end_suite_for_setup(ExitStatus status) {
  if (status.signal == 9) return;  // perhaps for want of memory: the harness knows
  for (const std::string& name : tally_.names()) {
    if (!tally_.is_waiting(name) || suite_of(namesakes_.origin(name).name) != suite_) continue;
    std::string message = in_words(status) + " in SetUpTestSuite of " + suite_ + ", before the test started";
    if (!suite_failure_.empty()) message += "\n" + suite_failure_;
    tally_.end({.test = name, .outcome = Outcome::crashed, .message = std::move(message)});
  }
}

/// GoogleTest writes the file before RUN_ALL_TESTS returns: this process ended before that. In the last test, whatever
/// its output says, when something of GoogleTest's would have followed: nothing of the suite's runs between two tests
/// of one test suite. Behind a test suite its tear-down does, or the set-up of the next one: no test's end then.
void GtestReader::conclude_without_file(ExitStatus status) {
  const std::string last = tally_.last_ended();
  if (last.empty()) return;
  const auto& names = tally_.names();
  const bool inside_suite = phase_ == Phase::after_test && any_waits(suite_);
  if (inside_suite || (phase_ == Phase::after_test && names.size() == 1)) {
    tally_.blame_last(Outcome::crashed,
                      in_words(status) + " after its end was printed, without writing its result file");
  } else if (std::ranges::all_of(names, [&](const std::string& name) { return tally_.has_ended(name); })) {
    tally_.end_unlisted({.test = std::string(k_process_exit),
                         .outcome = status.signal != 0 ? Outcome::crashed : Outcome::failed,
                         .message = in_words(status) + " after the last test, without writing its result file"});
  }
}

void GtestReader::end_from_report(const GtestReport& report) {
  for (const std::string& name : tally_.names()) {
    const Namesakes::Origin& origin = namesakes_.origin(name);
    const auto found = report.find(origin.name);
    if (found == report.end() || found->second.size() <= origin.index) continue;
    const GtestResult& result = found->second[origin.index];
    const bool started = !tally_.is_waiting(name);
    if (!started && !result.ran.value_or(false)) continue;
    const bool worse =
        tally_.has_ended(name) && tally_.outcome_of(name) != Outcome::failed && result.outcome == Outcome::failed;
    if (tally_.has_ended(name) && !worse) continue;
    Progress end{.test = name,
                 .outcome = result.outcome,
                 .duration = result.duration,
                 .message = result.message,
                 .file = result.file,
                 .line = result.line};
    if (worse && name != tally_.last_ended()) {  // its end has been told
      end.test = "[" + name + " in the result file]";
      end.message = "the result file says failed where the output said otherwise:\n" + end.message;
      tally_.end_unlisted(std::move(end));
    } else {
      tally_.end(std::move(end));
    }
  }
}

void GtestReader::end_for_environment(const GtestReport* report, ExitStatus status) {
  const bool failed = !environment_failure_.empty() && !tally_.any_started() && status.signal == 0 && status.code != 0;
  const bool skipped = !environment_skip_.empty() && report != nullptr;
  for (const std::string& name : tally_.names()) {
    if (!tally_.is_waiting(name)) continue;
    if (failed) {
      Progress end{.test = name, .outcome = Outcome::failed};
      end.message = "a test environment failed:\n" + place_first_line(end, environment_failure_);
      tally_.end(std::move(end));
      environment_failure_told_ = true;
    } else if (skipped) {
      Progress end{.test = name, .outcome = Outcome::skipped};
      end.message = "skipped by a test environment:\n" + place_first_line(end, environment_skip_);
      tally_.end(std::move(end));
    }
  }
  if (!environment_failure_told_) report_outside("SetUp of a test environment", environment_failure_);
}

}  // namespace sortie::suite
