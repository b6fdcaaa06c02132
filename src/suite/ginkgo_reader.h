#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "suite/framework.h"
#include "suite/tally.h"
#include "suite/text.h"

namespace sortie::suite {

/// One spec of a report file.
struct GinkgoSpec {
  std::string text;  ///< the hierarchy's texts joined, blanks made single
  Outcome outcome = Outcome::passed;
  bool pending = false;  ///< or left out by a focus in the source
  std::chrono::microseconds duration{0};
  std::string message;
  std::string file;  ///< of the spec when listing, of the failure when it failed
  int line = 0;
};

/// A report file: all specs in the order in which they run, skipped ones too.
struct GinkgoReport {
  std::vector<GinkgoSpec> specs;
  std::string setup_failure;     ///< BeforeSuite's
  std::string teardown_failure;  ///< AfterSuite's and other nodes' behind the specs
};

/// Nothing when the file is missing, cut or no report.
using GinkgoReportParser = std::optional<GinkgoReport> (*)(std::string_view file);

/// Gives the specs of one suite their names: the text, and ` #2` for the second with the same text. The order is that
/// of the report, which a fixed seed keeps.
class GinkgoNames {
 public:
  std::string next(const std::string& text);

 private:
  std::map<std::string, int> seen_;
};

/// The names that a list or a report gives to its specs, as test cases.
std::vector<TestCase> ginkgo_tests(const GinkgoReport& report);
/// A regular expression that matches the specs of `tests` whatever the suite's description in front of them is.
std::string ginkgo_focus(const std::vector<TestCase>& tests);
/// Blanks of any kind and number become one space; none at the ends.
std::string single_spaced(std::string_view text);
/// `path:12` at the end of a line.
struct GinkgoPlace {
  std::string file;
  int line = 0;
};
std::optional<GinkgoPlace> ginkgo_place(std::string_view line);

/// Follows the verbose output of Ginkgo 1 and 2: a header of the spec's texts and its place when it starts, a mark
/// (`•`, `S [SKIPPED]` …) when it ends, and the failure until the next row of dashes. The report file has the last
/// word.
class GinkgoReader final : public ResultReader {
 public:
  GinkgoReader(const std::vector<TestCase>& tests, GinkgoReportParser parse) : tally_(tests), parse_(parse) {}
  std::vector<Progress> feed(std::string_view bytes) override;
  std::vector<Progress> finish(ExitStatus status, std::string_view result_file) override;

 private:
  void read_line(const LineSplitter::Line& line);
  bool read_header(const LineSplitter::Line& line);
  bool read_end(const LineSplitter::Line& line);
  void end_current(Outcome outcome, std::size_t offset);
  void settle_block();
  void end_from_report(const GinkgoReport& report);
  void fail_unreported(const std::string& setup_failure);
  [[nodiscard]] std::string take_name(const std::string& text);

  Tally tally_;
  GinkgoReportParser parse_;
  LineSplitter lines_;
  GinkgoNames names_;
  std::vector<std::string> header_;  ///< the last lines, in which a header may be
  std::string current_;              ///< the spec that runs; empty outside
  std::string failed_;               ///< the spec whose failure is being printed
  std::string block_;                ///< its text
};

}  // namespace sortie::suite
