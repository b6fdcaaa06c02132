#pragma once

#include <bitset>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace sortie::emulator::logs {

/// The regular expressions of CloudWatch Logs filter patterns: classes, `.`, `? * + {m,n}`, `|`, `^`, `$`, `\d \D \s \S
/// \w \W`, escapes; no groups. Searches in time proportional to text times expression, with no recursion.
class LineRegex {
 public:
  /// Counted repetitions are at most 100, the expanded expression at most 512 steps.
  static std::expected<LineRegex, std::string> parse(std::string_view text);
  /// True when any part of `line` matches.
  [[nodiscard]] bool search(std::string_view line) const;

 private:
  struct Step {
    std::bitset<256> accepts;
    bool optional = false;  ///< may be skipped
    bool repeats = false;   ///< may be taken again
  };
  struct Branch {
    std::vector<Step> steps;
    bool at_start = false;
    bool at_end = false;
  };
  struct Parser;
  static bool search_branch(const Branch& branch, std::string_view line);

  std::vector<Branch> branches_;
};

}  // namespace sortie::emulator::logs
