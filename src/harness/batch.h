#pragma once

#include <deque>
#include <string>
#include <vector>

#include "harness/requests.h"
#include "harness/session.h"
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
  /// Makes /tmp usable again when a test has spoilt it.
  void check_environment(const std::string& who);

  void settle(const Session& session, bool alone);
  void settle_ended(const Session& session, bool alone);
  void settle_running(const Session& session);
  void settle_behind_the_last(const Session& session, bool alone);
  void settle_between(const Session& session, bool alone);
  void settle_barren(const Session& session, bool alone);
  void add_last_words(const Session& session);
  void settle_hung(const Session& session, bool alone);
  void settle_deadline(const Session& session);
  void settle_leaks(const Session& session);
  void settle_deaths();

  /// Ends `test`, which the process's end took along.
  void end_with(const Session& session, const std::string& test, std::string message);
  [[nodiscard]] std::string before_start(const Session& session) const;
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
