#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "suite/framework.h"

namespace sortie::suite {

/// What a reader knows about the tests of one process, and the progress it has to tell. Names that were not selected
/// are ignored: test output may contain anything.
class Tally {
 public:
  explicit Tally(const std::vector<TestCase>& tests);

  [[nodiscard]] bool is_waiting(std::string_view test) const { return state_of(test) == State::waiting; }
  [[nodiscard]] bool is_running(std::string_view test) const { return state_of(test) == State::running; }
  [[nodiscard]] bool has_ended(std::string_view test) const { return state_of(test) == State::ended; }
  [[nodiscard]] Outcome outcome_of(const std::string& test) const { return entries_.at(test).outcome; }
  /// The test whose end may still be amended; empty when there is none.
  [[nodiscard]] const std::string& last_ended() const { return last_ended_; }
  [[nodiscard]] bool any_started() const { return any_started_; }
  /// In the order of the selection.
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }

  void start(std::string_view test, std::size_t offset);
  /// Ends `end.test`, or amends its end.
  void end(Progress end);
  /// Makes the end of the last test a failure, whatever it was, because of what came after it. Keeps what was wrong.
  void blame_last(Outcome outcome, std::string message);
  /// Gives the last test another end; what was wrong with it stays in the message.
  void amend_last(Outcome outcome, std::string_view message);
  /// Tells of a failure that is charged to no test; see Progress::unlisted. Nothing about the tests changes by it.
  void end_unlisted(Progress end);
  /// An exit status that no failed test explains, all tests having ended: an unlisted failure k_process_exit, unless
  /// another unlisted failure explains it. `accepted` is a second status that is fine.
  void explain(ExitStatus status, int accepted = 0);
  void pause(std::string_view test, std::size_t offset) { note(Progress::Kind::paused, test, offset); }
  void resume(std::string_view test, std::size_t offset) { note(Progress::Kind::resumed, test, offset); }

  std::vector<Progress> take() { return std::exchange(progress_, {}); }

 private:
  enum class State : std::uint8_t { unknown, waiting, running, ended };
  struct Entry {
    State state = State::waiting;
    Outcome outcome = Outcome::passed;
  };

  [[nodiscard]] State state_of(std::string_view test) const;
  void note(Progress::Kind kind, std::string_view test, std::size_t offset);

  std::vector<std::string> names_;
  std::map<std::string, Entry, std::less<>> entries_;
  std::string last_ended_;
  Progress last_end_;
  bool any_started_ = false;
  bool any_unlisted_failure_ = false;
  std::vector<Progress> progress_;
};

}  // namespace sortie::suite
