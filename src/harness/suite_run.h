#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/authorship.h"
#include "harness/output_writer.h"
#include "harness/private_file.h"
#include "harness/process.h"
#include "harness/verdicts.h"
#include "suite/framework.h"
#include "suite/protocol.h"

namespace sortie::harness {

/// One process of the suite that runs some tests: reads its results, keeps the time, and stops it when a test takes
/// too long, when the function's time is over, or when a failure is to end the batch.
class SuiteRun final : public ProcessListener {
 public:
  struct Plan {
    const suite::Framework& framework;
    std::vector<suite::TestCase> tests;
    std::chrono::milliseconds test_timeout{0};
    TimePoint stop_at;  ///< before the function's own end
    bool fail_fast = false;
    bool own_process = false;  ///< each test has one: what the process's end says is the test's
    std::string tmp;           ///< must be usable when a test has ended; empty: it was not before
  };
  /// Why the process was stopped.
  enum class Stopped : std::uint8_t { not_at_all, test_timeout, hung, deadline, fail_fast, spoilt };

  SuiteRun(Plan plan, Verdicts& verdicts, OutputStreams& outputs);

  /// Runs the started process to its end; `result_file`, if it writes one, is read then.
  void run(Process process, const PrivateFile* result_file);

  [[nodiscard]] Stopped stopped() const { return stopped_; }
  [[nodiscard]] const ProcessEnd& end() const { return end_; }
  /// Tests that were running when the process ended or was stopped, but for those that have timed out.
  [[nodiscard]] std::vector<std::string> running() const;
  /// Tests of the plan without an end and not running, in order.
  [[nodiscard]] std::vector<suite::TestCase> untouched() const;
  /// Tests of this process that have ended, by its own word or by time.
  [[nodiscard]] std::size_t ended_count() const;
  /// One of them did neither pass nor was it skipped.
  [[nodiscard]] bool any_bad() const { return any_bad_; }
  /// How long the process was at its test when it ended.
  [[nodiscard]] std::chrono::microseconds running_time(const std::string& test) const;
  /// What was left behind and has not been counted for a test yet.
  [[nodiscard]] int uncounted_leaks() const;

  /// The line on standard error that says why the process died, as far as one does; empty otherwise.
  [[nodiscard]] std::string last_words() const;

  bool on_output(std::string_view standard_error, std::string_view standard_output) override;
  void on_pause() override;
  void on_exited() override;
  void on_stdout_closed() override;
  [[nodiscard]] TimePoint wake_at() const override;
  void on_wake() override;

 private:
  struct Clocked {
    TimePoint since;  ///< of the present stretch; meaningless while paused
    std::chrono::steady_clock::duration before{0};
    bool paused = false;
    std::vector<Descendant> descendants_before;
    [[nodiscard]] std::chrono::steady_clock::duration total(TimePoint now) const {
      return before + (paused ? std::chrono::steady_clock::duration(0) : now - since);
    }
  };

  void apply(const std::vector<suite::Progress>& progress, std::string_view bytes);
  /// `overtaken`: more has happened since, and was read with it.
  void apply(const suite::Progress& progress, bool overtaken);
  void take_stdout(std::string_view bytes);
  void take_stderr(std::string_view bytes);
  void on_started(const std::string& test, bool overtaken);
  void on_ended(const suite::Progress& progress);
  void on_unlisted(const suite::Progress& progress);
  /// True when another process goes on in the suite's name although the suite itself has exited.
  bool is_impersonated();
  /// Who prints what comes: a child for a suite that lives, or an impostor for one that has exited.
  enum class Printer : std::uint8_t { suite, child, impostor };

  void finish();
  int count_leaks(const Clocked& clocked);
  void stop(Stopped why);
  /// When a test, or the function, has had its time.
  [[nodiscard]] TimePoint time_over_at() const;
  /// Once standard output is closed nothing tells when tests start and end: all that are left share their time.
  [[nodiscard]] std::chrono::steady_clock::duration silent_allowance() const;

  Plan plan_;
  Verdicts& verdicts_;
  OutputStreams& outputs_;
  OutputWriter writer_;
  std::unique_ptr<suite::ResultReader> reader_;
  const PrivateFile* result_file_ = nullptr;
  Process* process_ = nullptr;
  ProcessEnd end_;
  TimePoint ended_at_;
  Stopped stopped_ = Stopped::not_at_all;
  std::map<std::string, Clocked> running_;
  TimePoint idle_since_;
  std::optional<TimePoint> stdout_closed_at_;
  std::optional<DescendantWatch> descendants_;
  std::vector<Descendant> counted_leaks_;
  std::string stderr_tail_;
  bool any_bad_ = false;
  Authorship authorship_;
  std::uint64_t printed_ = 0;  ///< bytes read from standard output
  Printer printer_ = Printer::suite;
  bool exited_ = false;  ///< what comes now is not the suite's word
  std::string result_;   ///< the result file's content when it exited
};

}  // namespace sortie::harness
