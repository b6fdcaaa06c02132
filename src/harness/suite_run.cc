#include "harness/suite_run.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>

#include "harness/environment.h"
#include "suite/text.h"

namespace sortie::harness {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t k_result_file_limit = 64UL << 20;
/// A Go panic's own words are above the stacks of all goroutines.
constexpr std::size_t k_tail_limit = 64 * 1024;
constexpr auto k_orphan_patience = 500ms;
constexpr auto k_stop_grace = 1000ms;
constexpr auto k_deadline_grace = 200ms;
/// Frameworks round durations: within this the harness's own clock is believed.
constexpr auto k_rounding = 10ms;
/// For the exit of a process whose child already prints in its place.
constexpr auto k_exit_patience = 300ms;

TimePoint now() {
  return std::chrono::steady_clock::now();
}

/// `60 s`, `1.5 s`.
std::string in_seconds(std::chrono::milliseconds duration) {
  const std::int64_t tenths = (duration.count() + 50) / 100;
  std::string text = std::to_string(tenths / 10);
  if (tenths % 10 != 0) text += "." + std::to_string(tenths % 10);
  return text + " s";
}

/// The kernel's list of children may miss some while others come and go (proc(5)): asked several times.
bool leaves_descendants(pid_t process) {
  for (int i = 0; i < 5; ++i) {
    if (!living_descendants(process).empty()) return true;
    ::usleep(1000);
  }
  return false;
}

}  // namespace

SuiteRun::SuiteRun(Plan plan, Verdicts& verdicts, OutputStreams& outputs)
    : plan_(std::move(plan)),
      verdicts_(verdicts),
      outputs_(outputs),
      writer_(outputs),
      reader_(plan_.framework.reader(plan_.tests)),
      idle_since_(now()) {}

void SuiteRun::run(Process process, const PrivateFile* result_file) {
  process_ = &process;
  result_file_ = result_file;
  if (plan_.tests.size() > 1) descendants_.emplace(process.pid());
  apply(reader_->start(), {});
  outputs_.flush();
  end_ = process.follow(*this, outputs_);
  ended_at_ = now();
  if (stopped_ == Stopped::not_at_all) finish();
  writer_.flush();
  process_ = nullptr;
}

void SuiteRun::finish() {
  if (printer_ != Printer::impostor) apply(reader_->finish(end_.status, result_), {});
}

std::vector<std::string> SuiteRun::running() const {
  std::vector<std::string> tests;
  for (const auto& [test, clocked] : running_) tests.push_back(test);
  return tests;
}

std::vector<suite::TestCase> SuiteRun::untouched() const {
  std::vector<suite::TestCase> tests;
  for (const suite::TestCase& test : plan_.tests) {
    if (test.unasked || verdicts_.has(test.name) || running_.contains(test.name)) continue;
    tests.push_back(test);
  }
  return tests;
}

std::size_t SuiteRun::ended_count() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      plan_.tests, [this](const auto& test) { return !test.unasked && verdicts_.has(test.name); }));
}

std::chrono::microseconds SuiteRun::running_time(const std::string& test) const {
  const auto found = running_.find(test);
  if (found == running_.end()) return {};
  return std::chrono::duration_cast<std::chrono::microseconds>(found->second.total(ended_at_));
}

int SuiteRun::uncounted_leaks() const {
  return static_cast<int>(newcomers(counted_leaks_, end_.leaked).size());
}

bool SuiteRun::on_output(std::string_view standard_error, std::string_view standard_output) {
  printed_ += standard_output.size();
  std::vector<suite::Progress> progress;
  if (stopped_ == Stopped::not_at_all && !exited_) {
    reader_->feed_errors(standard_error);
    if (!standard_output.empty()) progress = reader_->feed(standard_output);
  }
  // The one write to standard output that starts a test comes before what the test printed to standard error.
  const bool starts = writer_.test().empty() && std::ranges::any_of(progress, [](const suite::Progress& step) {
                        return step.kind == suite::Progress::Kind::started;
                      });
  if (!starts) take_stderr(standard_error);
  apply(progress, standard_output);
  if (starts) take_stderr(standard_error);
  return !progress.empty();
}

/// Without the framework's marks: one stands before a line of its own, which begins with one of these.
void SuiteRun::take_stdout(std::string_view bytes) {
  const char mark = plan_.framework.line_mark();
  for (std::size_t at = 0; mark != 0 && (at = bytes.find(mark, at)) != std::string_view::npos;) {
    const bool own = at + 1 < bytes.size() && std::string_view("=-PF ").find(bytes[at + 1]) != std::string_view::npos;
    if (!own) {
      ++at;
      continue;
    }
    writer_.write(false, bytes.substr(0, at), now());
    bytes.remove_prefix(at + 1);
    at = 0;
  }
  writer_.write(false, bytes, now());
}

