#include "suite/gtest_reader.h"

#include <algorithm>
#include <map>
#include <pugixml.hpp>

namespace sortie::suite {
namespace {

constexpr std::string_view k_run = "[ RUN      ] ";
constexpr std::string_view k_divider = "[----------] ";
constexpr std::size_t k_message_limit = 32 * 1024;

struct EndMark {
  std::string_view text;
  Outcome outcome;
};
constexpr EndMark k_end_marks[] = {
    {"[       OK ] ", Outcome::passed}, {"[  FAILED  ] ", Outcome::failed}, {"[  SKIPPED ] ", Outcome::skipped}};

/// `x.cc:12: Failure`, `x.cc(12): error: …` (with Visual Studio's notation switched on), `unknown file: Failure`,
/// `x.cc:12: Skipped`: the place, or nothing when the line is none of them.
struct Place {
  std::string file;
  int line = 0;
  bool skipped = false;
};

std::optional<Place> place_of(std::string_view line) {
  Place place;
  if (line.ends_with(": Skipped")) {
    place.skipped = true;
    line.remove_suffix(9);
  } else if (line.ends_with(": Failure")) {
    line.remove_suffix(9);
  } else {
    return std::nullopt;
  }
  if (line.ends_with("unknown file")) return place;
  const std::size_t colon = line.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto number = parse_number(line.substr(colon + 1));
  if (!number || *number > 100'000'000) return std::nullopt;
  place.file = line.substr(0, colon);
  place.line = static_cast<int>(*number);
  return place;
}

/// The milliseconds of `… (12 ms)` at the end of a line; what is before it is left in `line`.
std::optional<std::chrono::milliseconds> take_duration(std::string_view& line) {
  if (!line.ends_with(" ms)")) return std::nullopt;
  const std::size_t open = line.rfind(" (");
  if (open == std::string_view::npos) return std::nullopt;
  const auto count = parse_number(line.substr(open + 2, line.size() - open - 6));
  if (!count) return std::nullopt;
  line = line.substr(0, open);
  return std::chrono::milliseconds(*count);
}

struct FileResult {
  Outcome outcome = Outcome::passed;
  std::chrono::microseconds duration{0};
  std::string message;
  std::string file;
  int line = 0;
};

FileResult result_from(const pugi::xml_node& test) {
  FileResult result;
  const double seconds = test.attribute("time").as_double();
  if (seconds > 0 && seconds < 1e6) result.duration = std::chrono::microseconds(static_cast<long>(seconds * 1e6));
  const std::string_view word = test.attribute("result").as_string();
  if (word == "skipped" || word == "suppressed" || test.child("skipped")) result.outcome = Outcome::skipped;
  for (const pugi::xml_node& failure : test.children("failure")) {
    result.outcome = Outcome::failed;
    const std::string_view text = failure.attribute("message").as_string();
    if (result.message.empty()) {
      if (const auto place = place_of(std::string(text.substr(0, text.find('\n'))) + ": Failure")) {
        result.file = place->file;
        result.line = place->line;
      }
    } else {
      result.message += '\n';
    }
    result.message += text;
  }
  result.message = abridge(result.message, k_message_limit);
  return result;
}

/// By name. Nothing when the file is missing, cut or not GoogleTest's. (Not the JSON form: 1.12 writes it wrong when
/// something outside of the tests has failed.)
std::optional<std::map<std::string, FileResult>> read_result_file(std::string_view text) {
  pugi::xml_document document;
  if (!document.load_buffer(text.data(), text.size())) return std::nullopt;
  const pugi::xml_node suites = document.child("testsuites");
  if (!suites) return std::nullopt;
  std::map<std::string, FileResult> results;
  for (const pugi::xml_node& suite : suites.children("testsuite")) {
    for (const pugi::xml_node& test : suite.children("testcase")) {
      if (std::string_view(test.attribute("status").as_string()) == "notrun") continue;
      const std::string suite_name = suite.attribute("name").as_string();
      results[suite_name + "." + test.attribute("name").as_string()] = result_from(test);
    }
  }
  return results;
}

std::string_view suite_of(std::string_view test) {
  return test.substr(0, test.find('.'));
}

}  // namespace

std::vector<Progress> GtestReader::feed(std::string_view bytes) {
  for (const LineSplitter::Line& line : lines_.feed(bytes)) read_line(line);
  return tally_.take();
}

void GtestReader::read_line(const LineSplitter::Line& line) {
  if (read_end(line) || read_start(line)) return;
  if (phase_ != Phase::in_test && read_divider(line.text)) return;
  capture(line.text);
}

bool GtestReader::read_start(const LineSplitter::Line& line) {
  const std::size_t mark = line.text.rfind(k_run);
  if (mark == std::string::npos || phase_ == Phase::in_test) return false;
  const std::string_view name = std::string_view(line.text).substr(mark + k_run.size());
  const bool again = tally_.has_ended(name);  // --gtest_repeat
  if (!again && !tally_.is_waiting(name)) return false;
  settle_failure_outside();
  if (!suite_failure_.empty() && suite_of(name) != suite_of(current_) && phase_ == Phase::after_test) {
    suite_failure_.clear();
  }
  if (!again) tally_.start(name, line.begin);
  current_ = name;
  phase_ = Phase::in_test;
  return true;
}

bool GtestReader::read_end(const LineSplitter::Line& line) {
  if (phase_ != Phase::in_test && phase_ != Phase::after_test) return false;
  std::string_view rest = line.text;
  const auto duration = take_duration(rest);
  if (!duration) return false;
  for (const EndMark& mark : k_end_marks) {
    const std::size_t at = rest.rfind(mark.text);
    if (at == std::string_view::npos) continue;
    std::string_view name = rest.substr(at + mark.text.size());
    name = name.substr(0, name.find(", where "));  // `A/0.B, where TypeParam = int`
    if (name != current_) continue;
    end_current(mark.outcome, *duration, line.end);
    return true;
  }
  return false;
}

void GtestReader::end_current(Outcome outcome, std::chrono::milliseconds duration, std::size_t offset) {
  if (tally_.has_ended(current_) && tally_.last_ended() != current_) {  // a repetition: only a failure is news
    if (outcome == Outcome::failed && !tally_.last_ended().empty()) {
      tally_.blame_last(Outcome::failed, current_ + " failed when it was repeated");
    }
    phase_ = Phase::after_test;
    return;
  }
  Progress end{.test = current_, .offset = offset, .outcome = outcome, .duration = duration};
  end.message = trim(captured_);
  if (outcome == Outcome::skipped && !environment_failure_.empty()) {
    end.outcome = Outcome::failed;
    end.message = "a test environment failed:\n" + environment_failure_;
  } else if (outcome == Outcome::skipped && !suite_failure_.empty()) {
    end.outcome = Outcome::failed;
    end.message = "SetUpTestSuite failed:\n" + suite_failure_;
  } else if (outcome == Outcome::passed && !suite_failure_.empty() && !suite_failure_blamed_) {
    end.outcome = Outcome::failed;  // older versions run the tests all the same
    end.message = "SetUpTestSuite failed:\n" + suite_failure_;
    suite_failure_blamed_ = true;
  } else if (outcome == Outcome::passed) {
    end.message.clear();
  }
  if (end.outcome != Outcome::passed) {
    std::string_view text = trim(captured_);
    if (!suite_failure_.empty()) text = suite_failure_;
    if (!environment_failure_.empty()) text = environment_failure_;
    if (const auto place = place_of(text.substr(0, text.find('\n')))) {
      end.file = place->file;
      end.line = place->line;
    }
  }
  tally_.end(std::move(end));
  captured_.clear();
  capturing_ = false;
  phase_ = Phase::after_test;
}

bool GtestReader::read_divider(std::string_view line) {
  const std::size_t mark = line.rfind(k_divider);
  const bool summary = line.starts_with("[==========] ");
  if (mark == std::string_view::npos && !summary) return false;
  settle_failure_outside();
  const bool begins_suite = mark != std::string_view::npos && line.find(" from ", mark) != std::string_view::npos &&
                            !line.ends_with(" ms total)");
  if (begins_suite) {
    suite_failure_.clear();
    suite_failure_blamed_ = false;
    phase_ = Phase::suite_setup;
  }
  return true;
}

void GtestReader::capture(std::string_view line) {
  const auto place = place_of(line);
  // What a skipped set-up says is no failure; a test's own reason for skipping is kept.
  if (place && (!place->skipped || phase_ == Phase::in_test)) {
    capturing_ = true;
    if (!captured_.empty()) captured_ += '\n';
  } else if (place) {
    capturing_ = false;
  }
  if (!capturing_ || captured_.size() + line.size() > k_message_limit) return;
  captured_ += line;
  captured_ += '\n';
}

void GtestReader::settle_failure_outside() {
  const std::string text(trim(captured_));
  captured_.clear();
  capturing_ = false;
  if (text.empty()) return;
  if (phase_ == Phase::after_test && !tally_.last_ended().empty()) {
    tally_.blame_last(Outcome::failed, "failed after the test, in TearDownTestSuite or an environment:\n" + text);
  } else if (phase_ == Phase::environment) {
    environment_failure_ = text;
  } else {
    suite_failure_ = text;
  }
}

std::vector<Progress> GtestReader::finish(ExitStatus status, std::string_view result_file) {
  const std::string rest = lines_.take_rest();
  if (!rest.empty()) read_line({rest, 0, 0});
  if (phase_ != Phase::in_test) settle_failure_outside();
  end_from_file(status, result_file);
  if (!tally_.any_started() && status.signal == 0 && status.code != 0 && !environment_failure_.empty()) {
    fail_all_for_environment();
  }
  tally_.explain(status);
  return tally_.take();
}

void GtestReader::end_from_file(ExitStatus status, std::string_view result_file) {
  const auto results = read_result_file(result_file);
  if (!results) {
    settle_without_file(status);
    return;
  }
  std::string contradicted;
  for (const std::string& name : tally_.names()) {
    const auto found = results->find(name);
    if (found == results->end()) continue;
    const FileResult& result = found->second;
    const bool worse =
        tally_.has_ended(name) && tally_.outcome_of(name) != Outcome::failed && result.outcome == Outcome::failed;
    if (worse && name != tally_.last_ended()) contradicted += "\n" + name + ": " + result.message;
    if ((tally_.has_ended(name) && !worse) || (worse && name != tally_.last_ended())) continue;
    tally_.end({.test = name,
                .outcome = result.outcome,
                .duration = result.duration,
                .message = result.message,
                .file = result.file,
                .line = result.line});
  }
  if (!contradicted.empty() && !tally_.last_ended().empty()) {
    tally_.blame_last(Outcome::failed, "the result file says failed where the output said passed:" + contradicted);
  }
}

/// GoogleTest writes the file before RUN_ALL_TESTS returns: this process ended before that. In the last test, whatever
/// its output says, when something of GoogleTest's would have followed: nothing of the suite's runs between two tests
/// of one test suite. Behind a test suite its tear-down does, or the set-up of the next one: no test's end then.
void GtestReader::settle_without_file(ExitStatus status) {
  const std::string last = tally_.last_ended();
  if (phase_ != Phase::after_test || last.empty()) return;
  const auto& names = tally_.names();
  const bool inside_suite = std::ranges::any_of(
      names, [&](const std::string& name) { return tally_.is_waiting(name) && suite_of(name) == suite_of(last); });
  const std::string words =
      status.signal != 0 ? describe_signal(status.signal) : "exited with status " + std::to_string(status.code);
  if (inside_suite || names.size() == 1) {
    tally_.blame_last(Outcome::crashed, words + " after its end was printed, without writing its result file");
  } else if (std::ranges::all_of(names, [&](const std::string& name) { return tally_.has_ended(name); })) {
    tally_.end_unlisted({.test = std::string(k_process_exit),
                         .outcome = status.signal != 0 ? Outcome::crashed : Outcome::failed,
                         .message = words + " after the last test, without writing its result file"});
  }
}

void GtestReader::fail_all_for_environment() {
  for (const std::string& name : tally_.names()) {
    if (tally_.has_ended(name)) continue;
    tally_.end({.test = name, .outcome = Outcome::failed, .message = "a test environment failed:\n" + suite_failure_});
  }
}

}  // namespace sortie::suite
