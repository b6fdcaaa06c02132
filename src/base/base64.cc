#include "base/base64.h"

#include <array>

namespace sortie {
namespace {

constexpr std::string_view k_base64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr auto k_base64_values = [] {
  std::array<signed char, 256> values{};
  values.fill(-1);
  for (std::size_t i = 0; i < k_base64.size(); ++i)
    values[static_cast<unsigned char>(k_base64[i])] = static_cast<signed char>(i);
  return values;
}();

/// `to` has room for four characters for each three bytes begun.
void encode(std::string_view bytes, char* to) {
  const auto* in = reinterpret_cast<const unsigned char*>(bytes.data());
  std::size_t left = bytes.size();
  for (; left >= 3; left -= 3, in += 3, to += 4) {
    const unsigned group = unsigned{in[0]} << 16 | unsigned{in[1]} << 8 | in[2];
    to[0] = k_base64[group >> 18];
    to[1] = k_base64[group >> 12 & 63];
    to[2] = k_base64[group >> 6 & 63];
    to[3] = k_base64[group & 63];
  }
  if (left == 0) return;
  const unsigned group = unsigned{in[0]} << 16 | (left == 2 ? unsigned{in[1]} << 8 : 0);
  to[0] = k_base64[group >> 18];
  to[1] = k_base64[group >> 12 & 63];
  to[2] = left == 2 ? k_base64[group >> 6 & 63] : '=';
  to[3] = '=';
}

/// False when `text` is not base64. `to` has room for the bytes, `padding` fewer than three for each four characters.
bool decode(std::string_view text, std::size_t padding, char* to) {
  const auto value = [&text](std::size_t i) { return int{k_base64_values[static_cast<unsigned char>(text[i])]}; };
  const std::size_t whole = text.size() - (padding > 0 ? 4 : 0);
  int wrong = 0;  // negative as soon as one character is none of the alphabet: one test at the end
  for (std::size_t i = 0; i < whole; i += 4, to += 3) {
    const int a = value(i);
    const int b = value(i + 1);
    const int c = value(i + 2);
    const int d = value(i + 3);
    wrong |= a | b | c | d;
    const unsigned group = unsigned(a) << 18 | unsigned(b) << 12 | unsigned(c) << 6 | unsigned(d);
    to[0] = char(group >> 16);
    to[1] = char(group >> 8);
    to[2] = char(group);
  }
  if (padding > 0) {
    const int a = value(whole);
    const int b = value(whole + 1);
    const int c = padding == 1 ? value(whole + 2) : 0;
    wrong |= a | b | c;
    const unsigned group = unsigned(a) << 18 | unsigned(b) << 12 | unsigned(c) << 6;
    // Bits left over must be zero, or two texts would mean the same bytes.
    if ((group & (padding == 1 ? 0xFFU : 0xFFFFU)) != 0) return false;
    to[0] = char(group >> 16);
    if (padding == 1) to[1] = char(group >> 8);
  }
  return wrong >= 0;
}

}  // namespace

void base64_append(std::string& out, std::string_view bytes) {
  const std::size_t begin = out.size();
  const std::size_t end = begin + (bytes.size() + 2) / 3 * 4;
  // The second argument is not looked at: libstdc++ 12 passes the capacity.
  out.resize_and_overwrite(end, [&](char* text, std::size_t) {
    encode(bytes, text + begin);
    return end;
  });
}

std::string base64_encode(std::string_view bytes) {
  std::string out;
  base64_append(out, bytes);
  return out;
}

std::optional<std::string> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  std::string out;
  bool valid = false;
  const std::size_t size = text.size() / 4 * 3 - padding;
  out.resize_and_overwrite(size, [&](char* to, std::size_t) {
    valid = decode(text, padding, to);
    return size;
  });
  if (!valid) return std::nullopt;
  return out;
}

}  // namespace sortie
