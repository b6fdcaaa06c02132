#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace sortie::emulator {

/// A regular expression of `AllowedPattern`: classes, `.`, groups, `|`, `* + ? {m,n}`, anchors, `\b`, look-ahead, `\d
/// \w
/// \s` and their opposites; no back references. On bytes. A match takes time proportional to text times expression, and
/// no recursion but for look-aheads.
class Pattern {
 public:
  /// Limits: 4,000 instructions after repetitions are written out, 32 groups within each other. The error says what is
  /// wrong.
  static std::expected<Pattern, std::string> parse(std::string_view text);
  /// Whether the whole of `text` matches. Look-aheads within look-aheads can make it long: after 5 million steps it
  /// does not match.
  [[nodiscard]] bool matches(std::string_view text) const;

 private:
  enum class Operation : std::uint8_t {
    byte,
    split,
    jump,
    at_start,
    at_end,
    boundary,
    no_boundary,
    ahead,
    not_ahead,
    found,
    end
  };
  /// `first` and `second` are distances in the program; for `byte` the index of its set.
  struct Instruction {
    Operation operation;
    int first = 0;
    int second = 0;
  };
  using Program = std::vector<Instruction>;
  using Bytes = std::bitset<256>;
  class Parser;
  class Run;

  Program program_;
  std::vector<Bytes> sets_;
};

}  // namespace sortie::emulator
