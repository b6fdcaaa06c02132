#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sortie {

/// The length of the longest prefix of `bytes` that is valid UTF-8 (RFC 3629: no surrogates, no overlong forms). An
/// incomplete sequence at the end is not; see `incomplete_tail`.
std::size_t valid_utf8_prefix(std::string_view bytes);
inline bool is_valid_utf8(std::string_view bytes) {
  return valid_utf8_prefix(bytes) == bytes.size();
}

/// How many bytes at the end of `bytes` begin a sequence whose rest may still come: 0 to 3.
std::size_t incomplete_tail(std::string_view bytes);

/// The same text; each byte that is part of no valid sequence becomes U+FFFD.
std::string to_valid_utf8(std::string_view bytes);

}  // namespace sortie