void SuiteRun::take_stderr(std::string_view bytes) {
  writer_.write(true, bytes, now());
  stderr_tail_ += bytes;
  if (stderr_tail_.size() > 2 * k_tail_limit) stderr_tail_.erase(0, stderr_tail_.size() - k_tail_limit);
}

void SuiteRun::apply(const std::vector<suite::Progress>& progress, std::string_view bytes) {
  std::size_t written = 0;
  for (const suite::Progress& step : progress) {
    const std::size_t boundary = std::min(step.offset, bytes.size());
    if (boundary > written) {
      take_stdout(bytes.substr(written, boundary - written));
      written = boundary;
    }
    apply(step, &step != &progress.back());
  }
  take_stdout(bytes.substr(written));
}

void SuiteRun::apply(const suite::Progress& progress, bool overtaken) {
  if (printer_ == Printer::impostor) return;
  const auto found = running_.find(progress.test);
  switch (progress.kind) {
    case suite::Progress::Kind::started: on_started(progress.test, overtaken); return;
    case suite::Progress::Kind::ended: on_ended(progress); return;
    case suite::Progress::Kind::paused:
      if (found == running_.end() || found->second.paused) return;
      found->second.before = found->second.total(now());
      found->second.paused = true;
      if (writer_.test() == progress.test) writer_.attribute_to({});
      idle_since_ = now();
      return;
    case suite::Progress::Kind::resumed:
      if (found == running_.end()) return;
      if (found->second.paused) {
        found->second.paused = false;
        found->second.since = now();
      }
      writer_.attribute_to(progress.test);
      return;
  }
}

void SuiteRun::on_started(const std::string& test, bool overtaken) {
  writer_.attribute_to(test);
  verdicts_.start(test);
  stderr_tail_.clear();
  Clocked clocked{.since = now()};
  // What lives now may be the test's own when it has gone on already: then what lived at the last look counts.
  if (descendants_) clocked.descendants_before = overtaken ? descendants_->seen() : descendants_->look();
  running_[test] = std::move(clocked);
  authorship_.on_start(*process_, printed_);
}

/// The end of a test was read. All that the suite prints after it waits in the pipe until this has returned.
bool SuiteRun::is_impersonated() {
  if (exited_ || printer_ == Printer::child) return false;
  const TimePoint patience_ends = now() + k_exit_patience;
  while (authorship_.lags(*process_, printed_)) {
    if (process_->has_exited()) {
      // Without a process that lives on it has died right behind its own words, in a tear-down.
      if (!leaves_descendants(process_->pid())) return false;
      printer_ = Printer::impostor;
      on_exited();
      return true;
    }
    if (now() > patience_ends) {
      printer_ = Printer::child;  // a suite that runs its tests in a child, or prints through one, and waits for it
      return false;
    }
    ::usleep(100);
  }
  return false;
}

void SuiteRun::on_unlisted(const suite::Progress& progress) {
  suite::TestEnded* last = verdicts_.held();
  const bool tests_own = plan_.own_process && progress.test == suite::k_process_exit && last != nullptr;
  any_bad_ = any_bad_ || Verdicts::is_bad(progress.outcome);
  if (tests_own && !Verdicts::is_bad(last->outcome)) {
    last->outcome = progress.outcome;
    last->message = progress.message;
  } else if (!tests_own) {
    verdicts_.end_unlisted({.test = progress.test,
                            .outcome = progress.outcome,
                            .duration = progress.duration,
                            .message = progress.message,
                            .file = progress.file,
                            .line = progress.line});
  }
}

void SuiteRun::on_ended(const suite::Progress& progress) {
  writer_.flush();
  if (progress.unlisted) {
    on_unlisted(progress);
    return;
  }
  suite::TestEnded ended{.test = progress.test,
                         .outcome = progress.outcome,
                         .flaky = progress.flaky,
                         .duration = progress.duration,
                         .message = progress.message,
                         .file = progress.file,
                         .line = progress.line};
  if (running_.contains(progress.test) && is_impersonated()) return;
  const bool seen_to_start = running_.contains(progress.test) || verdicts_.has(progress.test);
  if (!seen_to_start && progress.outcome == suite::Outcome::passed) {
    // It may pass when its start can be seen. Alone it can, and then it has not been run.
    if (plan_.tests.size() > 1) return;
    ended.outcome = suite::Outcome::skipped;
    if (ended.message.empty()) ended.message = "reported as passed without having been started";
  }
  if (const auto found = running_.find(progress.test); found != running_.end()) {
    const auto measured = std::chrono::duration_cast<std::chrono::microseconds>(found->second.total(now()));
    if (ended.duration == 0us || std::chrono::abs(ended.duration - measured) <= k_rounding) ended.duration = measured;
    if (descendants_ && end_.leaked.empty()) ended.leaked_processes = count_leaks(found->second);
    running_.erase(found);
  } else if (const suite::TestEnded* held = verdicts_.held(); held != nullptr && held->test == ended.test) {
    ended.duration = held->duration;
  }
  any_bad_ = any_bad_ || Verdicts::is_bad(ended.outcome);
  verdicts_.end(std::move(ended));
  idle_since_ = now();
  if (writer_.test() == progress.test) writer_.attribute_to({});
  if (plan_.fail_fast && Verdicts::is_bad(progress.outcome)) stop(Stopped::fail_fast);
  if (!exited_ && !plan_.tmp.empty() && !what_spoils(plan_.tmp).empty()) stop(Stopped::spoilt);
}

