#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/process.h"
#include "suite/protocol.h"

namespace sortie::harness {

/// Tells the runner of each test that ends. The end is said at once, so that it is safe whatever happens next. Until
/// another test starts or the process has ended it may still be changed, because what comes after a test may show that
/// it did not end well: then it is said again.
class Verdicts {
 public:
  explicit Verdicts(OutputStreams& outputs) : outputs_(outputs) {}

  /// The log's length at the time of each call is where the test's output begins and ends.
  void start(const std::string& test);
  /// Says the end, or another end for the test that ended last. Ends of tests before that one are ignored.
  void end(suite::TestEnded ended);
  /// A failure that is no test's; a second one of the same name takes the first one's place.
  void end_unlisted(suite::TestEnded ended);
  /// The end that may still be changed; nullptr when there is none.
  suite::TestEnded* held() { return held_ ? &held_->now : nullptr; }
  /// The unlisted failure of this name that may still be changed; nullptr when there is none.
  suite::TestEnded* unlisted(std::string_view name);
  /// Says again what was changed through `held` and `unlisted`; from here on it stays as it is.
  void release();

  [[nodiscard]] bool has(const std::string& test) const { return ended_.contains(test); }
  [[nodiscard]] std::size_t count() const { return ended_.size(); }
  /// `test` has ended so, for all that is known now.
  [[nodiscard]] bool is_bad(const std::string& test) const {
    return bad_.contains(test) || (held_ && held_->now.test == test && is_bad(held_->now.outcome));
  }
  /// Something has ended that neither passed nor was skipped.
  [[nodiscard]] bool any_bad() const;
  [[nodiscard]] static bool is_bad(suite::Outcome outcome) {
    return outcome != suite::Outcome::passed && outcome != suite::Outcome::skipped;
  }

 private:
  /// An end as it is now, and as it was said last.
  struct Held {
    suite::TestEnded now;
    std::string said;
  };

  void say(Held& held);

  OutputStreams& outputs_;
  std::set<std::string> started_;
  std::set<std::string> ended_;  ///< the held one too
  std::set<std::string> bad_;    ///< but for the held one
  std::optional<Held> held_;
  std::vector<Held> unlisted_;
  bool any_bad_ = false;
};

}  // namespace sortie::harness
