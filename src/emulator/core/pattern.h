#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "emulator/core/regex.h"

namespace sortie::emulator {

/// A regular expression of `AllowedPattern`: classes, `.`, groups, `|`, `* + ? {m,n}`, lazy and possessive ones,
/// anchors,
/// `\b`, look-ahead, `\d \w \s` and their opposites; no back references, no look-behind, no other escapes. On bytes.
class Pattern {
 public:
  /// Counts are at most 4,000. The error says what is wrong.
  static std::expected<Pattern, std::string> parse(std::string_view text);
  /// Whether the whole of `text` matches. Expressions that take too long do not (Regex).
  [[nodiscard]] bool matches(std::string_view text) const { return regex_.matches(text); }

 private:
  explicit Pattern(Regex regex) : regex_(std::move(regex)) {}

  Regex regex_;
};

}  // namespace sortie::emulator
