#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "run/capture.h"
#include "run/event.h"

namespace sortie::run {

/// The book of a run: which test is where, and how it ended. It guarantees that every test that was added ends in
/// exactly one outcome, whatever workers do: report twice, report strangers, vanish. Tests of one unit
/// (suite::TestCase::unit) go to one worker together and are retried together, so that with retries their ends are told
/// when the last of them is known. Serial ones run when no worker has anything else, behind all others. Pure
/// bookkeeping; it emits TestStarted, TestOutput, TestFinished and Notice to the reporter. io_context thread only.
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
  /// Tests that take less than this together, or less than twice what an invocation takes beside its tests, are not
  /// worth two invocations, as far as that leaves no worker idle.
  static constexpr Microseconds k_worthwhile{500'000};

  Ledger(Reporter& reporter, Options options);

  /// A test to run; or, when it is `unasked`, one that runs along with those of its unit behind it. Tests of one suite
  /// are added in the order of its list. Disabled ones are finished as skipped when the run starts.
  void add(std::size_t suite, std::string suite_name, suite::TestCase test);
  /// Without the unasked ones.
  [[nodiscard]] std::size_t tests() const { return asked_; }
  /// Finishes the disabled tests.
  void begin();

  /// The tests of one invocation, all of one suite and one attempt number. Indices are the ledger's.
  struct Batch {
    std::size_t suite = 0;
    int attempt = 1;
    std::vector<std::size_t> tests;
    std::vector<suite::TestCase> cases;  ///< what the worker is told to run: `tests` and, unasked, what those need
  };
  /// The next batch for one of `workers` workers; empty when nothing may be given out just now. Batches get smaller
  /// towards the end, so that workers finish together; a unit of which something came back unreported goes alone.
  /// Each batch is followed by one `invocation_over`.
  std::optional<Batch> take(std::size_t workers);
  /// A worker that had a batch for so long is free again.
  void invocation_over(Microseconds took);
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
  /// `ended`: in this attempt of its unit.
  enum class Place : std::uint8_t { waiting, at_worker, ended, done };
  struct Record {
    TestId id;
    suite::TestCase test;
    std::size_t unit = 0;
    Place place = Place::waiting;
    Outcome outcome = Outcome::passed;  ///< of the attempt that ended last
    bool failed_before = false;         ///< an attempt did not succeed
    int returns = 0;
    std::unique_ptr<Capture> captured;
  };
  struct Unit {
    std::size_t suite = 0;
    std::vector<std::size_t> tests;  ///< in order, the unasked ones too
    int attempt = 1;
    bool serial = false;
    bool alone = false;
    bool queued = false;
    std::size_t waiting = 0;
    std::size_t unsettled = 0;                               ///< waiting or at a worker
    bool bad = false;                                        ///< something is worth another attempt
    std::vector<std::pair<std::size_t, TestFinished>> held;  ///< ends of this attempt that are not told yet
  };

  Unit& unit_of(std::size_t test) { return units_[records_[test].unit]; }
  std::size_t unit_for(std::size_t suite, const suite::TestCase& test);
  void wait(std::size_t test, bool first);
  void enqueue(std::size_t unit, bool first);
  [[nodiscard]] std::size_t batch_size(const Unit& first, std::size_t workers) const;
  [[nodiscard]] std::size_t worthwhile() const;
  void deal(Unit& unit, Batch& batch);
  [[nodiscard]] std::vector<std::size_t> take_waiting();
  [[nodiscard]] TestFinished describe(std::size_t test, const suite::TestEnded& ended, const std::string& worker);
  void finish(std::size_t test, const suite::TestEnded& ended, const std::string& worker);
  void report(Unit& unit);
  void conclude(std::size_t test, TestFinished finished);
  void drop(std::size_t test);
  void not_run(std::size_t test);
  void count(const TestFinished& finished);
  [[nodiscard]] const Record* broken_before(std::size_t test);
  void fail_fast();
  void skip_after_failure(std::size_t test);

  Reporter& reporter_;
  Options options_;
  std::vector<Record> records_;
  std::vector<Unit> units_;
  std::map<std::pair<std::size_t, std::string>, std::size_t> unit_names_;  ///< by suite and TestCase::unit
  std::deque<std::size_t> waiting_;                                        ///< units
  std::deque<std::size_t> serial_;                                         ///< units that wait for the others
  std::size_t waiting_tests_ = 0;
  std::size_t batches_out_ = 0;
  bool serial_out_ = false;
  std::size_t asked_ = 0;
  std::size_t open_ = 0;  ///< not done
  std::size_t ended_ = 0;
  Microseconds spent_{0};  ///< by those that ended
  std::size_t invocations_ = 0;
  Microseconds invoked_{0};  ///< for how long, all of them together
  bool stopped_ = false;
  bool failing_fast_ = false;
  Counts counts_;
  std::set<TestId> unlisted_;
};

}  // namespace sortie::run