int SuiteRun::count_leaks(const Clocked& clocked) {
  if (newcomers(clocked.descendants_before, descendants_->look()).empty()) return 0;
  auto newly_living = [&] { return newcomers(clocked.descendants_before, descendants_->look_closely()); };
  std::vector<Descendant> left = newly_living();
  const auto count = static_cast<int>(left.size());
  counted_leaks_.insert(counted_leaks_.end(), left.begin(), left.end());
  const TimePoint patience_ends = now() + k_orphan_patience;  // orphans that multiply are not gone at once
  while (!left.empty() && kill_orphans(left) && now() < patience_ends) left = newly_living();
  return count;
}

std::string SuiteRun::last_words() const {
  for (const std::string_view line : suite::split_lines(stderr_tail_)) {
    for (const std::string_view beginning : {"panic: ", "fatal error: ", "SUMMARY: ", "terminate called "}) {
      if (line.starts_with(beginning)) return suite::abridge(line, 1024);
    }
  }
  return {};
}

void SuiteRun::on_pause() {
  writer_.send_lines(now());
}

void SuiteRun::on_exited() {
  if (std::exchange(exited_, true) || result_file_ == nullptr) return;
  result_ = result_file_->read(k_result_file_limit);
}

void SuiteRun::on_stdout_closed() {
  stdout_closed_at_ = now();
}

TimePoint SuiteRun::wake_at() const {
  return std::min(writer_.due(), time_over_at());
}

TimePoint SuiteRun::time_over_at() const {
  if (stdout_closed_at_) return std::min(plan_.stop_at, *stdout_closed_at_ + silent_allowance());
  TimePoint wake = plan_.stop_at;
  bool any_clock_runs = false;
  for (const auto& [test, clocked] : running_) {
    if (clocked.paused) continue;
    any_clock_runs = true;
    wake = std::min(wake, clocked.since + (plan_.test_timeout - clocked.before));
  }
  return any_clock_runs ? wake : std::min(wake, idle_since_ + plan_.test_timeout);
}

std::chrono::steady_clock::duration SuiteRun::silent_allowance() const {
  return plan_.test_timeout * static_cast<std::int64_t>(std::max<std::size_t>(1, plan_.tests.size() - ended_count()));
}

void SuiteRun::on_wake() {
  const TimePoint moment = now();
  writer_.send_lines(moment);
  if (moment < time_over_at()) return;
  if (moment >= plan_.stop_at) {
    stop(Stopped::deadline);
    return;
  }
  const bool silent = stdout_closed_at_.has_value();
  std::vector<std::string> expired;
  bool any_clock_runs = false;
  for (const auto& [test, clocked] : running_) {
    if (clocked.paused) continue;
    any_clock_runs = true;
    if (silent || clocked.total(moment) >= plan_.test_timeout) expired.push_back(test);
  }
  if (!expired.empty()) stop(Stopped::test_timeout);
  for (const std::string& test : expired) {
    const auto spent = std::chrono::duration_cast<std::chrono::microseconds>(running_[test].total(moment));
    running_.erase(test);
    verdicts_.end({.test = test,
                   .outcome = suite::Outcome::timed_out,
                   .duration = spent,
                   .message = "no end after " + in_seconds(plan_.test_timeout)});
  }
  if (!any_clock_runs && (silent || moment >= idle_since_ + plan_.test_timeout)) stop(Stopped::hung);
}

void SuiteRun::stop(Stopped why) {
  if (stopped_ != Stopped::not_at_all || process_ == nullptr) return;
  stopped_ = why;
  if (exited_) return;
  if (why == Stopped::fail_fast || why == Stopped::spoilt) {
    process_->stop(SIGKILL, 0ms);
  } else {
    process_->stop(plan_.framework.stop_signal(), why == Stopped::deadline ? k_deadline_grace : k_stop_grace);
  }
}

}  // namespace sortie::harness
