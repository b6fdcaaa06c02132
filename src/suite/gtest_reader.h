#pragma once

#include <string>
#include <vector>

#include "suite/framework.h"
#include "suite/tally.h"
#include "suite/text.h"

namespace sortie::suite {

/// Follows GoogleTest's lines as they are printed (`[ RUN      ]`, `[       OK ]` …), even behind unfinished test
/// output, and believes the result file where it is there. An end is taken only for the test that runs; one that
/// the output forged is put right by the next line, by the result file or by its absence.
class GtestReader final : public ResultReader {
 public:
  explicit GtestReader(const std::vector<TestCase>& tests) : tally_(tests) {}
  std::vector<Progress> feed(std::string_view bytes) override;
  std::vector<Progress> finish(ExitStatus status, std::string_view result_file) override;

 private:
  enum class Phase : std::uint8_t { environment, suite_setup, in_test, after_test };

  void read_line(const LineSplitter::Line& line);
  bool read_start(const LineSplitter::Line& line);
  bool read_end(const LineSplitter::Line& line);
  bool read_divider(std::string_view line);
  void capture(std::string_view line);
  void end_current(Outcome outcome, std::chrono::milliseconds duration, std::size_t offset);
  /// Failures outside of tests: of SetUpTestSuite, TearDownTestSuite, the environments.
  void settle_failure_outside();
  void end_from_file(ExitStatus status, std::string_view result_file);
  void settle_without_file(ExitStatus status);
  void fail_all_for_environment();

  Tally tally_;
  LineSplitter lines_;
  Phase phase_ = Phase::environment;
  std::string current_;  ///< the test that runs, or the last one that ran
  bool capturing_ = false;
  std::string captured_;             ///< failure texts since the last boundary
  std::string environment_failure_;  ///< what a global environment's SetUp failed with
  std::string suite_failure_;        ///< what SetUpTestSuite of the present suite failed with
  bool suite_failure_blamed_ = false;
};

}  // namespace sortie::suite
