#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sortie {

/// The length of the valid UTF-8 sequence (RFC 3629) at the start of `bytes`; 0 when there is none. An incomplete
/// sequence at the end of `bytes` is not valid; see `incomplete_tail`.
std::size_t utf8_sequence(std::string_view bytes);

/// How many bytes at the end of `bytes` are the beginning of a sequence that could still become valid: 0 to 3.
std::size_t incomplete_tail(std::string_view bytes);

bool is_valid_utf8(std::string_view bytes);

/// The same text with every invalid byte replaced by U+FFFD.
std::string to_valid_utf8(std::string_view bytes);

}  // namespace sortie
