#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "run/capture.h"
#include "run/event.h"

namespace sortie::run {

/// The book of a run: which test is where, and how it ended. It guarantees that every test that was added ends in
/// exactly one outcome, whatever workers do: report twice, report strangers, vanish. Pure bookkeeping; it emits
/// TestStarted, TestOutput, TestFinished and Notice to the reporter. io_context thread only.
class Ledger {
 public:
  struct Options {
    int retries = 0;         ///< further attempts of a test that did not pass
    bool fail_fast = false;  ///< nothing new is started once a test's final outcome is unsuccessful
  };
  /// Times a test may come back unreported, without any progress, before it is `lost`.
  static constexpr int k_max_returns = 2;
  static constexpr std::size_t k_max_batch = 5000;
  /// With fail-fast: a worker does not hear of another's failure before its batch ends.
  static constexpr std::size_t k_max_batch_fail_fast = 16;

  Ledger(Reporter& reporter, Options options);

  /// A test to run. Disabled ones are finished as skipped when the run starts.
  void add(std::size_t suite, std::string suite_name, suite::TestCase test);
  [[nodiscard]] std::size_t tests() const { return records_.size(); }
  /// Finishes the disabled tests.
  void begin();

  /// The tests of one invocation, all of one suite and one attempt number. Indices are the ledger's.
  struct Batch {
    std::size_t suite = 0;
    int attempt = 1;
    std::vector<std::size_t> tests;
  };
  /// The next batch for one of `workers` workers; empty when nothing waits just now. Batches get smaller towards the
  /// end, so that workers finish together; a test that came back unreported goes alone.
  std::optional<Batch> take(std::size_t workers);
  /// True when every test has its outcome or the run was stopped and nothing is at a worker.
  [[nodiscard]] bool finished() const { return open_ == 0; }

  [[nodiscard]] const TestId& id(std::size_t test) const { return records_[test].id; }
  [[nodiscard]] const suite::TestCase& test_case(std::size_t test) const { return records_[test].test; }

  void start(std::size_t test, const std::string& worker);
  void output(std::size_t test, bool to_stderr, std::string_view bytes);
  /// The attempt ended. Ignored (false) when the test is not at a worker: only the first word counts.
  bool end(std::size_t test, const suite::TestEnded& ended, const std::string& worker);
  /// A failure that is charged to no test of `suite`: one more result of the run, never retried. The first of each name
  /// counts; further ones, of other processes that ended likewise, are the same result.
  void end_unlisted(const std::string& suite, const suite::TestEnded& ended, const std::string& worker);
  /// The worker did not get to it: it waits again, and nothing is held against it.
  void put_back(std::size_t test);
  /// The worker had it and said nothing about it. It waits again, alone; too often: it is `lost`, with `why`.
  void unreported(std::size_t test, const std::string& why);
  /// Ends the test as lost at once: it could not be run.
  void lose(std::size_t test, const std::string& why);
  /// Takes every waiting test off: the run is interrupted, or could not go on. They count as not run.
  void stop();

  [[nodiscard]] const Counts& counts() const { return counts_; }

 private:
  enum class Place : std::uint8_t { waiting, at_worker, done };
  struct Record {
    TestId id;
    std::size_t suite = 0;
    suite::TestCase test;
    Place place = Place::waiting;
    bool alone = false;
    int attempt = 1;
    int returns = 0;
    std::unique_ptr<Capture> captured;
  };

  void finish(std::size_t test, const suite::TestEnded& ended, const std::string& worker);
  void count(const TestFinished& finished);
  void fail_fast();
  void skip_after_failure(std::size_t test);

  Reporter& reporter_;
  Options options_;
  std::vector<Record> records_;
  std::deque<std::size_t> waiting_;
  std::size_t open_ = 0;  ///< not done
  bool stopped_ = false;
  bool failing_fast_ = false;
  Counts counts_;
  std::set<TestId> unlisted_;
};

}  // namespace sortie::run
