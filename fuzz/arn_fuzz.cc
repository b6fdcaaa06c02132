#include <cstddef>
#include <cstdint>
#include <string_view>

#include "wire/arn.h"
#include "wire/date.h"

/// What is an ARN is written as it was read; dates of any shape.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sortie::wire;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto arn = parse_arn(text); arn && to_string(*arn) != text) __builtin_trap();
  if (const auto time = parse_timestamp(text)) (void)format_iso8601_millis(*time);
  return 0;
}
