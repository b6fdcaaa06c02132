#include "report/junit.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <map>
#include <pugixml.hpp>
#include <sstream>

#include "report/text.h"

namespace sortie::report {
namespace {

using run::Outcome;
using run::TestFinished;

constexpr std::size_t k_passed_output_kept = 64 * 1024;

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

void add_problem(pugi::xml_node node, const TestFinished& attempt, bool eventually_passed) {
  pugi::xml_node problem = node.append_child(element_of(attempt, eventually_passed).c_str());
  const std::string message = xml_text(attempt.message);
  problem.append_attribute("message") = message.substr(0, message.find('\n')).c_str();
  problem.append_attribute("type") = std::string(suite::to_string(attempt.outcome)).c_str();
  std::string text = message;
  if (!attempt.file.empty()) text = xml_text(fmt::format("{}:{}: ", attempt.file, attempt.line)) + text;
  if (!attempt.final) {
    problem.append_child("stackTrace").text() = text.c_str();
    problem.append_child("system-out").text() = xml_text(attempt.output).c_str();
  } else {
    problem.text() = text.c_str();
  }
}

struct Suite {
  std::vector<const TestFinished*> finals;
  std::map<std::string, std::vector<const TestFinished*>> earlier;
};

void add_case(pugi::xml_node node, const TestFinished& last, const std::vector<const TestFinished*>& earlier) {
  pugi::xml_node test = node.append_child("testcase");
  test.append_attribute("name") = xml_text(last.id.test).c_str();
  test.append_attribute("classname") = xml_text(last.id.suite).c_str();
  test.append_attribute("time") = in_seconds(last.duration).c_str();
  if (!last.file.empty()) test.append_attribute("file") = xml_text(last.file).c_str();
  if (last.line > 0) test.append_attribute("line") = last.line;
  if (last.outcome == Outcome::skipped)
    test.append_child("skipped").append_attribute("message") = xml_text(last.message).c_str();
  if (!is_success(last)) add_problem(test, last, false);
  for (const TestFinished* attempt : earlier) add_problem(test, *attempt, last.outcome == Outcome::passed);
  if (!last.output.empty()) test.append_child("system-out").text() = xml_text(last.output).c_str();
}

void add_suite(pugi::xml_node root, const std::string& name, const Suite& suite, SystemTime started) {
  pugi::xml_node node = root.append_child("testsuite");
  std::size_t failures = 0;
  std::size_t errors = 0;
  std::size_t skipped = 0;
  run::Microseconds time{0};
  for (const TestFinished* last : suite.finals) {
    failures += last->outcome == Outcome::failed ? 1 : 0;
    skipped += last->outcome == Outcome::skipped ? 1 : 0;
    errors += !is_success(*last) && last->outcome != Outcome::failed ? 1 : 0;
    time += last->duration;
  }
  node.append_attribute("name") = xml_text(name).c_str();
  node.append_attribute("tests") = suite.finals.size();
  node.append_attribute("failures") = failures;
  node.append_attribute("errors") = errors;
  node.append_attribute("skipped") = skipped;
  node.append_attribute("time") = in_seconds(time).c_str();
  node.append_attribute("timestamp") =
      fmt::format("{:%Y-%m-%dT%H:%M:%S}", std::chrono::time_point_cast<std::chrono::seconds>(
                                              std::chrono::system_clock::time_point(started.time_since_epoch())))
          .c_str();
  for (const TestFinished* last : suite.finals) {
    const auto earlier = suite.earlier.find(last->id.test);
    add_case(node, *last, earlier == suite.earlier.end() ? std::vector<const TestFinished*>{} : earlier->second);
  }
}

}  // namespace

void JunitReporter::on(const run::Event& event) {
  if (const auto* started = std::get_if<run::RunStarted>(&event)) started_ = started->at;
  const auto* finished = std::get_if<run::TestFinished>(&event);
  if (finished == nullptr) return;
  attempts_.push_back(*finished);
  // Thousands of talkative tests that passed must not fill the memory.
  std::string& output = attempts_.back().output;
  if (is_success(*finished) && output.size() > k_passed_output_kept) {
    output.resize(k_passed_output_kept);
    output += "\n... the rest of a passed test's output is left out ...\n";
  }
}

std::string JunitReporter::document() const {
  std::map<std::string, Suite> suites;
  for (const TestFinished& attempt : attempts_) {
    Suite& suite = suites[attempt.id.suite];
    if (attempt.final) {
      suite.finals.push_back(&attempt);
    } else {
      suite.earlier[attempt.id.test].push_back(&attempt);
    }
  }
  pugi::xml_document document;
  pugi::xml_node declaration = document.append_child(pugi::node_declaration);
  declaration.append_attribute("version") = "1.0";
  declaration.append_attribute("encoding") = "UTF-8";
  pugi::xml_node root = document.append_child("testsuites");
  root.append_attribute("name") = "sortie";
  for (const auto& [name, suite] : suites) add_suite(root, name, suite, started_);
  std::ostringstream text;
  document.save(text, "  ");
  return text.str();
}

Result<void> JunitReporter::close() const {
  const std::string temporary = path_ + ".part";
  std::FILE* file = std::fopen(temporary.c_str(), "we");
  if (file == nullptr) return fail_errno(errno, "write " + path_);
  const std::string text = document();
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  const int write_error = errno;
  if (std::fclose(file) != 0 || !written || std::rename(temporary.c_str(), path_.c_str()) != 0) {
    const int error_number = written ? errno : write_error;
    std::remove(temporary.c_str());
    return fail_errno(error_number, "write " + path_);
  }
  return {};
}

}  // namespace sortie::report
