#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "emulator/core/regex.h"

namespace sortie::emulator::logs {

/// The regular expressions of CloudWatch Logs filter patterns: classes, `.`, `? * + {m,n}`, `|`, `^`, `$`, `\d \D \s \S
/// \w \W`, escapes; no groups.
/// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
class LineRegex {
 public:
  /// Counted repetitions are at most 100, the expanded expression at most 512 characters or classes.
  static std::expected<LineRegex, std::string> parse(std::string_view text);
  /// True when any part of `line` matches. Expressions that take too long do not (Regex).
  [[nodiscard]] bool search(std::string_view line) const { return regex_.matches(line); }

 private:
  explicit LineRegex(Regex regex) : regex_(std::move(regex)) {}

  Regex regex_;
};

}  // namespace sortie::emulator::logs
