#include <cstddef>
#include <cstdint>
#include <string_view>

#include "s3cli/arguments.h"
#include "s3cli/config.h"
#include "s3cli/content_range.h"
#include "s3cli/duration.h"

/// Configurations, durations, and the ranges that servers claim to send.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sortie::s3cli;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto config = parse_config(text)) {
    const auto endpoint = endpoint_of(*config, std::nullopt);
    if (config->bucket.empty() || config->upload_part_bytes == 0 || config->download_part_bytes == 0 ||
        config->upload_concurrency < 1 || config->download_concurrency < 1 || !endpoint.url.starts_with("http")) {
      __builtin_trap();
    }
  } else if (config.error().message.empty()) {
    __builtin_trap();
  }
  const auto range = read_content_range(text);
  if (range && (range->first > range->last || range->last >= range->size)) __builtin_trap();
  (void)parse_duration(text);
  return 0;
}
