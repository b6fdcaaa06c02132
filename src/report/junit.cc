#include "report/junit.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <pugixml.hpp>
#include <sstream>

#include "report/text.h"

namespace sortie::report {
namespace {

using run::Outcome;
using run::TestFinished;

constexpr unsigned k_case_depth = 2;
constexpr const char* k_indent = "  ";

std::string in_seconds(run::Microseconds duration) {
  return fmt::format("{:.3f}", static_cast<double>(duration.count()) / 1e6);
}

bool is_success(const TestFinished& attempt) {
  return attempt.outcome == Outcome::passed || attempt.outcome == Outcome::skipped;
}

/// `failure` or `error`, with a prefix for attempts before the last (the Surefire names).
std::string element_of(const TestFinished& attempt, bool eventually_passed) {
  const bool failure = attempt.outcome == Outcome::failed;
  if (attempt.final) return failure ? "failure" : "error";
  if (eventually_passed) return failure ? "flakyFailure" : "flakyError";
  return failure ? "rerunFailure" : "rerunError";
}

/// `a.cc:19: ` in front of the message, unless the message says so itself.
std::string placed_message(const TestFinished& attempt) {
  if (attempt.file.empty()) return attempt.message;
  const std::string place = attempt.line > 0 ? fmt::format("{}:{}", attempt.file, attempt.line) : attempt.file;
  const std::string first_line = attempt.message.substr(0, attempt.message.find('\n'));
  if (first_line.contains(place.substr(place.rfind('/') + 1))) return attempt.message;
  return place + ": " + attempt.message;
}

/// What is kept of the output, and where the rest of it is.
std::string kept_output(const TestFinished& attempt) {
  std::string text = attempt.output;
  const bool cut = is_success(attempt) && text.size() > JunitReporter::k_passed_output_kept;
  if (cut) text.resize(JunitReporter::k_passed_output_kept);
  if (!cut && attempt.output_bytes <= attempt.output.size()) return text;
  if (!text.ends_with('\n')) text += '\n';
  return text + fmt::format(
                    "... not all of {} bytes of output: --json FILE keeps every byte, --show-output all shows "
                    "them ...\n",
                    std::max<std::uint64_t>(attempt.output_bytes, attempt.output.size()));
}

void add_problem(pugi::xml_node node, const TestFinished& attempt, bool eventually_passed) {
  pugi::xml_node problem = node.append_child(element_of(attempt, eventually_passed).c_str());
  const std::string message = xml_text(attempt.message);
  problem.append_attribute("message") = message.substr(0, message.find('\n')).c_str();
  problem.append_attribute("type") = std::string(suite::to_string(attempt.outcome)).c_str();
  const std::string text = xml_text(placed_message(attempt));
  if (!attempt.final) {
    problem.append_child("stackTrace").text() = text.c_str();
    problem.append_child("system-out").text() = xml_text(kept_output(attempt)).c_str();
  } else {
    problem.text() = text.c_str();
  }
}

/// One `testcase` element as text.
std::string test_case(const TestFinished& last, const std::vector<TestFinished>& earlier) {
  pugi::xml_document document;
  pugi::xml_node test = document.append_child("testcase");
  test.append_attribute("name") = xml_text(last.id.test).c_str();
  test.append_attribute("classname") = xml_text(last.id.suite).c_str();
  test.append_attribute("time") = in_seconds(last.duration).c_str();
  if (!last.file.empty()) test.append_attribute("file") = xml_text(last.file).c_str();
  if (last.line > 0) test.append_attribute("line") = last.line;
  if (last.outcome == Outcome::skipped)
    test.append_child("skipped").append_attribute("message") = xml_text(last.message).c_str();
  if (!is_success(last)) add_problem(test, last, false);
  for (const TestFinished& attempt : earlier) add_problem(test, attempt, last.outcome == Outcome::passed);
  if (!last.output.empty()) test.append_child("system-out").text() = xml_text(kept_output(last)).c_str();
  std::ostringstream text;
  test.print(text, k_indent, pugi::format_default, pugi::encoding_utf8, k_case_depth);
  return text.str();
}

}  // namespace

Result<std::unique_ptr<run::Reporter>> JunitReporter::open(const std::string& path) {
  ASSIGN_OR_RETURN(OutputFile file, OutputFile::open(path, OutputFile::Writing::at_once));
  return std::make_unique<JunitReporter>(std::move(file));
}

void JunitReporter::on(const run::Event& event) {
  if (const auto* started = std::get_if<run::RunStarted>(&event)) started_ = started->at;
  const auto* finished = std::get_if<TestFinished>(&event);
  if (finished == nullptr) return;
  Suite& suite = suites_[finished->id.suite];
  if (finished->final) {
    finish(suite, *finished);
  } else {
    suite.earlier[finished->id.test].push_back(*finished);
  }
}

void JunitReporter::finish(Suite& suite, const TestFinished& last) {
  ++suite.tests;
  suite.failures += last.outcome == Outcome::failed ? 1 : 0;
  suite.skipped += last.outcome == Outcome::skipped ? 1 : 0;
  suite.errors += !is_success(last) && last.outcome != Outcome::failed ? 1 : 0;
  suite.time += last.duration;
  const auto earlier = suite.earlier.extract(last.id.test);
  suite.cases.append(test_case(last, earlier ? earlier.mapped() : std::vector<TestFinished>{}));
}

/// `<testsuite ...>`
std::string JunitReporter::opening(const std::string& name, const Suite& suite) const {
  pugi::xml_document document;
  pugi::xml_node node = document.append_child("testsuite");
  node.append_attribute("name") = xml_text(name).c_str();
  node.append_attribute("tests") = suite.tests;
  node.append_attribute("failures") = suite.failures;
  node.append_attribute("errors") = suite.errors;
  node.append_attribute("skipped") = suite.skipped;
  node.append_attribute("time") = in_seconds(suite.time).c_str();
  const auto started = std::chrono::system_clock::time_point(started_.time_since_epoch());
  node.append_attribute("timestamp") =
      fmt::format("{:%Y-%m-%dT%H:%M:%S}", std::chrono::time_point_cast<std::chrono::seconds>(started)).c_str();
  std::ostringstream text;
  node.print(text, k_indent, pugi::format_raw);
  std::string tag = text.str();
  tag.resize(tag.rfind('/'));  // what the element has in it is elsewhere
  while (tag.ends_with(' ')) tag.pop_back();
  return tag + ">";
}

Result<void> JunitReporter::close() {
  file_.write("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"sortie\">\n");
  Result<void> read;
  for (const auto& [name, suite] : suites_) {
    if (!read || suite.tests == 0) continue;
    file_.write(k_indent + opening(name, suite) + "\n");
    read = suite.cases.read([this](std::string_view cases) { file_.write(cases); });
    file_.write(fmt::format("{}</testsuite>\n", k_indent));
  }
  if (!read) return read;  // and the file stays as it was
  file_.write("</testsuites>\n");
  return file_.close();
}

}  // namespace sortie::report
