#include "suite/gtest_report.h"

#include <pugixml.hpp>

#include "suite/text.h"

namespace sortie::suite {
namespace {

constexpr std::size_t k_message_limit = 32 * 1024;

GtestResult result_from(const pugi::xml_node& test) {
  GtestResult result;
  const double seconds = test.attribute("time").as_double();
  if (seconds > 0 && seconds < 1e6) result.duration = std::chrono::microseconds(static_cast<long>(seconds * 1e6));
  const std::string_view begun = test.attribute("timestamp").as_string();
  // Local time: the beginning of 1970 may be the day before.
  if (!begun.empty()) result.ran = !begun.starts_with("1970-01-01T") && !begun.starts_with("1969-12-31T");
  const std::string_view word = test.attribute("result").as_string();
  if (word == "skipped" || word == "suppressed" || test.child("skipped")) result.outcome = Outcome::skipped;
  for (const pugi::xml_node& failure : test.children("failure")) {
    result.outcome = Outcome::failed;
    const std::string_view text = failure.attribute("message").as_string();
    if (result.message.empty()) {
      if (const auto place = gtest_place(std::string(text.substr(0, text.find('\n'))) + ": Failure")) {
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

}  // namespace

std::optional<GtestPlace> gtest_place(std::string_view line) {
  GtestPlace place;
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

std::optional<GtestReport> read_gtest_report(std::string_view xml) {
  pugi::xml_document document;
  if (!document.load_buffer(xml.data(), xml.size())) return std::nullopt;
  const pugi::xml_node suites = document.child("testsuites");
  if (!suites) return std::nullopt;
  GtestReport results;
  for (const pugi::xml_node& suite : suites.children("testsuite")) {
    for (const pugi::xml_node& test : suite.children("testcase")) {
      if (std::string_view(test.attribute("status").as_string()) == "notrun") continue;
      const std::string suite_name = suite.attribute("name").as_string();
      results[suite_name + "." + test.attribute("name").as_string()].push_back(result_from(test));
    }
  }
  return results;
}

}  // namespace sortie::suite
