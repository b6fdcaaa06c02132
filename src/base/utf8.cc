#include "base/utf8.h"

#include <algorithm>

namespace sortie {
namespace {

struct Lead {
  std::size_t length;       ///< of the whole sequence; 0 for no lead byte
  unsigned char low, high;  ///< what the second byte may be (RFC 3629, 4: no overlong forms, no surrogates)
};

Lead lead(unsigned char byte) {
  if (byte < 0x80) return {1, 0, 0};
  if (byte >= 0xC2 && byte <= 0xDF) return {2, 0x80, 0xBF};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte >= 0xE1 && byte <= 0xEF) return {3, 0x80, 0xBF};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte >= 0xF1 && byte <= 0xF3) return {4, 0x80, 0xBF};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

/// How many bytes from the start agree with a sequence, at most its length.
std::size_t agreeing(std::string_view bytes, const Lead& lead) {
  std::size_t count = 1;
  for (; count < lead.length && count < bytes.size(); ++count) {
    const auto byte = static_cast<unsigned char>(bytes[count]);
    const unsigned char low = count == 1 ? lead.low : 0x80;
    const unsigned char high = count == 1 ? lead.high : 0xBF;
    if (byte < low || byte > high) break;
  }
  return count;
}

}  // namespace

std::size_t utf8_sequence(std::string_view bytes) {
  if (bytes.empty()) return 0;
  const Lead first = lead(static_cast<unsigned char>(bytes[0]));
  return first.length != 0 && agreeing(bytes, first) == first.length ? first.length : 0;
}

std::size_t incomplete_tail(std::string_view bytes) {
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, bytes.size()); ++back) {
    const std::string_view tail = bytes.substr(bytes.size() - back);
    const Lead first = lead(static_cast<unsigned char>(tail[0]));
    if (first.length > back && agreeing(tail, first) == back) return back;
  }
  return 0;
}

bool is_valid_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t length = utf8_sequence(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

std::string to_valid_utf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    const std::size_t length = utf8_sequence(bytes);
    if (length == 0) {
      text += "\xEF\xBF\xBD";
      bytes.remove_prefix(1);
    } else {
      text += bytes.substr(0, length);
      bytes.remove_prefix(length);
    }
  }
  return text;
}

}  // namespace sortie
