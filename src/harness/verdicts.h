#pragma once

#include <set>
#include <string>
#include <vector>

#include "harness/process.h"
#include "suite/protocol.h"

namespace sortie::harness {

/// Sends one TestEnded for each test that ends. The last one is held back until the next test starts or its process
/// has ended: what comes after a test may show that it did not end well.
class Verdicts {
 public:
  explicit Verdicts(Outlets& outlets) : outlets_(outlets) {}

  /// The log's length at the time of each call is where the test's output begins and ends.
  void start(const std::string& test);
  /// Holds the end, or replaces the one held for the same test. Ends of tests already sent are ignored.
  void end(suite::TestEnded ended);
  /// The end that may still be changed; nullptr when there is none.
  suite::TestEnded* held() { return held_ ? &*held_ : nullptr; }
  void release();

  [[nodiscard]] bool has(const std::string& test) const { return ended_.contains(test); }
  [[nodiscard]] std::size_t count() const { return ended_.size(); }
  /// `test` has ended so, for all that is known now.
  [[nodiscard]] bool is_bad(const std::string& test) const {
    return bad_.contains(test) || (held_ && held_->test == test && is_bad(held_->outcome));
  }
  /// A test has ended that neither passed nor was skipped.
  [[nodiscard]] bool any_bad() const { return any_bad_ || (held_ && is_bad(held_->outcome)); }
  [[nodiscard]] static bool is_bad(suite::Outcome outcome) {
    return outcome != suite::Outcome::passed && outcome != suite::Outcome::skipped;
  }

 private:
  Outlets& outlets_;
  std::set<std::string> started_;
  std::set<std::string> ended_;  ///< the held one too
  std::set<std::string> bad_;    ///< but for the held one
  std::optional<suite::TestEnded> held_;
  bool any_bad_ = false;
};

}  // namespace sortie::harness
