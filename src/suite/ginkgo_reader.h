#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "suite/framework.h"
#include "suite/ginkgo_report.h"
#include "suite/tally.h"
#include "suite/text.h"

namespace sortie::suite {

/// Gives the specs of one suite their names: the text, and ` #2` for the second with the same text. The order is that
/// of the report, which a fixed seed keeps.
class GinkgoNames {
 public:
  std::string next(const std::string& text);

 private:
  std::map<std::string, int> seen_;
};

/// Follows the verbose output of Ginkgo 1 and 2: a header of the spec's texts and its place when it starts, a mark
/// (`•`, `S [SKIPPED]` …) when it ends, and after most marks a block with the texts once more and the failure, until
/// the next row of dashes. Test output may look like any of it: until the next spec's header the last mark counts, and
/// the report file, where there is one, has the last word.
class GinkgoReader final : public ResultReader {
 public:
  /// Without `parse` the suite writes no report (before 1.11).
  GinkgoReader(const std::vector<TestCase>& tests, GinkgoReportParser parse);
  std::vector<Progress> feed(std::string_view bytes) override;
  std::vector<Progress> finish(ExitStatus status, std::string_view result_file) override;

 private:
  /// A spec that may run: a chosen one, or one that runs because those need it.
  struct Spec {
    TestCase test;
    std::string text;
    bool begun = false;
  };
  /// What a mark opened.
  struct Block {
    Outcome outcome = Outcome::failed;
    std::string text;
  };

  void read_line(const LineSplitter::Line& line);
  bool read_header(const LineSplitter::Line& line);
  bool read_mark(const LineSplitter::Line& line);
  Spec* find_next(std::string text, const GinkgoPlace& place);
  void begin(Spec& spec, std::size_t offset);
  void end_running(Progress end);
  void end_block();
  void finish_with(const GinkgoReport& report);
  void finish_spec(const GinkgoReport& report, const GinkgoSpec& spec, const std::string& name);
  std::string why_skipped(const GinkgoReport& report, const GinkgoSpec& spec);
  void finish_without_report(ExitStatus status);
  void end_those_that_need_running(ExitStatus status);
  void fail_unreported(const std::string& setup_failure);

  Tally tally_;
  GinkgoReportParser parse_;
  std::vector<Spec> specs_;                                             ///< in the order in which they run
  std::map<std::string, std::vector<std::size_t>, std::less<>> texts_;  ///< into `specs_`
  LineSplitter lines_;
  std::vector<std::string> header_;  ///< the last lines, in which a header may be
  bool after_row_ = false;           ///< `header_` begins behind a row of dashes
  Spec* running_ = nullptr;          ///< began last; its end may still be amended
  bool ended_ = false;               ///< a mark of it was seen
  std::optional<Block> block_;
  std::string setup_failure_;      ///< as printed
  std::string tear_down_failure_;  ///< as printed
  bool summed_up_ = false;         ///< the line that counts the specs has come
  bool explained_ = false;         ///< specs that nobody chose failed: the exit status may be theirs
  std::string failed_needed_;      ///< in the report: the last failed spec of an Ordered container that was not chosen
  std::string failed_needed_message_;
};

}  // namespace sortie::suite
