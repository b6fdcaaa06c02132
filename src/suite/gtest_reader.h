#pragma once

#include <map>
#include <string>
#include <vector>

#include "suite/framework.h"
#include "suite/gtest_report.h"
#include "suite/namesakes.h"
#include "suite/tally.h"
#include "suite/text.h"

namespace sortie::suite {

/// Follows GoogleTest's lines as they are printed (`[ RUN      ]`, `[       OK ]` …), coloured ones and those behind
/// unfinished test output too, and believes the result file where it is there. An end is taken only for the test that
/// runs; one that the output forged is put right by the next line, by the result file or by its absence.
///
/// What fails outside of tests: a set-up fails the tests that it kept from running; what fails behind a test is told as
/// an unlisted result, and so is a set-up after which the tests ran all the same.
class GtestReader final : public ResultReader {
 public:
  explicit GtestReader(const std::vector<TestCase>& tests);
  std::vector<Progress> feed(std::string_view bytes) override;
  std::vector<Progress> finish(ExitStatus status, std::string_view result_file) override;

 private:
  enum class Phase : std::uint8_t { environment, suite_setup, in_test, after_test, after_suite, environment_teardown };

  void read_line(LineSplitter::Line line);
  bool read_start(const LineSplitter::Line& line);
  bool read_end(const LineSplitter::Line& line);
  bool read_divider(std::string_view line);
  void begin_suite(std::string_view name);
  /// Whether tests of `suite` that were selected have not begun.
  [[nodiscard]] bool any_waits(const std::string& suite) const;
  void capture(std::string_view line);
  void end_current(Outcome outcome, std::chrono::milliseconds duration, std::size_t offset);
  /// Whose failure it is that the present test did not pass: a set-up's or its own.
  void explain_end(Progress& end);
  /// Texts of failures and skips outside of tests.
  void attribute_outside();
  void report_outside(std::string where, const std::string& text);
  /// The process ended in the set-up of a suite: that is the end of its tests.
  void end_suite_for_setup(ExitStatus status);
  void conclude_without_file(ExitStatus status);
  void end_from_report(const GtestReport& report);
  void end_for_environment(const GtestReport* report, ExitStatus status);

  Tally tally_;
  Namesakes namesakes_;
  std::map<std::string, std::size_t> waiting_;  ///< how many tests of each suite have not begun
  LineSplitter lines_;
  Phase phase_ = Phase::environment;
  std::string suite_;                 ///< whose header was seen last
  std::string running_name_;          ///< what GoogleTest calls the test that runs, or the last one that ran
  std::string current_;               ///< the same in the list's name; empty when it was not selected
  std::string* capturing_ = nullptr;  ///< failures_ or skips_: where the next lines belong
  std::string failures_;              ///< failure texts since the last boundary
  std::string skips_;                 ///< reasons for skipping, outside of tests
  std::string environment_failure_;   ///< what a global environment's SetUp failed with
  std::string environment_skip_;      ///< why a global environment's SetUp skipped everything
  std::string suite_failure_;         ///< what SetUpTestSuite of the present suite failed with
  std::string suite_skip_;
  bool environment_failure_told_ = false;
  bool suite_failure_told_ = false;
};

}  // namespace sortie::suite
