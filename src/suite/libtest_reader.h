#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "suite/framework.h"
#include "suite/tally.h"

namespace sortie::suite {

/// What a panic says on standard error: `thread 'a::b' panicked at src/x.rs:3:5:` and the lines that follow.
struct Panic {
  std::string message;
  std::string file;
  int line = 0;
};

/// Reads panics from a stream of standard error, one for each thread's name: libtest names a test's thread as the test.
class PanicLog {
 public:
  void feed(std::string_view bytes);
  /// The first panic of that thread, and forgets it.
  std::optional<Panic> take(std::string_view thread);

 private:
  void read_line(std::string_view line);

  std::string partial_;
  std::map<std::string, Panic, std::less<>> panics_;
  Panic* open_ = nullptr;  ///< whose message the next lines are
};

/// Follows libtest's lines with one test at a time and nothing captured: `test NAME ... `, the test's own output,
/// `ok` or `FAILED`. A test's end is the last line before the next one's start, because output may look like an end;
/// the list of failures that libtest prints at its end is believed before any of them. Without that end the process
/// ended in the test that ran.
class LibtestReader final : public ResultReader {
 public:
  explicit LibtestReader(const std::vector<TestCase>& tests);
  std::vector<Progress> feed(std::string_view bytes) override;
  void feed_errors(std::string_view bytes) override { panics_.feed(bytes); }
  std::vector<Progress> finish(ExitStatus status, std::string_view result_file) override;

 private:
  struct End {
    Outcome outcome = Outcome::passed;
    std::chrono::microseconds duration{0};
    std::string reason;  ///< why it was skipped
  };
  /// `text`: what stands behind `test NAME ... `, or a line of its own.
  static std::optional<End> read_end(std::string_view text, bool behind_start);
  /// A start in the line that has not been seen in its earlier part; `begin` is where the line begins in the bytes fed.
  void look_for_start(std::size_t begin);
  void read_line(std::string_view line, std::size_t begin);
  void read_summary(std::string_view line, std::size_t begin);
  /// Whether this is libtest's last line, which counts as many tests as were selected.
  bool read_counts(std::string_view line);
  void end_current(std::size_t offset);
  /// The running test's start comes a second time: the first was printed by the test before, whose end that was not.
  void uncover_forgery();
  void correct_by_failures();

  Tally tally_;
  PanicLog panics_;
  std::string line_;                        ///< the present line, as far as it has come
  std::size_t start_end_ = 0;               ///< where the start that was found in `line_` ends; 0: none
  std::string current_;                     ///< the test that runs
  std::string previous_;                    ///< the test that ran before it
  std::optional<End> last_;                 ///< what the last line says of its end
  std::optional<End> last_before_summary_;  ///< the same for the last line before `failures:`
  bool listing_failures_ = false;
  std::set<std::string, std::less<>> failures_;  ///< the names under the last `failures:`
  bool finished_ = false;                        ///< `test result:` was the last word
};

}  // namespace sortie::suite
