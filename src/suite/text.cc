#include "suite/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>

#include "base/utf8.h"

namespace sortie::suite {
namespace {

std::uint8_t byte_at(std::string_view bytes, std::size_t index) {
  return static_cast<std::uint8_t>(bytes[index]);
}

}  // namespace

std::string abridge(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return std::string(text);
  const std::size_t half = limit / 2;
  std::string_view head = text.substr(0, half);
  head.remove_suffix(incomplete_tail(head));
  std::string_view tail = text.substr(text.size() - half);
  while (!tail.empty() && (byte_at(tail, 0) & 0xC0) == 0x80) tail.remove_prefix(1);
  const std::size_t left_out = text.size() - head.size() - tail.size();
  return std::string(head) + "\n[... " + std::to_string(left_out) + " bytes left out ...]\n" + std::string(tail);
}

bool contains(std::string_view bytes, std::string_view wanted) {
  return bytes.size() >= wanted.size() && !bytes.empty() &&
         memmem(bytes.data(), bytes.size(), wanted.data(), wanted.size()) != nullptr;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view k_blank = " \t\r\n";
  const std::size_t first = text.find_first_not_of(k_blank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(k_blank) - first + 1);
}

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t newline = text.find('\n');
    std::string_view line = text.substr(0, newline);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
    if (newline == std::string_view::npos) break;
    text.remove_prefix(newline + 1);
  }
  return lines;
}

std::string quote_for_go(std::string_view text) {
  std::string quoted;
  for (const char c : text) {
    if (std::string_view("\\.+*?()|[]{}^$").find(c) != std::string_view::npos) quoted += '\\';
    quoted += c;
  }
  return quoted;
}

std::optional<long> parse_number(std::string_view text) {
  long value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

std::string describe_signal(int number) {
  const char* description = sigdescr_np(number);
  return "signal " + std::to_string(number) + " (" + (description != nullptr ? description : "unknown") + ")";
}

std::vector<LineSplitter::Line> LineSplitter::feed(std::string_view bytes) {
  std::vector<Line> lines;
  std::size_t at = 0;
  while (at < bytes.size()) {
    const std::size_t newline = bytes.find('\n', at);
    const bool whole = newline != std::string_view::npos;
    partial_.append(bytes.substr(at, whole ? newline - at : std::string_view::npos));
    if (partial_.size() > k_line_limit) partial_.erase(0, partial_.size() - k_line_limit);
    if (!whole) break;
    if (partial_.ends_with('\r')) partial_.pop_back();
    lines.push_back({std::exchange(partial_, {}), at, newline + 1});
    at = newline + 1;
  }
  return lines;
}

}  // namespace sortie::suite
