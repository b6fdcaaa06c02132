#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string_view>
#include <system_error>

/// Numbers in text, whatever the locale is.
namespace sortie {

/// The number that `text` is, the whole of it: no space, no `+`, nothing behind it. Nothing for any other text and for
/// a number that `T` cannot hold.
template <std::integral T>
[[nodiscard]] std::optional<T> parse_number(std::string_view text, int base = 10) {
  T value{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, base);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

/// With a fraction or an exponent too (`1e3`), and `inf` and `nan` as std::from_chars reads them.
template <std::floating_point T>
[[nodiscard]] std::optional<T> parse_number(std::string_view text) {
  T value{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

/// The number that `text` is when it lies from `least` to `most`.
template <std::integral T>
[[nodiscard]] std::optional<T> parse_number_between(std::string_view text, T least, T most) {
  const auto value = parse_number<T>(text);
  return value && *value >= least && *value <= most ? value : std::nullopt;
}

}  // namespace sortie
