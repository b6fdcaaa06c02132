#pragma once

#include <deque>
#include <string>
#include <vector>

#include "harness/requests.h"
#include "harness/suite_run.h"
#include "suite/framework.h"
#include "suite/protocol.h"

namespace sortie::harness {

/// Runs the tests of one request: a process for many, or for one, until each has its end; a new process for those that
/// one which died did not come to.
///
/// A death is charged to the test that ran. Between two tests it is not known whose it was: what has ended stays as it
/// is, and the next test is run alone. When that dies before it starts, its set-up did it; otherwise the death is a
/// result of its own.
class Batch {
 public:
  Batch(const suite::BatchRequest& request, const suite::Framework& framework, const Context& context);

  void run();

 private:
  /// The end of a process between two tests.
  struct Death {
    suite::ExitStatus status;
    suite::Outcome outcome = suite::Outcome::crashed;
    std::string message;
  };

  void queue_all();
  [[nodiscard]] bool over() const;
  /// False when the suite cannot be started: all is said then.
  bool run_process(std::vector<suite::TestCase> tests);
  /// Ends as skipped what comes behind a failure in its unit: it has nothing to stand on.
  void skip_broken(std::vector<suite::TestCase>& tests);
  /// Makes /tmp usable again when a test has spoilt it.
  void check_environment(const std::string& who);

  void conclude(const SuiteRun& suite_run, bool alone);
  void conclude_ended(const SuiteRun& suite_run, bool alone);
  void conclude_running(const SuiteRun& suite_run);
  void conclude_behind_the_last(const SuiteRun& suite_run, bool alone);
  void conclude_between(const SuiteRun& suite_run, bool alone);
  void conclude_barren(const SuiteRun& suite_run, bool alone);
  void add_last_words(const SuiteRun& suite_run);
  void conclude_hung(const SuiteRun& suite_run, bool alone);
  void conclude_deadline(const SuiteRun& suite_run);
  void conclude_leaks(const SuiteRun& suite_run);
  void conclude_deaths();

  /// Ends `test`, which the process's end took along.
  void end_with(const SuiteRun& suite_run, const std::string& test, std::string message);
  [[nodiscard]] std::string before_start(const SuiteRun& suite_run) const;
  void again_together(std::vector<suite::TestCase> tests);
  void again_alone(const std::vector<suite::TestCase>& tests);
  /// The first `count` alone, one after the other, then the rest together; before all else.
  void again_first_alone(const std::vector<suite::TestCase>& tests, std::size_t count);
  [[nodiscard]] std::vector<suite::TestCase> cases(const std::vector<std::string>& names) const;

  const suite::BatchRequest& request_;
  const suite::Framework& framework_;
  const Context& context_;
  Workspace workspace_;
  Verdicts verdicts_;
  std::deque<std::vector<suite::TestCase>> work_;  ///< one process each
  std::vector<std::string> not_run_;
  std::vector<Death> deaths_;                        ///< that no test explains so far
  std::vector<suite::ExitStatus> deaths_in_set_up_;  ///< of tests that were run alone
  std::size_t alone_next_ = 1;  ///< tests to run alone when nothing comes of a process: doubled each time
  bool usable_ = true;          ///< /tmp is, or can be made so
  std::vector<std::string> notices_;
};

}  // namespace sortie::harness
