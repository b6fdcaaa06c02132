#include <cstddef>
#include <cstdint>
#include <string_view>

#include "emulator/logs/filter_pattern.h"

/// The first line is the pattern, the rest the message.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto newline = input.find('\n');
  const auto pattern = sortie::emulator::logs::FilterPattern::parse(input.substr(0, newline));
  if (pattern) (void)pattern->matches(newline == std::string_view::npos ? input : input.substr(newline + 1));
  return 0;
}
