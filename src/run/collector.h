#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "run/ledger.h"
#include "suite/protocol.h"

namespace sortie::run {

/// Why an invocation ended, as Lambda tells it.
/// `silent`: the harness had stopped saying that it is there. `cut`: the connection broke, the function may be well.
enum class InvocationEnd : std::uint8_t { succeeded, function_error, timed_out, crashed, out_of_memory, silent, cut };

/// Follows one invocation of a batch: turns the harness's event lines into entries of the ledger, and at the end
/// settles every test of the batch. The harness runs beside hostile code: what it says is taken only for tests of this
/// batch. io_context thread only.
///
/// When the harness dies, what has ended stays ended. A test that ran then is run again alone before it is blamed; when
/// none is known to have run, the next in order is the suspect: it may have died before its start was told. Alone, it
/// is blamed.
class Collector {
 public:
  /// The longest line: a listing.
  static constexpr std::size_t k_max_line = 64ULL * 1024 * 1024;
  static constexpr std::size_t k_loose_kept = 1024;

  Collector(Ledger& ledger, Reporter& reporter, std::string suite_name, Ledger::Batch batch);

  /// The next piece of the streamed answer.
  void feed(std::string_view bytes);
  /// The log of the invocation, piece by piece from its first output byte: what was not streamed is added to its tests.
  void feed_log(std::string_view bytes);
  /// True when output is known to be in the log alone.
  [[nodiscard]] bool needs_log() const { return !settled_ && (left_out_ > 0 || !complete_ || !held_.empty()); }
  /// Ends the matter: each test of the batch is ended, put back or unreported. `message` says what became of the
  /// function.
  void conclude(InvocationEnd end, const std::string& message);

  /// The harness said that it was done.
  [[nodiscard]] bool complete() const { return complete_; }
  /// A test began or ended.
  [[nodiscard]] bool progressed() const { return progressed_; }
  /// The harness could not start the suite at all.
  [[nodiscard]] const std::optional<suite::HarnessError>& error() const { return error_; }
  /// The last of what was printed outside of all tests, at most k_loose_kept bytes.
  [[nodiscard]] std::string_view loose_output() const;
  /// The worker's log stream; empty until the harness has spoken.
  [[nodiscard]] const std::string& worker() const { return worker_; }

 private:
  struct Known {
    std::size_t test = 0;
    bool running = false;
    bool ended = false;
  };
  /// A test whose end waits for its output from the log.
  struct Held {
    std::size_t test = 0;
    suite::TestEnded ended;
  };

  void line(std::string_view text);
  void on(const suite::Hello& hello);
  void on(const suite::Listed& listed);
  void on(const suite::TestStarted& started);
  void on(const suite::Output& output);
  void on(const suite::TestEnded& ended);
  void on(const suite::BatchEnded& ended);
  void on(const suite::Alive& /*alive*/) {}
  void on(const suite::HarnessError& error);
  Known* find(const std::string& name);
  void complain(const std::string& what);
  void loose(bool to_stderr, const std::string& bytes);
  void attribute(std::string_view bytes);
  /// What was said of the last end, and of unlisted failures, is the last word.
  void commit();
  void release_held();
  [[nodiscard]] std::vector<std::string> running() const;
  [[nodiscard]] bool is_one_unit() const;
  void conclude_running(InvocationEnd end, const std::string& message);
  void attribute_death(InvocationEnd end, const std::string& message);
  void blame(const std::string& name, InvocationEnd end, const std::string& why);
  void put_back_rest();

  Ledger& ledger_;
  Reporter& reporter_;
  std::string suite_;
  std::unordered_map<std::string, Known> tests_;  ///< by name
  std::vector<std::string> order_;                ///< names as in the batch
  int attempt_;
  std::string partial_;
  std::string worker_;
  std::optional<std::size_t> speaking_;  ///< the test that started last and has not ended
  std::optional<Held> last_;             ///< the test that ended last, as far as is known
  std::map<std::string, suite::TestEnded> unlisted_;
  std::vector<Held> held_;
  std::vector<std::string> not_run_;
  std::optional<suite::HarnessError> error_;
  std::uint64_t streamed_ = 0;  ///< log offset up to which output was streamed
  std::uint64_t log_read_ = 0;  ///< log offset up to which the log was read
  std::uint64_t left_out_ = 0;
  std::string loose_;
  bool greeted_ = false;
  bool complete_ = false;
  bool progressed_ = false;
  bool settled_ = false;
  int complaints_ = 0;
};

}  // namespace sortie::run
