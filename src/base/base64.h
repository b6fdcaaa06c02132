#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sortie {

/// RFC 4648, section 4, with padding.
std::string base64_encode(std::string_view bytes);
/// The same at the end of `out`.
void base64_append(std::string& out, std::string_view bytes);
/// Strict: padding required, no other characters, bits left over are zero. Nothing otherwise.
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace sortie
