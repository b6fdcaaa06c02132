#include <cstddef>
#include <cstdint>
#include <string_view>

#include "emulator/core/pattern.h"
#include "emulator/logs/line_regex.h"

/// The first line is the expression, the rest the text.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto newline = input.find('\n');
  const std::string_view text = newline == std::string_view::npos ? input : input.substr(newline + 1);
  if (const auto pattern = sortie::emulator::Pattern::parse(input.substr(0, newline))) (void)pattern->matches(text);
  if (const auto regex = sortie::emulator::logs::LineRegex::parse(input.substr(0, newline))) (void)regex->search(text);
  return 0;
}
