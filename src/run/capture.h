#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sortie::run {

/// Keeps the first and the last part of a stream of bytes in bounded memory, and says in between how much was left out.
class Capture {
 public:
  /// Keeps at most `limit` bytes: half for the beginning, half for the end.
  explicit Capture(std::size_t limit) : half_(limit / 2) {}

  void append(std::string_view bytes);
  [[nodiscard]] std::uint64_t total() const { return total_; }
  /// What was kept; with a line `... 123 bytes left out ...` where something is missing.
  [[nodiscard]] std::string text() const;

 private:
  std::size_t half_;
  std::string first_;
  std::string last_;  ///< up to twice half_, trimmed now and then
  std::uint64_t total_ = 0;
};

}  // namespace sortie::run
