#include "base/utf8.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace sortie {
namespace {

std::uint8_t byte_at(std::string_view bytes, std::size_t index) {
  return static_cast<std::uint8_t>(bytes[index]);
}

/// What the first byte of a sequence says about it (RFC 3629 section 4).
struct Lead {
  std::size_t length = 0;  ///< 0: no sequence begins with this byte
  std::uint8_t second_min = 0x80;
  std::uint8_t second_max = 0xBF;
};

Lead lead_of(std::uint8_t byte) {
  if (byte < 0x80) return {1};
  if (byte >= 0xC2 && byte <= 0xDF) return {2};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte >= 0xE1 && byte <= 0xEF) return {3};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte >= 0xF1 && byte <= 0xF3) return {4};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  return {};
}

/// Eight bytes at a time: nearly all output is ASCII, and there may be a lot of it.
std::size_t ascii_prefix(std::string_view bytes) {
  std::size_t at = 0;
  for (std::uint64_t word = 0; at + sizeof word <= bytes.size(); at += sizeof word) {
    std::memcpy(&word, bytes.data() + at, sizeof word);
    if ((word & 0x8080'8080'8080'8080U) != 0) break;
  }
  while (at < bytes.size() && byte_at(bytes, at) < 0x80) ++at;
  return at;
}

/// How many bytes from `at` on continue the sequence that `lead` begins.
std::size_t matching_bytes(std::string_view bytes, std::size_t at, const Lead& lead) {
  std::size_t matched = 1;
  for (; matched < lead.length && at + matched < bytes.size(); ++matched) {
    const std::uint8_t byte = byte_at(bytes, at + matched);
    const bool fits = matched == 1 ? byte >= lead.second_min && byte <= lead.second_max : byte >= 0x80 && byte <= 0xBF;
    if (!fits) break;
  }
  return matched;
}

}  // namespace

std::size_t valid_utf8_prefix(std::string_view bytes) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    at += ascii_prefix(bytes.substr(at));
    if (at == bytes.size()) break;
    const Lead lead = lead_of(byte_at(bytes, at));
    if (lead.length == 0 || matching_bytes(bytes, at, lead) != lead.length) return at;
    at += lead.length;
  }
  return at;
}

std::size_t incomplete_tail(std::string_view bytes) {
  const std::size_t longest = std::min<std::size_t>(3, bytes.size());
  for (std::size_t length = 1; length <= longest; ++length) {
    const std::size_t at = bytes.size() - length;
    const Lead lead = lead_of(byte_at(bytes, at));
    if (lead.length == 0) continue;
    return lead.length > length && matching_bytes(bytes, at, lead) == length ? length : 0;
  }
  return 0;
}

std::string to_valid_utf8(std::string_view bytes) {
  std::string text;
  while (true) {
    const std::size_t valid = valid_utf8_prefix(bytes);
    text += bytes.substr(0, valid);
    if (valid == bytes.size()) return text;
    text += "\xEF\xBF\xBD";
    bytes.remove_prefix(valid + 1);
  }
}

}  // namespace sortie
