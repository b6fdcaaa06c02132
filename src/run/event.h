#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "suite/protocol.h"

/// What happens in a run, as values in the order it happened. Reporters see nothing else, so that a run can be recorded
/// and shown again from its events.
namespace sortie::run {

using suite::Outcome;
using Microseconds = std::chrono::microseconds;

/// `suite::test`, the name that the user sees and filters by.
struct TestId {
  std::string suite;
  std::string test;
  [[nodiscard]] std::string text() const { return suite + "::" + test; }
  friend auto operator<=>(const TestId&, const TestId&) = default;
};

/// A step before the tests: packaging, deploying, listing.
struct StepFinished {
  std::string step;  ///< Stack, Package, Deploy, List
  std::string text;
  Microseconds duration{0};
};

/// Something the user should know; the run goes on.
struct Notice {
  std::string text;
};

struct RunStarted {
  std::size_t tests = 0;
  std::size_t workers = 0;
  SystemTime at{};
};

struct TestStarted {
  TestId id;
  int attempt = 1;
  std::string worker;
};

/// A piece of a running test's output. `id.test` is empty for what the suite prints outside of its tests.
struct TestOutput {
  TestId id;
  int attempt = 1;
  bool to_stderr = false;
  std::string bytes;
};

/// How one attempt ended. Exactly one attempt of each test is `final`; its outcome is the test's.
struct TestFinished {
  TestId id;
  /// No test of the list but a failure that is charged to none of them (suite::TestEnded::unlisted): one more result of
  /// the run, once for each suite and name.
  bool unlisted = false;
  int attempt = 1;
  bool final = true;
  Outcome outcome = Outcome::passed;
  bool flaky = false;  ///< passed after an attempt that did not
  Microseconds duration{0};
  std::string message;
  std::string file;
  int line = 0;
  int leaked_processes = 0;
  std::string output;  ///< what the attempt printed, at most k_output_kept bytes: the first and the last of it
  std::uint64_t output_bytes = 0;  ///< all that it printed
  std::string worker;
};

/// How much of one attempt's output is kept in memory for reports: the first and the last half of this.
inline constexpr std::size_t k_output_kept = 1024 * 1024;

/// One invocation of the function is over.
struct InvocationFinished {
  std::string request_id;
  std::string worker;
  std::string status;  ///< succeeded, function error, timed out, crashed, out of memory, throttled, network
  Microseconds duration{0};
  std::chrono::milliseconds billed{0};
  int memory_size_mb = 0;
  int max_memory_used_mb = 0;
  bool log_complete = false;  ///< its REPORT line was seen, and all of its log before that
};

struct Counts {
  std::size_t passed = 0, failed = 0, skipped = 0, crashed = 0, timed_out = 0, out_of_memory = 0, lost = 0, flaky = 0;
  std::size_t not_run = 0;  ///< the run was interrupted before
  [[nodiscard]] std::size_t total() const {
    return passed + failed + skipped + crashed + timed_out + out_of_memory + lost + not_run;
  }
  [[nodiscard]] std::size_t unsuccessful() const { return failed + crashed + timed_out + out_of_memory; }
};

struct RunFinished {
  Counts counts;
  Microseconds duration{0};
  std::size_t invocations = 0;
  double gb_seconds = 0;
  double dollars = 0;  ///< what the run costs on AWS without the free tier
  bool interrupted = false;
  int exit_status = 0;
};

using Event = std::variant<StepFinished, Notice, RunStarted, TestStarted, TestOutput, TestFinished, InvocationFinished,
                           RunFinished>;

/// Consumes events in order, on the io_context thread.
class Reporter {
 public:
  virtual ~Reporter() = default;
  virtual void on(const Event& event) = 0;
  /// No further event comes: the report is finished. Gives the first failure to write it, if any: a report that could
  /// not be written must not look like one that was.
  [[nodiscard]] virtual Result<void> close() { return {}; }
};

/// Hands each event to every reporter.
class Reporters final : public Reporter {
 public:
  /// Not owned.
  void add(Reporter& reporter) { reporters_.push_back(&reporter); }
  void add(std::unique_ptr<Reporter> reporter) {
    add(*reporter);
    owned_.push_back(std::move(reporter));
  }
  void on(const Event& event) override {
    for (Reporter* reporter : reporters_) reporter->on(event);
  }
  /// Closes every reporter, also after one has failed. The first failure.
  [[nodiscard]] Result<void> close() override {
    Result<void> first;
    for (Reporter* reporter : reporters_) {
      if (auto closed = reporter->close(); !closed && first) first = std::move(closed);
    }
    return first;
  }

 private:
  std::vector<Reporter*> reporters_;
  std::vector<std::unique_ptr<Reporter>> owned_;
};

}  // namespace sortie::run
