#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/process.h"
#include "harness/verdicts.h"
#include "suite/framework.h"
#include "suite/protocol.h"

namespace sortie::harness {

/// Passes output on to the log and as Output events, in one order: pieces of at most 32 KiB that do not cut a character
/// in two, joined as far as they come at once.
class OutputWriter {
 public:
  explicit OutputWriter(Outlets& outlets) : outlets_(outlets) {}
  /// To which test what comes now belongs; empty: to none.
  void attribute_to(const std::string& test);
  [[nodiscard]] const std::string& test() const { return test_; }
  void write(bool to_stderr, std::string_view bytes);
  /// Sends what there is, but for the beginning of a character whose rest may still come.
  void send_pending();
  /// Sends everything.
  void flush();

 private:
  void send_pieces(bool to_stderr, std::string_view bytes);

  Outlets& outlets_;
  std::string test_;
  bool pending_is_stderr_ = false;
  std::string pending_;
  std::string kept_[2];  ///< unfinished characters
};

/// One process of the suite that runs some tests: reads its results, keeps the time, and stops it when a test takes
/// too long, when the function's time is over, or when a failure is to end the batch.
class Session final : public ProcessListener {
 public:
  struct Plan {
    const suite::Framework& framework;
    std::vector<suite::TestCase> tests;
    std::chrono::milliseconds test_timeout{0};
    TimePoint stop_at;  ///< before the function's own end
    bool fail_fast = false;
  };
  /// Why the session stopped the process.
  enum class Stopped : std::uint8_t { not_at_all, test_timeout, hung, deadline, fail_fast };

  Session(Plan plan, Verdicts& verdicts, Outlets& outlets);

  /// Runs the started process to its end; `result_file` is read then.
  void run(Process process, const std::string& result_file);

  [[nodiscard]] Stopped stopped() const { return stopped_; }
  [[nodiscard]] const ProcessEnd& end() const { return end_; }
  /// Tests that were running when the process ended or was stopped, but for those that have timed out.
  [[nodiscard]] std::vector<std::string> running() const;
  /// Tests of the plan without an end and not running, in order.
  [[nodiscard]] std::vector<suite::TestCase> untouched() const;
  /// Tests of this process that have ended, by its own word or by time.
  [[nodiscard]] std::size_t ended_count() const;
  /// How long the process was at its test when it ended.
  [[nodiscard]] std::chrono::microseconds running_time(const std::string& test) const;
  /// What was left behind and has not been counted for a test yet.
  [[nodiscard]] int uncounted_leaks() const;

  /// The line on standard error that says why the process died, as far as one does; empty otherwise.
  [[nodiscard]] std::string last_words() const;

  bool on_output(std::string_view standard_error, std::string_view standard_output) override;
  void on_pause() override { writer_.send_pending(); }
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
  void apply(const suite::Progress& progress);
  void on_started(const std::string& test);
  void on_ended(const suite::Progress& progress);
  int count_leaks(const Clocked& clocked);
  void stop(Stopped why);
  /// Once standard output is closed nothing tells when tests start and end: all that are left share their time.
  [[nodiscard]] std::chrono::steady_clock::duration silent_allowance() const;

  Plan plan_;
  Verdicts& verdicts_;
  Outlets& outlets_;
  OutputWriter writer_;
  std::unique_ptr<suite::ResultReader> reader_;
  Process* process_ = nullptr;
  ProcessEnd end_;
  TimePoint ended_at_;
  Stopped stopped_ = Stopped::not_at_all;
  std::map<std::string, Clocked> running_;
  TimePoint idle_since_;
  std::optional<TimePoint> stdout_closed_at_;
  std::vector<Descendant> counted_leaks_;
  std::string stderr_tail_;
};

}  // namespace sortie::harness
