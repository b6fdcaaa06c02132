#include "report/terminal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "report/indented.h"
#include "report/text.h"

namespace sortie::report {
namespace {

constexpr std::size_t k_label_width = 10;
constexpr std::size_t k_slowest = 3;
/// Fewer tests, or faster ones: which was the slowest says nothing.
constexpr std::size_t k_slowest_from_tests = 4;
constexpr run::Microseconds k_slowest_from{100'000};
/// The right column, where step times stand.
constexpr std::size_t k_right = 85;
constexpr std::size_t k_loose_output_kept = 64 * 1024;
constexpr std::size_t k_spooled_from = 64 * 1024;

constexpr std::string_view k_green = "32";
constexpr std::string_view k_red = "31";
constexpr std::string_view k_yellow = "33";
constexpr std::string_view k_bold = "1";

std::string_view colour_of(run::Outcome outcome) {
  if (outcome == run::Outcome::passed) return k_green;
  if (outcome == run::Outcome::skipped) return k_yellow;
  return k_red;
}

std::string plural(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string one_line(std::string_view text) {
  std::string line = printable(text, false);
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line;
}

}  // namespace

void TerminalReporter::on(const run::Event& event) {
  std::visit([this](const auto& value) { on_event(value); }, event);
}

std::string TerminalReporter::paint(std::string_view text, std::string_view colour) const {
  if (!options_.colour || colour.empty()) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", colour, text);
}

void TerminalReporter::write(std::string_view text) {
  clear_progress();
  const bool written = std::fwrite(text.data(), 1, text.size(), out_) == text.size();
  if ((std::fflush(out_) != 0 || !written) && error_ == 0) error_ = errno;
}

Result<void> TerminalReporter::close() {
  clear_progress();
  if (error_ == 0 || error_ == EPIPE) return {};
  return fail_errno(error_, "write standard output");
}

void TerminalReporter::line(std::string_view label, std::string_view colour, std::string_view text,
                            std::string_view right) {
  const std::size_t indent = label.size() < k_label_width ? k_label_width - label.size() : 0;
  std::string line = std::string(indent, ' ') + paint(label, colour) + "  " + std::string(text);
  if (!right.empty()) {
    const std::size_t used = k_label_width + 2 + text.size() + right.size();
    line += std::string(used < k_right ? k_right - used : 2, ' ') + std::string(right);
  }
  write(line + "\n");
}

/// Text below a line, indented to where texts begin.
void TerminalReporter::detail(std::string_view text) {
  Indented lines(k_label_width + 2, options_.colour, [this](std::string_view block) { write(block); });
  lines.feed(text);
  lines.finish();
}

void TerminalReporter::detail(const Spool& spool) {
  Indented lines(k_label_width + 2, options_.colour, [this](std::string_view block) { write(block); });
  const auto read = spool.read([&lines](std::string_view piece) { lines.feed(piece); });
  lines.finish();
  if (!read) detail("=> the output is not complete: " + describe(read.error()));
}

void TerminalReporter::on_event(const run::StepFinished& step) {
  line(step.step, k_bold, one_line(step.text),
       fmt::format("{:.2f}s", static_cast<double>(step.duration.count()) / 1e6));
}

void TerminalReporter::on_event(const run::Notice& notice) {
  line("Note", k_yellow, one_line(notice.text));
}

void TerminalReporter::on_event(const run::RunStarted& started) {
  total_ = started.tests;
  started_ = std::chrono::steady_clock::now();
  line("Run", k_bold, plural(started.tests, "test") + ", " + plural(started.workers, "worker"));
}

void TerminalReporter::on_event(const run::TestStarted& started) {
  running_[started.id] = std::chrono::steady_clock::now();
  printed_.erase(started.id);  // of an attempt that a worker took with it
}

void TerminalReporter::on_event(const run::TestOutput& output) {
  const bool loose_one = output.id.test.empty();
  if (options_.show_output == ShowOutput::all) {
    // Empty lines between the tests are not worth a heading.
    const bool blank = output.bytes.find_first_not_of(" \n") == std::string::npos;
    if (loose_one && blank && !loose_printed_.contains(output.id.suite)) return;
    Spool& spool = loose_one ? loose_printed_.try_emplace(output.id.suite, k_spooled_from).first->second
                             : printed_.try_emplace(output.id, k_spooled_from).first->second;
    spool.append(output.bytes);
    return;
  }
  if (!loose_one) return;
  std::string& loose = loose_output_[output.id.suite];
  loose += output.bytes;
  if (loose.size() > 2 * k_loose_output_kept) loose.erase(0, loose.size() - k_loose_output_kept);
}

void TerminalReporter::on_event(const run::TestFinished& finished) {
  running_.erase(finished.id);
  std::string_view word = label(finished.outcome);
  if (finished.flaky) word = "FLAKY";
  if (!finished.final) word = "RETRY";
  const std::string_view colour = finished.flaky || !finished.final ? k_yellow : colour_of(finished.outcome);
  std::string text = fmt::format("[{:>9}] {}", seconds(finished.duration), one_line(finished.id.text()));
  if (finished.attempt > 1 || !finished.final) text += fmt::format(" (attempt {})", finished.attempt);
  line(word, colour, text);
  output(finished);
  if (!finished.final) return;
  if (!finished.unlisted) ++done_;
  if (finished.outcome != run::Outcome::passed && finished.outcome != run::Outcome::skipped) {
    ++unsuccessful_;
    // What a failed test printed is shown with it; only a death may have left its words outside.
    if (finished.outcome != run::Outcome::failed) suite_died_[finished.id.suite] = true;
    not_passed_.push_back({finished.id, finished.outcome, finished.duration});
  }
  const auto place = std::upper_bound(slowest_.begin(), slowest_.end(), finished.duration,
                                      [](run::Microseconds a, const Ended& b) { return a > b.duration; });
  slowest_.insert(place, {finished.id, finished.outcome, finished.duration});
  if (slowest_.size() > k_slowest) slowest_.pop_back();
}

void TerminalReporter::output(const run::TestFinished& finished) {
  const bool good = finished.outcome == run::Outcome::passed || finished.outcome == run::Outcome::skipped;
  if (finished.leaked_processes > 0) {
    detail(fmt::format("left {} {} behind, killed", finished.leaked_processes,
                       finished.leaked_processes == 1 ? "process" : "processes"));
  }
  if (options_.show_output == ShowOutput::none || (good && options_.show_output == ShowOutput::failed)) {
    // Of a skipped test the reason is all there is to say.
    if (finished.outcome != run::Outcome::passed && !finished.message.empty()) detail(finished.message);
    return;
  }
  captured_output(finished);
  // The framework's own failure text is in its output already; only what the output does not say is added.
  const std::string_view message = finished.message;
  const bool said = finished.output.contains(message.substr(0, message.find('\n')));
  if (!message.empty() && !said) detail((good ? "" : "=> ") + finished.message);
}

/// All of it where it was kept.
void TerminalReporter::captured_output(const run::TestFinished& finished) {
  const auto printed = printed_.extract(finished.id);
  if (printed && printed.mapped().size() >= finished.output_bytes) {
    detail(printed.mapped());
    return;
  }
  detail(finished.output);
  if (finished.output_bytes > finished.output.size()) {
    detail(fmt::format("=> {} bytes of output in all; --show-output all shows and --json FILE keeps every byte",
                       finished.output_bytes));
  }
}

void TerminalReporter::on_event(const run::RunFinished& finished) {
  running_.clear();
  summary_recap();
  const run::Counts& counts = finished.counts;
  std::string text =
      fmt::format("{}: {} passed, {} failed", plural(counts.total(), "test"), counts.passed, counts.failed);
  const auto add = [&text](std::size_t count, std::string_view what) {
    if (count > 0) text += fmt::format(", {} {}", count, what);
  };
  add(counts.crashed, "crashed");
  add(counts.timed_out, "timed out");
  add(counts.out_of_memory, "out of memory");
  add(counts.skipped, "skipped");
  add(counts.flaky, "flaky");
  add(counts.not_run, "not run");
  text += fmt::format(", {} lost", counts.lost);
  if (finished.interrupted) text += " (interrupted)";
  line("Summary", finished.exit_status == 0 ? k_green : k_red, text,
       fmt::format("{:.2f}s", static_cast<double>(finished.duration.count()) / 1e6));
  detail(fmt::format("on AWS about ${:.7f} ({:.2f} GB-s, {})", finished.dollars, finished.gb_seconds,
                     plural(finished.invocations, "invocation")));
}

void TerminalReporter::summary_recap() {
  if (options_.show_output != ShowOutput::none) {
    for (const auto& [suite, text] : loose_output_) {
      if (!suite_died_[suite]) continue;
      if (text.find_first_not_of(" \n") == std::string::npos) continue;
      line("Output", k_bold, suite + ", outside of its tests:");
      detail(text);
    }
    for (const auto& [suite, spool] : loose_printed_) {
      line("Output", k_bold, suite + ", outside of its tests:");
      detail(spool);
    }
  }
  if (done_ >= k_slowest_from_tests) {
    for (const Ended& ended : slowest_) {
      if (ended.duration < k_slowest_from) break;
      line("Slow", {}, fmt::format("[{:>9}] {}", seconds(ended.duration), one_line(ended.id.text())));
    }
  }
  // A short run shows its failures on the same screen anyway.
  if (done_ < 20) return;
  for (const Ended& ended : not_passed_) {
    line(label(ended.outcome), k_red, fmt::format("[{:>9}] {}", seconds(ended.duration), one_line(ended.id.text())));
  }
}

void TerminalReporter::clear_progress() {
  if (!progress_shown_) return;
  progress_shown_ = false;
  std::fputs("\r\x1b[K", out_);
}

void TerminalReporter::tick() {
  if (!options_.live || total_ == 0 || done_ >= total_) return;
  clear_progress();
  const auto now = std::chrono::steady_clock::now();
  const double elapsed = std::chrono::duration<double>(now - started_).count();
  std::string text = fmt::format("{:>{}}  {}/{}, {} running, {} failed, {:.1f}s", "...", k_label_width, done_, total_,
                                 running_.size(), unsuccessful_, elapsed);
  const auto longest = std::min_element(running_.begin(), running_.end(),
                                        [](const auto& a, const auto& b) { return a.second < b.second; });
  if (longest != running_.end()) {
    text += fmt::format(": {} ({:.1f}s)", one_line(longest->first.text()),
                        std::chrono::duration<double>(now - longest->second).count());
  }
  if (static_cast<int>(text.size()) >= options_.width) text.resize(std::max(options_.width - 1, 1));
  std::fputs(text.c_str(), out_);
  std::fflush(out_);
  progress_shown_ = true;
}

}  // namespace sortie::report
