#include "s3cli/duration.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

namespace sortie::s3cli {

namespace {

/// What a number of `unit` is in nanoseconds; 0 for no unit.
double unit_of(std::string_view unit) {
  constexpr std::array<std::pair<std::string_view, double>, 8> units = {{{"ns", 1},
                                                                         {"us", 1e3},
                                                                         {"\xc2\xb5s", 1e3},
                                                                         {"\xce\xbcs", 1e3},
                                                                         {"ms", 1e6},
                                                                         {"s", 1e9},
                                                                         {"m", 60e9},
                                                                         {"h", 3600e9}}};
  for (const auto& [name, size] : units) {
    if (name == unit) return size;
  }
  return 0;
}

bool is_number_char(char c) {
  return (c >= '0' && c <= '9') || c == '.';
}

/// `12.5` without sign or exponent; nothing for `.` and `1.2.3`.
std::optional<double> parse_decimal(std::string_view text) {
  double value = 0;
  double scale = 0;  // of the next digit behind the point; 0: in front of it
  bool has_digit = false;
  for (const char c : text) {
    if (c == '.') {
      if (scale != 0) return std::nullopt;
      scale = 0.1;
      continue;
    }
    has_digit = true;
    value = scale == 0 ? value * 10 + (c - '0') : value + (c - '0') * scale;
    if (scale != 0) scale /= 10;
  }
  return has_digit ? std::optional(value) : std::nullopt;
}

}  // namespace

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text == "0") return std::chrono::nanoseconds(0);
  if (text.empty()) return std::nullopt;
  double total = 0;
  while (!text.empty()) {
    std::size_t digits = 0;
    while (digits < text.size() && is_number_char(text[digits])) ++digits;
    std::size_t end = digits;
    while (end < text.size() && !is_number_char(text[end])) ++end;
    const auto number = parse_decimal(text.substr(0, digits));
    const double unit = unit_of(text.substr(digits, end - digits));
    if (!number || unit == 0) return std::nullopt;
    total += *number * unit;
    text.remove_prefix(end);
  }
  if (!(total < double(std::numeric_limits<std::int64_t>::max()))) return std::nullopt;
  const auto count = static_cast<std::int64_t>(std::llround(total));
  return std::chrono::nanoseconds(negative ? -count : count);
}

}  // namespace sortie::s3cli
