#include "suite/ginkgo_reader.h"

#include <algorithm>

#include "suite/ginkgo_lines.h"
#include "suite/ginkgo_selection.h"

namespace sortie::suite {
namespace {

constexpr std::size_t k_header_lines = 12;
constexpr std::size_t k_message_limit = 32 * 1024;
/// "passed, but a focus is programmed in".
constexpr int k_focused_status = 197;

bool is_bad(Outcome outcome) {
  return outcome != Outcome::passed && outcome != Outcome::skipped;
}

std::string joined(const std::vector<std::string>& lines, std::size_t from) {
  std::string text;
  for (std::size_t i = from; i < lines.size(); ++i) text += lines[i] + " ";
  return single_spaced(text);
}

std::vector<TestCase> asked_of(const std::vector<TestCase>& tests) {
  std::vector<TestCase> asked;
  for (const TestCase& test : tests) {
    if (!test.unasked) asked.push_back(test);
  }
  return asked;
}

}  // namespace

std::string GinkgoNames::next(const std::string& text) {
  const int count = ++seen_[text];
  return count == 1 ? text : text + " #" + std::to_string(count);
}

GinkgoReader::GinkgoReader(const std::vector<TestCase>& tests, GinkgoReportParser parse)
    : tally_(asked_of(tests)), parse_(parse) {
  for (const TestCase& test : tests) {
    specs_.push_back({.test = test, .text = single_spaced(decode_handle(test).text)});
    texts_[specs_.back().text].push_back(specs_.size() - 1);
  }
}

std::vector<Progress> GinkgoReader::feed(std::string_view bytes) {
  for (const LineSplitter::Line& line : lines_.feed(bytes)) read_line(line);
  return tally_.take();
}

void GinkgoReader::read_line(const LineSplitter::Line& line) {
  // Inside of a block a longer line that ends like it is the failure's text.
  if (block_ ? line.text == k_ginkgo_row : line.text.ends_with(k_ginkgo_row)) {
    end_block();
    header_.clear();
    after_row_ = true;
    return;
  }
  if (read_mark(line)) return;
  if (block_) {
    if (block_->text.size() < k_message_limit) block_->text += line.text + "\n";
    return;
  }
  if (read_header(line)) return;
  summed_up_ = summed_up_ || (line.text.starts_with("Ran ") && line.text.find(" Specs in ") != std::string::npos);
  header_.push_back(line.text);
  if (header_.size() <= k_header_lines) return;
  header_.erase(header_.begin());
  after_row_ = false;
}

bool GinkgoReader::read_mark(const LineSplitter::Line& line) {
  const auto mark = parse_ == parse_ginkgo_json ? ginkgo_mark_2(line.text) : ginkgo_mark_1(line.text);
  // Inside of a block only a line of its own says that the block was no more than output.
  if (mark && !(block_ && mark->glued)) {
    block_.reset();
    header_.clear();
    if (mark->has_block) block_ = Block{.outcome = mark->outcome};
    // A skipped spec may be one that did not even begin: its block tells.
    if (mark->outcome != Outcome::skipped) {
      end_running({.offset = line.end, .outcome = mark->outcome, .flaky = mark->flaky});
    }
    return true;
  }
  for (const std::string_view set_up : {"Failure [", "Panic [", "Timeout ["}) {
    if (mark || block_ || parse_ != nullptr || !line.text.starts_with(set_up)) continue;
    block_ = Block{};
    return true;
  }
  return false;
}

bool GinkgoReader::read_header(const LineSplitter::Line& line) {
  const auto place = ginkgo_place(line.text);
  if (!place) return false;
  const bool busy = running_ != nullptr && !ended_;
  for (std::size_t from = 0; from < header_.size(); ++from) {
    if (busy && (from > 0 || !after_row_)) break;
    Spec* spec = find_next(joined(header_, from), *place);
    if (spec == nullptr) continue;
    begin(*spec, line.begin);
    return true;
  }
  return false;
}

/// The next spec that has this text, behind which its labels may stand.
GinkgoReader::Spec* GinkgoReader::find_next(std::string text, const GinkgoPlace& place) {
  for (;;) {
    if (const auto found = texts_.find(text); found != texts_.end()) {
      for (const std::size_t index : found->second) {
        Spec& spec = specs_[index];
        const bool here = spec.test.line == 0 || (spec.test.line == place.line && spec.test.file == place.file);
        if (!spec.begun && here) return &spec;
      }
    }
    const std::size_t labels = text.rfind(" [");
    if (!text.ends_with(']') || labels == std::string::npos) return nullptr;
    text.erase(labels);
  }
}

void GinkgoReader::begin(Spec& spec, std::size_t offset) {
  spec.begun = true;
  running_ = &spec;
  ended_ = false;
  header_.clear();
  after_row_ = false;
  if (!spec.test.unasked && !tally_.has_ended(spec.test.name)) tally_.start(spec.test.name, offset);
}

void GinkgoReader::end_running(Progress end) {
  if (running_ == nullptr) return;
  ended_ = true;
  if (running_->test.unasked) {
    explained_ = explained_ || is_bad(end.outcome);
    return;
  }
  end.test = running_->test.name;
  tally_.end(std::move(end));
}

void GinkgoReader::end_block() {
  if (!block_) return;
  const Block block = *std::exchange(block_, std::nullopt);
  const std::string_view names = std::string_view(block.text).substr(0, block.text.find("\n\n"));
  if (parse_ == nullptr && names.find("[BeforeSuite]") != std::string_view::npos) {
    setup_failure_ = ginkgo_block_message(block.text);
  } else if (parse_ == nullptr && names.find("[AfterSuite]") != std::string_view::npos) {
    tear_down_failure_ = ginkgo_block_message(block.text);
  } else if (running_ != nullptr && ginkgo_block_is_of(block.text, running_->text)) {
    Progress end{.outcome = block.outcome};
    if (block.outcome != Outcome::passed) end.message = ginkgo_block_message(block.text);
    if (const auto place = ginkgo_block_place(end.message))
      std::tie(end.file, end.line) = std::tie(place->file, place->line);
    end_running(std::move(end));
  }
}

std::vector<Progress> GinkgoReader::finish(ExitStatus status, std::string_view result_file) {
  const std::string rest = lines_.take_rest();
  if (!rest.empty()) read_line({rest, 0, 0});
  end_block();
  const auto report = parse_ != nullptr ? parse_(result_file) : std::nullopt;
  if (report) {
    finish_with(*report);
  } else {
    finish_without_report(status);
  }
  if (!explained_) tally_.explain(status, k_focused_status);
  return tally_.take();
}

void GinkgoReader::finish_with(const GinkgoReport& report) {
  GinkgoNames names;
  for (const GinkgoSpec& spec : report.specs) {
    const std::string name = names.next(spec.text);
    if (tally_.is_waiting(name) || tally_.is_running(name) || tally_.has_ended(name)) {
      finish_spec(report, spec, name);
    } else if (is_bad(spec.outcome)) {
      explained_ = true;
      if (spec.ordered) std::tie(failed_needed_, failed_needed_message_) = std::tie(name, spec.message);
    }
  }
  if (!report.setup_failure.empty()) fail_unreported(report.setup_failure);
  for (const GinkgoTearDown& failure : report.tear_down) {
    tally_.end_unlisted({.test = failure.node, .outcome = Outcome::failed, .message = failure.message});
  }
}

void GinkgoReader::finish_spec(const GinkgoReport& report, const GinkgoSpec& spec, const std::string& name) {
  if (spec.ordered && is_bad(spec.outcome)) failed_needed_.clear();
  const bool ended = tally_.has_ended(name);
  if (ended && tally_.outcome_of(name) == spec.outcome) return;
  if (ended && name != tally_.last_ended()) {
    // Its end has been told, and cannot be taken back.
    if (!is_bad(spec.outcome) || is_bad(tally_.outcome_of(name))) return;
    tally_.end_unlisted({.test = "[" + name + "]",
                         .outcome = spec.outcome,
                         .message = "the suite's report contradicts its output: " + spec.message,
                         .file = spec.file,
                         .line = spec.line});
    return;
  }
  // Left out without a word although it was chosen: it never ran.
  const bool left_out = spec.outcome == Outcome::skipped && spec.message.empty();
  if (!ended && left_out && !report.setup_failure.empty()) return;
  // A spec that the report says has run did start, whether its header was understood or not.
  if (tally_.is_waiting(name) && spec.outcome != Outcome::skipped) tally_.start(name, 0);
  tally_.end({.test = name,
              .outcome = spec.outcome,
              .flaky = spec.flaky,
              .duration = spec.duration,
              .message = why_skipped(report, spec),
              .file = spec.file,
              .line = spec.line});
}

/// The spec's message; with the spec that nobody chose and whose failure kept it from running, which is a failure of
/// the run.
std::string GinkgoReader::why_skipped(const GinkgoReport& report, const GinkgoSpec& spec) {
  if (spec.outcome != Outcome::skipped) return spec.message;
  if (spec.message.empty() && !report.setup_skip.empty()) return "BeforeSuite: " + report.setup_skip;
  if (!spec.ordered || failed_needed_.empty() || spec.message.empty()) return spec.message;
  tally_.end_unlisted({.test = "[" + failed_needed_ + "]",
                       .outcome = Outcome::failed,
                       .message = "a spec that was not chosen, but that chosen ones need: " + failed_needed_message_});
  return spec.message + ": " + failed_needed_ + ": " + failed_needed_message_;
}

void GinkgoReader::finish_without_report(ExitStatus status) {
  if (!setup_failure_.empty()) fail_unreported(setup_failure_);
  if (!tear_down_failure_.empty()) {
    tally_.end_unlisted({.test = "[AfterSuite]", .outcome = Outcome::failed, .message = tear_down_failure_});
  }
  if (parse_ == nullptr && summed_up_) return;
  if (running_ != nullptr && running_->test.unasked && !ended_) {
    end_those_that_need_running(status);
    return;
  }
  if (status.signal != 0 || tally_.last_ended().empty() || is_bad(tally_.outcome_of(tally_.last_ended()))) return;
  const std::string_view what = parse_ != nullptr ? " without its report" : " before the suite had ended";
  tally_.blame_last(Outcome::crashed, "exited with status " + std::to_string(status.code) + std::string(what));
}

/// The process died in a spec that nobody chose.
void GinkgoReader::end_those_that_need_running(ExitStatus status) {
  explained_ = true;
  const std::string how =
      status.signal != 0 ? describe_signal(status.signal) : "exited with status " + std::to_string(status.code);
  bool first = true;
  for (const Spec& spec : specs_) {
    if (spec.test.unit != running_->test.unit || !tally_.is_waiting(spec.test.name)) continue;
    tally_.end({.test = spec.test.name,
                .outcome = std::exchange(first, false) ? Outcome::crashed : Outcome::skipped,
                .message = how + " in " + running_->test.name + ", which it needs"});
  }
}

void GinkgoReader::fail_unreported(const std::string& setup_failure) {
  for (const std::string& name : tally_.names()) {
    if (tally_.has_ended(name)) continue;
    tally_.end({.test = name, .outcome = Outcome::failed, .message = "BeforeSuite failed: " + setup_failure});
  }
}

}  // namespace sortie::suite
