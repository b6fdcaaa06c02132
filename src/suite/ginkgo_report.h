#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "suite/protocol.h"

/// What Ginkgo's own report files say, for both of its versions. Pure.
namespace sortie::suite {

/// A container around a spec.
struct GinkgoContainer {
  std::string text;
  std::string place;  ///< `file:line`
  friend bool operator==(const GinkgoContainer&, const GinkgoContainer&) = default;
};

/// One spec of a report file.
struct GinkgoSpec {
  std::string text;      ///< the hierarchy's texts joined, blanks made single
  std::string raw_text;  ///< as Ginkgo joins them to match a focus; empty when the report does not tell
  Outcome outcome = Outcome::passed;
  bool pending = false;  ///< or left out by a focus in the source
  bool flaky = false;    ///< passed after it had been repeated
  bool serial = false;
  bool ordered = false;                     ///< in an Ordered container, whichever of `containers` that is
  std::vector<GinkgoContainer> containers;  ///< outermost first
  std::chrono::microseconds duration{0};
  std::string message;
  std::string file;  ///< of the spec when listing, of the failure when it failed
  int line = 0;
};

/// What failed outside of the specs: `[AfterSuite]` and why.
struct GinkgoTearDown {
  std::string node;
  std::string message;
};

/// A report file: all specs in the order in which they run, skipped ones too.
struct GinkgoReport {
  std::string description;
  std::vector<GinkgoSpec> specs;
  std::string setup_failure;              ///< BeforeSuite's
  std::string setup_skip;                 ///< why BeforeSuite skipped all specs
  std::vector<GinkgoTearDown> tear_down;  ///< failures of nodes behind the specs
  /// How many specs the suite says that it has; nothing when the report does not tell.
  std::optional<std::size_t> total;
};

/// Nothing when the file is missing, cut or no report.
using GinkgoReportParser = std::optional<GinkgoReport> (*)(std::string_view file);
/// Version 1's: JUnit.
std::optional<GinkgoReport> parse_ginkgo_junit(std::string_view file);
/// Version 2's: JSON.
std::optional<GinkgoReport> parse_ginkgo_json(std::string_view file);

/// Blanks of any kind and number become one space; none at the ends.
std::string single_spaced(std::string_view text);

/// `path:12` at the end of a line.
struct GinkgoPlace {
  std::string file;
  int line = 0;
};
std::optional<GinkgoPlace> ginkgo_place(std::string_view line);

}  // namespace sortie::suite
