#include "suite/ginkgo_listing.h"

#include <algorithm>
#include <set>

#include "suite/ginkgo_lines.h"
#include "suite/text.h"

namespace sortie::suite {
namespace {

constexpr std::string_view k_suite = "Running Suite: ";
constexpr std::string_view k_pending = "P [PENDING]";
constexpr std::string_view k_pass = "•";

bool is_place(std::string_view line) {
  const auto place = ginkgo_place(line);
  return place && place->file.ends_with(".go");
}

/// `Will run 9 of 10 specs`.
struct Counted {
  std::size_t to_run = 0;
  std::size_t total = 0;
};
std::optional<Counted> parse_counted(std::string_view line) {
  constexpr std::string_view k_begin = "Will run ", k_of = " of ", k_end = " specs";
  const std::size_t of = line.find(k_of);
  if (!line.starts_with(k_begin) || !line.ends_with(k_end) || of == std::string_view::npos) return std::nullopt;
  const auto to_run = parse_number(line.substr(k_begin.size(), of - k_begin.size()));
  const std::size_t from = of + k_of.size();
  const auto total = parse_number(line.substr(from, line.size() - k_end.size() - from));
  if (!to_run || !total) return std::nullopt;
  return Counted{static_cast<std::size_t>(*to_run), static_cast<std::size_t>(*total)};
}

/// Reads the specs out of what is printed between the count of specs and the summary.
class DryRun {
 public:
  explicit DryRun(GinkgoReport& report) : report_(report) {}

  void line(std::string_view text) {
    const bool row = text.ends_with(k_ginkgo_row);
    if (row) end_pending();
    if (row || in_measurement_) {
      in_measurement_ = in_measurement_ && !row;
      lines_.clear();
    } else if (text == k_pending) {
      pending_ = true;
      lines_.clear();
    } else if (!pending_ && text.starts_with(k_pass)) {
      end_spec();
      in_measurement_ = text.starts_with("• [");
      count_left_out(text.substr(k_pass.size()));
    } else if (!pending_ && text.find_first_not_of("SP") == std::string_view::npos) {
      count_left_out(text);
    } else {
      lines_.emplace_back(text);
    }
  }
  void end() { end_pending(); }
  [[nodiscard]] std::size_t left_out() const { return left_out_; }
  [[nodiscard]] std::size_t run() const { return run_; }

 private:
  void count_left_out(std::string_view marks) {
    if (marks.find_first_not_of("SP") == std::string_view::npos) left_out_ += marks.size();
  }

  void end_pending() {
    if (std::exchange(pending_, false)) add(true);
  }

  void end_spec() {
    if (lines_.empty()) return;
    add(false);
    ++run_;
  }

  /// The texts, and the place of the spec itself, which is the last.
  void add(bool pending) {
    GinkgoSpec spec{.outcome = pending ? Outcome::skipped : Outcome::passed, .pending = pending};
    std::string text;
    for (const std::string& line : std::exchange(lines_, {})) {
      if (is_place(line)) {
        const auto place = ginkgo_place(line);
        std::tie(spec.file, spec.line) = std::tie(place->file, place->line);
      } else {
        text += line + " ";
      }
    }
    spec.text = single_spaced(text);
    report_.specs.push_back(std::move(spec));
  }

  GinkgoReport& report_;
  std::vector<std::string> lines_;
  bool pending_ = false;
  bool in_measurement_ = false;
  std::size_t left_out_ = 0;
  std::size_t run_ = 0;
};

/// `Running Suite: ` and what is under it, until the line of `=` that underlines it.
std::size_t read_description(const std::vector<std::string_view>& lines, std::size_t at, std::string& description) {
  description = lines[at].substr(k_suite.size());
  while (++at < lines.size() && (lines[at].empty() || lines[at].find_first_not_of('=') != std::string_view::npos)) {
    description += "\n" + std::string(lines[at]);
  }
  return at;
}

}  // namespace

GinkgoFunctions ginkgo_functions(const std::vector<std::string>& tests, std::string_view verbose_output) {
  constexpr std::string_view k_run = "=== RUN   ";
  std::string running;
  std::set<std::string> run_specs;
  GinkgoFunctions functions;
  for (const std::string_view line : split_lines(verbose_output)) {
    if (line.starts_with(k_run)) running = line.substr(k_run.size());
    if (line.find(k_suite) == std::string_view::npos || std::ranges::find(tests, running) == tests.end()) continue;
    if (functions.runs_specs.empty()) functions.runs_specs = running;
    run_specs.insert(running);
  }
  if (functions.runs_specs.empty() && tests.size() == 1) functions.runs_specs = tests[0];
  if (functions.runs_specs.empty()) return functions;
  for (const std::string& test : tests) {
    if (test != functions.runs_specs && !run_specs.contains(test)) functions.plain.push_back(test);
  }
  return functions;
}

Result<GinkgoReport> read_ginkgo_dry_run(std::string_view output) {
  const std::vector<std::string_view> lines = split_lines(output);
  GinkgoReport report;
  std::optional<Counted> counted;
  DryRun specs(report);
  bool ended = false;
  for (std::size_t at = 0; at < lines.size() && !ended; ++at) {
    if (!counted && lines[at].starts_with(k_suite)) {
      at = read_description(lines, at, report.description);
    } else if (!counted) {
      counted = parse_counted(lines[at]);
    } else if (lines[at].starts_with("Ran ") && lines[at].find(" Specs in ") != std::string_view::npos) {
      ended = true;
    } else {
      specs.line(lines[at]);
    }
  }
  specs.end();
  if (!counted || !ended) return fail(ErrorKind::protocol, "the dry run did not print its specs to the end");
  report.total = counted->total;
  const bool complete = specs.run() == counted->to_run && report.specs.size() + specs.left_out() == counted->total;
  if (complete) return report;
  return fail(ErrorKind::protocol, "the suite counts " + std::to_string(counted->total) +
                                       " specs, and its dry run prints " +
                                       std::to_string(report.specs.size() + specs.left_out()));
}

}  // namespace sortie::suite
