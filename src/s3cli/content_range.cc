#include "s3cli/content_range.h"

#include <charconv>
#include <system_error>

namespace sortie::s3cli {

namespace {

bool take_number(std::string_view& text, std::uint64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

bool take_char(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::optional<ContentRange> read_content_range(std::string_view text) {
  ContentRange out;
  if (!text.starts_with("bytes ")) return std::nullopt;
  text.remove_prefix(6);
  const bool is_read = take_number(text, out.first) && take_char(text, '-') && take_number(text, out.last) &&
                       take_char(text, '/') && take_number(text, out.size) && text.empty();
  if (!is_read || out.first > out.last || out.last >= out.size) return std::nullopt;
  return out;
}

}  // namespace sortie::s3cli
