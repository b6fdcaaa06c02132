#pragma once

#include <chrono>
#include <cstdio>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/spool.h"
#include "run/event.h"

namespace sortie::report {

enum class ShowOutput : std::uint8_t { failed, all, none };

struct TerminalOptions {
  ShowOutput show_output = ShowOutput::failed;
  bool colour = false;
  bool live = false;  ///< a progress line at the bottom that is drawn over: a terminal, not a file
  int width = 80;     ///< columns
};

/// What a person reads: a line a step, a line a test, the output of the tests that did not pass, a summary. With
/// ShowOutput::all every byte of every test is shown, however much it is: it waits in temporary files for its test's
/// end. Otherwise what run::TestFinished has.
class TerminalReporter final : public run::Reporter {
 public:
  /// `out` is not owned; each line is written at once.
  TerminalReporter(std::FILE* out, TerminalOptions options) : out_(out), options_(options) {}
  ~TerminalReporter() override { clear_progress(); }

  void on(const run::Event& event) override;
  /// The first failure to write. That nobody reads any more (EPIPE) is none.
  [[nodiscard]] Result<void> close() override;
  /// Draws the progress line anew; called a few times a second on a terminal.
  void tick();

 private:
  void on_event(const run::StepFinished& step);
  void on_event(const run::Notice& notice);
  void on_event(const run::RunStarted& started);
  void on_event(const run::TestStarted& started);
  void on_event(const run::TestOutput& output);
  void on_event(const run::TestFinished& finished);
  void on_event(const run::InvocationFinished&) {}
  void on_event(const run::RunFinished& finished);

  void line(std::string_view label, std::string_view colour, std::string_view text, std::string_view right = {});
  void detail(std::string_view text);
  void detail(const Spool& spool);
  void output(const run::TestFinished& finished);
  void captured_output(const run::TestFinished& finished);
  void summary_recap();
  void write(std::string_view text);
  void clear_progress();
  [[nodiscard]] std::string paint(std::string_view text, std::string_view colour) const;

  struct Ended {
    run::TestId id;
    run::Outcome outcome;
    run::Microseconds duration;
  };

  std::FILE* out_;
  TerminalOptions options_;
  std::size_t total_ = 0;
  std::size_t done_ = 0;
  std::size_t unsuccessful_ = 0;
  std::map<run::TestId, std::chrono::steady_clock::time_point> running_;
  std::vector<Ended> slowest_;  ///< slowest first, at most k_slowest
  std::vector<Ended> not_passed_;
  std::map<run::TestId, Spool> printed_;             ///< by running tests; with ShowOutput::all
  std::map<std::string, Spool> loose_printed_;       ///< by suite, outside of tests; with ShowOutput::all
  std::map<std::string, std::string> loose_output_;  ///< the end of the same, otherwise
  std::map<std::string, bool> suite_died_;
  std::chrono::steady_clock::time_point started_{};
  bool progress_shown_ = false;
  int error_ = 0;  ///< errno of the first write that failed
};

}  // namespace sortie::report
