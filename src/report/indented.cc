#include "report/indented.h"

#include <algorithm>

#include "base/utf8.h"
#include "report/text.h"

namespace sortie::report {
namespace {

constexpr std::size_t k_longest_pending = 64 * 1024;
/// What belongs together when it is made printable (a colour sequence, a character, CR and LF) is shorter.
constexpr std::size_t k_unit = 32;

/// Where a long line may be cut.
std::size_t safe_cut(std::string_view line) {
  std::size_t cut = line.size() - k_unit;
  const std::size_t escape = line.substr(0, cut).rfind('\x1b');
  if (escape != std::string_view::npos && cut - escape < k_unit) cut = escape;
  cut -= incomplete_tail(line.substr(0, cut));
  return line[cut - 1] == '\r' ? cut - 1 : cut;
}

}  // namespace

void Indented::feed(std::string_view bytes) {
  pending_ += bytes;
  const std::size_t newline = pending_.rfind('\n');
  std::size_t ready = newline == std::string::npos ? 0 : newline + 1;
  if (pending_.size() - ready > k_longest_pending) ready += safe_cut(std::string_view(pending_).substr(ready));
  if (ready == 0) return;
  emit(std::string_view(pending_).substr(0, ready));
  pending_.erase(0, ready);
}

void Indented::finish() {
  emit(std::exchange(pending_, {}));
  if (!std::exchange(at_line_start_, true)) write_("\n");
}

void Indented::emit(std::string_view bytes) {
  const std::string text = printable(bytes, colour_);
  std::string block;
  block.reserve(text.size() + text.size() / 4);
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t newline = rest.find('\n');
    const std::string_view line = rest.substr(0, newline);
    if (at_line_start_ && !line.empty()) block += indent_;
    block += line;
    at_line_start_ = newline != std::string_view::npos;
    if (at_line_start_) block += '\n';
    rest.remove_prefix(at_line_start_ ? newline + 1 : rest.size());
  }
  if (!block.empty()) write_(block);
}

}  // namespace sortie::report
