#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "suite/framework.h"

/// For the readers' tests: reads recorded output and keeps the last word about each test.
namespace sortie::suite {

struct Reading {
  std::vector<std::string> started;
  std::map<std::string, Progress> ended;

  [[nodiscard]] Outcome outcome(const std::string& test) const {
    return ended.contains(test) ? ended.at(test).outcome : Outcome::lost;
  }
  [[nodiscard]] std::string message(const std::string& test) const {
    return ended.contains(test) ? ended.at(test).message : std::string();
  }
};

inline std::vector<TestCase> named(const std::vector<std::string>& names) {
  std::vector<TestCase> tests;
  for (const std::string& name : names) tests.push_back({.name = name});
  return tests;
}

/// Feeds `output` in pieces of `piece` bytes.
inline Reading read_tests(const Framework& framework, const std::vector<TestCase>& tests, std::string_view output,
                          ExitStatus status = {}, std::string_view result_file = {}, std::size_t piece = 7) {
  const auto reader = framework.reader(tests);
  Reading reading;
  auto take = [&](const std::vector<Progress>& progress) {
    for (const Progress& step : progress) {
      if (step.kind == Progress::Kind::started) reading.started.push_back(step.test);
      if (step.kind == Progress::Kind::ended) reading.ended[step.test] = step;
    }
  };
  take(reader->start());
  for (std::size_t at = 0; at < output.size(); at += piece) take(reader->feed(output.substr(at, piece)));
  take(reader->finish(status, result_file));
  return reading;
}

inline Reading read_output(const Framework& framework, const std::vector<std::string>& names, std::string_view output,
                           ExitStatus status = {}, std::string_view result_file = {}, std::size_t piece = 7) {
  return read_tests(framework, named(names), output, status, result_file, piece);
}

}  // namespace sortie::suite
