#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace sortie::s3cli {

/// What part of a whole an answer holds: RFC 9110, 14.4.
struct ContentRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;  ///< inclusive; at least `first`
  std::uint64_t size = 0;  ///< of the whole; more than `last`
};

/// `bytes 0-99/1000`. Nothing for other units, unknown sizes, and what is in itself wrong.
std::optional<ContentRange> read_content_range(std::string_view text);

}  // namespace sortie::s3cli
