#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"

/// What the runner and the harness say to each other: the payload of one invocation (a JSON object) and the
/// answer, a stream of events, one JSON object a line. Pure values, no I/O.
namespace sortie::suite {

/// The end of a test. `lost` is the runner's word alone: no harness reports it.
enum class Outcome : std::uint8_t { passed, failed, skipped, crashed, timed_out, out_of_memory, lost };
std::string_view to_string(Outcome outcome);
std::optional<Outcome> outcome_from(std::string_view text);

/// One test as listed.
struct TestCase {
  std::string name;       ///< in the framework's own notation, unique in its suite
  std::string file;       ///< empty when the framework does not say
  int line = 0;           ///< 0 when the framework does not say
  bool disabled = false;  ///< the framework will not run it (`DISABLED_`, pending); reported as skipped
  /// Tests of one suite with the same name here belong together (an Ordered container): they are dealt, retried and
  /// filtered as one, in the order of the list. Empty: a unit of its own.
  std::string unit;
  bool serial = false;  ///< may not run beside any other test of the run
  /// How its framework finds it again, in the framework's own words; opaque to everyone else.
  std::string handle;
  /// Was not chosen: it runs because a chosen test of its unit comes after it. Nothing of it is reported.
  bool unasked = false;
  friend bool operator==(const TestCase&, const TestCase&) = default;
};

enum class Isolation : std::uint8_t { batch, process };  ///< one process for many tests, or one each
enum class WorkingFolder : std::uint8_t { task, tmp };   ///< /var/task, read-only, or a writable copy under /tmp

/// The suite as the harness starts it.
struct SuiteSpec {
  std::string name;        ///< the suite's name in test ids
  std::string executable;  ///< path in the package, relative to /var/task
  std::string framework;   ///< the name of a Framework: gtest, go, ginkgo1, ginkgo1-early, ginkgo2, libtest, plain
  std::vector<std::string> args;           ///< given by the user, after the framework's own
  std::map<std::string, std::string> env;  ///< on top of the function's environment
  WorkingFolder cwd = WorkingFolder::task;
  /// The packaged loader with its library folder (relative to /var/task) when the suite needs a newer glibc than the
  /// image's; empty otherwise. The manifest's facts, see package/manifest.h.
  std::string loader;
};

/// Payload: list the suite's tests.
struct ListRequest {
  SuiteSpec suite;
  std::chrono::milliseconds timeout{60000};
};

/// Payload: run a batch.
struct BatchRequest {
  SuiteSpec suite;
  std::vector<TestCase> tests;
  Isolation isolation = Isolation::batch;
  std::chrono::milliseconds test_timeout{60000};
  int attempt = 1;         ///< counted from 1 by the runner
  bool fail_fast = false;  ///< stop after the first test that is not passed or skipped
};

using HarnessRequest = std::variant<ListRequest, BatchRequest>;

/// First line of every answer.
struct Hello {
  std::string worker;  ///< names the execution environment (its log stream)
  bool cold = false;   ///< the environment's first invocation
  int protocol = 1;
};
struct Listed {
  std::vector<TestCase> tests;
  /// What the user should know of how the list came about, one sentence each (an exit status other than 0).
  std::vector<std::string> notices;
};
/// A test begins.
///
/// Everything the suite prints goes to the harness's standard output too, and so to the function's log: both streams in
/// one order, invalid UTF-8 replaced by U+FFFD. `log_offset` counts those bytes since the invocation's start, so that
/// the runner finds a test's output in the log when it was not (all) streamed.
struct TestStarted {
  std::string test;
  std::uint64_t log_offset = 0;  ///< where this test's output begins in the log
};
/// A piece of what the suite printed, at most 32 KiB. `test` is empty outside of a test.
struct Output {
  std::string test;
  bool to_stderr = false;
  std::string bytes;             ///< any bytes; on the wire base64 when they are not valid UTF-8
  std::uint64_t log_offset = 0;  ///< where this piece ends in the log
};
/// The end of a test of the batch that was given a chance to run. It may come again for the same test as long as no
/// other test has started or ended: the last word counts. It is said at once all the same, so that it is safe whatever
/// the next test does to the harness.
struct TestEnded {
  std::string test;
  /// Not a test of the list but a failure that is charged to none of them, because those it could be charged to had
  /// ended: a tear-down, the process's own exit status. `test` then names it in words that no framework uses for a
  /// test; it has no TestStarted.
  bool unlisted = false;
  Outcome outcome = Outcome::passed;
  bool flaky = false;  ///< passed after the framework itself had repeated it
  std::chrono::microseconds duration{0};
  std::string message;  ///< why, in words: `signal 11 (Segmentation fault)`, or the framework's failure text
  std::string file;     ///< where the failure is, when the framework says
  int line = 0;
  int leaked_processes = 0;      ///< processes the test left behind, killed by the harness
  std::uint64_t log_offset = 0;  ///< where this test's output ends in the log
};
/// Last line of every answer. An answer without it was cut.
struct BatchEnded {
  /// No time was left before the function's deadline, or fail-fast. A test that the deadline cut short is here too,
  /// after its TestStarted, unless it had the whole batch's time to itself: then it has timed out.
  std::vector<std::string> not_run;
  std::uint64_t output_left_out = 0;  ///< bytes of Output not streamed past the streaming limit; the log has them
  /// What the user should know, one sentence each: what tests did to the environment.
  std::vector<std::string> notices;
};
/// Said when there was nothing else to say for k_alive_interval: a harness that says nothing at all has been stopped.
struct Alive {};
inline constexpr std::chrono::seconds k_alive_interval{3};
/// The harness could not do what was asked: no such file, exec failed, listing failed. Followed by BatchEnded.
struct HarnessError {
  std::string kind;     ///< listing_failed, listing_timed_out, cannot_start, bad_request
  std::string message;  ///< with what the suite printed, as far as it explains
};

using HarnessEvent = std::variant<Hello, Listed, TestStarted, Output, TestEnded, BatchEnded, Alive, HarnessError>;

/// One line without its newline. Never fails: what is not UTF-8 is base64.
std::string encode(const HarnessEvent& event);
/// Limits: 1 MiB a line (BatchEnded: 16 MiB, Listed: 64 MiB), nesting 16. ErrorKind::protocol otherwise.
Result<HarnessEvent> decode_event(std::string_view line);

std::string encode(const HarnessRequest& request);
/// Limit: 6 MB. ErrorKind::protocol for anything that is not a request.
Result<HarnessRequest> decode_request(std::string_view payload);

}  // namespace sortie::suite
