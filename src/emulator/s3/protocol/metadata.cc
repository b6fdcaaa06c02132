#include "emulator/s3/protocol/metadata.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/base64.h"
#include "base/utf8.h"

namespace sortie::emulator::s3 {
namespace {

constexpr std::string_view k_charset = "=?UTF-8?";
/// Of an encoded word's 75 characters (RFC 2047, 2), without what is around the text.
constexpr std::size_t k_word_text = 63;

bool is_ascii(char c) {
  return static_cast<unsigned char>(c) < 0x80;
}

bool is_control(char c) {
  return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
}

/// RFC 2047, 4.2.
std::string quoted(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == ' ') {
      out += '_';
    } else if (!is_ascii(c) || is_control(c) || c == '\t' || c == '=' || c == '?' || c == '_') {
      fmt::format_to(std::back_inserter(out), "={:02X}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out;
}

/// The middle, between two characters.
std::size_t middle_of(std::string_view text) {
  std::size_t at = text.size() / 2;
  while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80) --at;
  return at;
}

void append_words(std::string& out, std::string_view text, bool in_base64) {
  const std::string encoded = in_base64 ? base64_encode(text) : quoted(text);
  const std::size_t middle = middle_of(text);
  if (encoded.size() > k_word_text && middle > 0) {
    append_words(out, text.substr(0, middle), in_base64);
    append_words(out, text.substr(middle), in_base64);
    return;
  }
  if (!out.empty()) out += ' ';
  fmt::format_to(std::back_inserter(out), "{}{}?{}?=", k_charset, in_base64 ? 'B' : 'Q', encoded);
}

}  // namespace

bool is_header_text(std::string_view text) {
  return std::ranges::none_of(text, is_control);
}

std::string text_of_header(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    if (is_ascii(c)) {
      text += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      text += static_cast<char>(0xc0 | byte >> 6);
      text += static_cast<char>(0x80 | (byte & 0x3f));
    }
  }
  return text;
}

std::string mail_safe(std::string_view utf8) {
  if (std::ranges::all_of(utf8, is_ascii)) return std::string(utf8);
  const std::string text = to_valid_utf8(utf8);
  const auto characters =
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
  const auto ascii = std::ranges::count_if(text, is_ascii);
  std::string out;
  append_words(out, text, 2 * ascii <= characters);
  return out;
}

void add_kept_headers(http::Response& response, const std::vector<std::pair<std::string, std::string>>& kept) {
  std::size_t missing = 0;
  for (const auto& [name, value] : kept) {
    const bool metadata = name.starts_with(k_meta_prefix);
    const std::string shown = metadata ? mail_safe(value) : value;
    if (is_header_text(shown)) {
      response.headers.add(name, shown);
    } else if (metadata) {
      ++missing;
    }
  }
  if (missing > 0) response.headers.add("x-amz-missing-meta", fmt::to_string(missing));
}

}  // namespace sortie::emulator::s3
