#include "suite/ginkgo_reader.h"

#include <algorithm>

namespace sortie::suite {
namespace {

constexpr std::size_t k_header_lines = 12;
constexpr std::size_t k_message_limit = 32 * 1024;
constexpr std::string_view k_row = "------------------------------";
/// "passed, but a focus is programmed in".
constexpr int k_focused_status = 197;

struct EndMark {
  std::string_view mark;  ///< anywhere in the line: test output may be in front of it
  Outcome outcome;
};
/// More special ones first; `•` alone is a success.
constexpr EndMark k_end_marks[] = {
    {"• [FAILED] [", Outcome::failed},      {"• [PANICKED] [", Outcome::failed}, {"• [PANICKED!] [", Outcome::failed},
    {"• [TIMEDOUT] [", Outcome::timed_out}, {"• [ABORTED] [", Outcome::failed},  {"• [INTERRUPTED] [", Outcome::failed},
    {"S [SKIPPED] [", Outcome::skipped},    {"• Failure", Outcome::failed},      {"•! Panic", Outcome::failed},
    {"•... Timeout", Outcome::timed_out},   {"S [SKIPPING]", Outcome::skipped},  {"• [SLOW TEST:", Outcome::passed},
    {"• [MEASUREMENT]", Outcome::passed},   {"[FLAKEY TEST - ", Outcome::passed}};

/// Specs that are left out are marked in the same line, `•SSP`.
std::string_view without_skip_marks(std::string_view line) {
  while (line.ends_with('S') || line.ends_with('P')) line.remove_suffix(1);
  return line;
}

std::string joined(const std::vector<std::string>& lines, std::size_t from) {
  std::string text;
  for (std::size_t i = from; i < lines.size(); ++i) text += lines[i] + " ";
  return single_spaced(text);
}

/// The failure inside a printed block: what follows the texts and places in front of the first blank line.
std::string message_of(std::string_view block) {
  const std::size_t blank = block.find("\n\n");
  return std::string(trim(blank == std::string_view::npos ? block : block.substr(blank)));
}

/// Version 2 says `In [It] at: path:12 @ date`; version 1 ends with the place.
std::optional<GinkgoPlace> place_of_failure(std::string_view message) {
  std::optional<GinkgoPlace> last;
  for (const std::string_view line : split_lines(message)) {
    const std::size_t at = line.find("] at: ");
    const std::size_t date = line.rfind(" @ ");
    if (at != std::string_view::npos && date != std::string_view::npos && date > at) {
      return ginkgo_place(line.substr(at + 6, date - at - 6));
    }
    if (const auto place = ginkgo_place(line)) last = place;
  }
  return last;
}

}  // namespace

std::string GinkgoNames::next(const std::string& text) {
  const int count = ++seen_[text];
  return count == 1 ? text : text + " #" + std::to_string(count);
}

std::vector<TestCase> ginkgo_tests(const GinkgoReport& report) {
  GinkgoNames names;
  std::vector<TestCase> tests;
  for (const GinkgoSpec& spec : report.specs) {
    tests.push_back({.name = names.next(spec.text), .file = spec.file, .line = spec.line, .disabled = spec.pending});
  }
  return tests;
}

std::string ginkgo_focus(const std::vector<TestCase>& tests) {
  std::string pattern;
  for (const TestCase& test : tests) {
    std::string quoted;
    for (const char c : quote_for_go(test.name)) quoted += c == ' ' ? std::string("\\s+") : std::string(1, c);
    // ` #2` is not in the text of a twin; both are matched then, and the other one's result is not read.
    const std::size_t number = test.name.rfind(" #");
    if (number != std::string::npos && parse_number(std::string_view(test.name).substr(number + 2))) {
      quoted.insert(quoted.rfind("\\s+#"), "(?:");
      quoted += ")?";
    }
    pattern += (pattern.empty() ? "" : "|") + quoted;
  }
  return "(?:^|\\s)(?:" + pattern + ")\\s*$";
}

std::string single_spaced(std::string_view text) {
  std::string result;
  for (const char c : trim(text)) {
    const bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (!blank) {
      result += c;
    } else if (!result.ends_with(' ')) {
      result += ' ';
    }
  }
  return result;
}

std::optional<GinkgoPlace> ginkgo_place(std::string_view line) {
  line = trim(line);
  const std::size_t colon = line.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  const auto number = parse_number(line.substr(colon + 1));
  if (!number || *number > 100'000'000) return std::nullopt;
  return GinkgoPlace{std::string(line.substr(0, colon)), static_cast<int>(*number)};
}

std::vector<Progress> GinkgoReader::feed(std::string_view bytes) {
  for (const LineSplitter::Line& line : lines_.feed(bytes)) read_line(line);
  return tally_.take();
}

void GinkgoReader::read_line(const LineSplitter::Line& line) {
  if (line.text.ends_with(k_row)) {
    settle_block();
    header_.clear();
    return;
  }
  if (!failed_.empty()) {
    if (block_.size() < k_message_limit) block_ += line.text + "\n";
    return;
  }
  if (!current_.empty() && read_end(line)) return;
  if (read_header(line)) return;
  header_.push_back(line.text);
  if (header_.size() > k_header_lines) header_.erase(header_.begin());
}

bool GinkgoReader::read_header(const LineSplitter::Line& line) {
  if (!ginkgo_place(line.text)) return false;
  for (std::size_t from = 0; from < header_.size(); ++from) {
    std::string text = joined(header_, from);
    std::string name = take_name(text);
    const std::size_t labels = text.rfind(" [");
    if (name.empty() && text.ends_with(']') && labels != std::string::npos) name = take_name(text.substr(0, labels));
    if (name.empty()) continue;
    current_ = name;
    header_.clear();
    tally_.start(name, line.begin);
    return true;
  }
  return false;
}

/// The name of the selected spec that has this text and has not started yet; empty when there is none.
std::string GinkgoReader::take_name(const std::string& text) {
  if (text.empty()) return {};
  GinkgoNames ahead = names_;
  const std::string name = ahead.next(text);
  const bool twin_selected = tally_.is_waiting(name);
  if (twin_selected || tally_.is_waiting(text + " #2") || tally_.has_ended(text)) names_ = ahead;
  return twin_selected ? name : std::string();
}

bool GinkgoReader::read_end(const LineSplitter::Line& line) {
  for (const EndMark& candidate : k_end_marks) {
    if (line.text.rfind(candidate.mark) == std::string::npos) continue;
    end_current(candidate.outcome, line.end);
    return true;
  }
  const bool timed = line.text.ends_with(" seconds]") && line.text.rfind("• [") != std::string::npos;
  if (!timed && !without_skip_marks(line.text).ends_with("•")) return false;
  end_current(Outcome::passed, line.end);
  return true;
}

void GinkgoReader::end_current(Outcome outcome, std::size_t offset) {
  tally_.end({.test = current_, .offset = offset, .outcome = outcome});
  if (outcome != Outcome::passed) {
    failed_ = current_;
    block_.clear();
  }
  current_.clear();
}

void GinkgoReader::settle_block() {
  const std::string test = std::exchange(failed_, {});
  if (test.empty() || tally_.last_ended() != test) return;
  Progress end{.test = test, .outcome = tally_.outcome_of(test), .message = message_of(block_)};
  if (const auto place = place_of_failure(end.message)) {
    end.file = place->file;
    end.line = place->line;
  }
  tally_.end(std::move(end));
}

std::vector<Progress> GinkgoReader::finish(ExitStatus status, std::string_view result_file) {
  const std::string rest = lines_.take_rest();
  if (!rest.empty()) read_line({rest, 0, 0});
  settle_block();
  if (const auto report = parse_(result_file)) {
    end_from_report(*report);
  } else if (status.signal == 0 && !tally_.last_ended().empty() &&
             tally_.outcome_of(tally_.last_ended()) != Outcome::failed) {
    tally_.blame_last(Outcome::crashed, "exited with status " + std::to_string(status.code) + " without its report");
  }
  tally_.explain(status, k_focused_status);
  return tally_.take();
}

void GinkgoReader::end_from_report(const GinkgoReport& report) {
  GinkgoNames names;
  std::string contradicted;
  for (const GinkgoSpec& spec : report.specs) {
    const std::string name = names.next(spec.text);
    const bool ended = tally_.has_ended(name);
    if (!ended && !tally_.is_waiting(name) && !tally_.is_running(name)) continue;
    if (ended && tally_.outcome_of(name) == spec.outcome) continue;
    if (ended && name != tally_.last_ended()) {
      if (spec.outcome != Outcome::passed) contradicted += "\n" + name + ": " + spec.message;
      continue;
    }
    // Left out without a word although it was selected: it never ran.
    if (!ended && spec.outcome == Outcome::skipped && spec.message.empty() && !report.setup_failure.empty()) continue;
    // A spec that the report says has run did start, whether its header was understood or not.
    if (tally_.is_waiting(name) && spec.outcome != Outcome::skipped) tally_.start(name, 0);
    tally_.end({.test = name,
                .outcome = spec.outcome,
                .duration = spec.duration,
                .message = spec.message,
                .file = spec.file,
                .line = spec.line});
  }
  if (!contradicted.empty() && !tally_.last_ended().empty()) {
    tally_.blame_last(Outcome::failed, "the report contradicts the output:" + contradicted);
  }
  if (!report.setup_failure.empty()) fail_unreported(report.setup_failure);
  if (!report.teardown_failure.empty() && !tally_.last_ended().empty()) {
    tally_.blame_last(Outcome::failed, "failed after the specs: " + report.teardown_failure);
  }
}

void GinkgoReader::fail_unreported(const std::string& setup_failure) {
  for (const std::string& name : tally_.names()) {
    if (tally_.has_ended(name)) continue;
    tally_.end({.test = name, .outcome = Outcome::failed, .message = "BeforeSuite failed: " + setup_failure});
  }
}

}  // namespace sortie::suite
