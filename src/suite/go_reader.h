#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "suite/framework.h"
#include "suite/namesakes.h"
#include "suite/tally.h"
#include "suite/text.h"

namespace sortie::suite {

/// Stands before each line that the testing package prints under `-test.v=test2json` (Go 1.20).
inline constexpr char k_go_mark = '\x16';

/// Follows the lines of `-test.v`, even behind unfinished test output. Subtests belong to their top-level test, whose
/// message tells of them; tests that run at the same time are told apart by Go's PAUSE, CONT and NAME lines. A start
/// beside a test that runs and is not paused is no start: Go runs tests one after the other until they pause. From the
/// first marked line on what is not marked is a test's output, whatever it looks like.
///
/// The result file is -test.testlogfile's; the reader asks no more than whether it was written.
class GoReader final : public ResultReader {
 public:
  explicit GoReader(const std::vector<TestCase>& tests) : tally_(tests), namesakes_(tests) {}
  std::vector<Progress> feed(std::string_view bytes) override;
  std::vector<Progress> finish(ExitStatus status, std::string_view result_file) override;

 private:
  struct Log {
    std::string text;
    std::string file;
    int line = 0;
  };

  void read_line(const LineSplitter::Line& line);
  /// Where the last `mark` is that counts; npos when there is none.
  [[nodiscard]] std::size_t find_mark(std::string_view text, std::string_view mark);
  [[nodiscard]] bool any_runs() const;
  /// The selected test that a name on a line is about, `TestA` or `TestA/sub`; empty when there is none.
  [[nodiscard]] std::string test_of(std::string_view name) const;
  bool read_run(const LineSplitter::Line& line, std::string_view name);
  bool read_switch(const LineSplitter::Line& line);
  bool read_end(const LineSplitter::Line& line);
  void read_subtest_end(std::string_view line);
  void read_log(std::string_view line);
  /// What is printed behind a failed test's end: an example's `got` and `want`, the log of versions before 1.14.
  void read_trailer(std::string_view line);
  void read_trailer();
  void end_test(const std::string& test, Outcome outcome, std::chrono::microseconds duration, std::size_t offset);
  /// A process that ended in a panic while no test ran.
  void attribute_panic(ExitStatus status);
  /// A process that ended well before the testing package said that all tests had run.
  void conclude_early_end(ExitStatus status);

  Tally tally_;
  Namesakes namesakes_;
  LineSplitter lines_;
  std::set<std::string> paused_;
  std::string context_;  ///< the test or subtest that speaks
  std::map<std::string, Log> logs_;
  std::string failed_last_;  ///< the failed test whose trailer may come
  std::string trailer_;
  bool marked_ = false;
  bool over_ = false;  ///< all tests have run: `PASS` or `FAIL` was seen since the last start
};

}  // namespace sortie::suite
