#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "suite/ginkgo_report.h"
#include "suite/protocol.h"

/// Single lines and blocks of what Ginkgo prints with `-ginkgo.v -ginkgo.noColor`. Pure.
namespace sortie::suite {

inline constexpr std::string_view k_ginkgo_row = "------------------------------";

/// The end of a spec.
struct GinkgoMark {
  Outcome outcome = Outcome::passed;
  bool flaky = false;
  bool has_block = false;  ///< the texts follow, and the failure
  bool glued = false;      ///< behind something else in its line: output without a newline, most often
};
/// `• [0.001 seconds]`, `• [FAILED] DURING REPETITION #2 [0.003 seconds]`, `S [SKIPPED] [0.000 seconds]`, …
std::optional<GinkgoMark> ginkgo_mark_2(std::string_view line);
/// `•`, `•SS`, `• Failure in Spec Setup (BeforeEach) [0.001 seconds]`, `S [SKIPPING] [0.000 seconds]`, …
std::optional<GinkgoMark> ginkgo_mark_1(std::string_view line);

/// True when the texts at a block's beginning are `text`, apart from `[It]`, `[BeforeEach]` …, labels and places.
bool ginkgo_block_is_of(std::string_view block, std::string_view text);
/// The failure inside a block.
std::string ginkgo_block_message(std::string_view block);
/// Where the failure is. Version 2 says `In [It] at: path:12 @ date`; version 1 ends with the place.
std::optional<GinkgoPlace> ginkgo_block_place(std::string_view message);

}  // namespace sortie::suite
