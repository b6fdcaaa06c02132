#pragma once

#include <string>
#include <string_view>

#include "http/message.h"

/// Texts that are kept with objects and answered in headers. "Working with object metadata", S3 user guide.
namespace sortie::emulator::s3 {

inline constexpr std::string_view k_meta_prefix = "x-amz-meta-";

/// Neither control characters nor anything else that a header's line cannot carry; a tab can be.
bool is_header_text(std::string_view text);

/// A header's bytes as user-defined metadata in UTF-8. They are ISO 8859-1: each byte is a character.
std::string text_of_header(std::string_view bytes);

/// User-defined metadata as it is answered: as it is when it is ASCII, else in encoded words of RFC 2047, `Q` where
/// most is ASCII and `B` otherwise, no word longer than 75 characters.
std::string mail_safe(std::string_view utf8);

/// Adds what is kept of an upload's headers. Those that no header can carry, which older states may hold, are left out;
/// `x-amz-missing-meta` says how many, as S3 does.
void add_kept_headers(http::Response& response, const std::vector<std::pair<std::string, std::string>>& kept);

}  // namespace sortie::emulator::s3
