#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "suite/protocol.h"

/// The texts that GoogleTest writes about failures, and its XML result file.
namespace sortie::suite {

/// `x.cc:12: Failure`, `unknown file: Failure`, `x.cc:12: Skipped`: the place, or nothing when the line is none of
/// them.
struct GtestPlace {
  std::string file;
  int line = 0;
  bool skipped = false;
};
std::optional<GtestPlace> gtest_place(std::string_view line);

struct GtestResult {
  /// Where the report tells when the test began: whether it did. A test that an environment's set-up kept from running
  /// is reported as completed, begun in 1970.
  std::optional<bool> ran;
  Outcome outcome = Outcome::passed;
  std::chrono::microseconds duration{0};
  std::string message;
  std::string file;
  int line = 0;
};

/// By name; several for tests of one name, in the order in which they ran. Nothing when the text is missing, cut or not
/// GoogleTest's. (XML, because 1.12 writes JSON wrong when something outside of the tests has failed.)
using GtestReport = std::map<std::string, std::vector<GtestResult>>;
std::optional<GtestReport> read_gtest_report(std::string_view xml);

}  // namespace sortie::suite
