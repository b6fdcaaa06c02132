#include "emulator/iam/pattern.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"

namespace sortie::emulator::iam {

namespace {

// Wildcards inside a compiled glob. Policy documents cannot contain these bytes (parse_policy refuses them), and a
// variable's value that does is never substituted.
constexpr char k_any_run = '\x01';
constexpr char k_any_one = '\x02';

/// The usual two-pointer match: on a mismatch the last run takes one more character. O(pattern * value) at worst.
bool glob_matches(std::string_view glob, std::string_view value) {
  std::size_t g = 0;
  std::size_t v = 0;
  std::size_t run = std::string_view::npos;
  std::size_t run_value = 0;
  while (v < value.size()) {
    if (g < glob.size() && glob[g] == k_any_run) {
      run = g++;
      run_value = v;
    } else if (g < glob.size() && (glob[g] == k_any_one || glob[g] == value[v])) {
      ++g;
      ++v;
    } else if (run != std::string_view::npos) {
      g = run + 1;
      v = ++run_value;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == k_any_run) ++g;
  return g == glob.size();
}

/// Splits at the first five colons; the last part keeps the rest.
std::optional<std::array<std::string_view, 6>> split_arn(std::string_view text) {
  std::array<std::string_view, 6> parts;
  for (std::size_t i = 0; i < 5; ++i) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    parts[i] = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  parts[5] = text;
  return parts;
}

bool arn_matches(std::string_view glob, std::string_view value) {
  if (glob.size() == 1 && glob[0] == k_any_run) return true;
  const auto pattern_parts = split_arn(glob);
  const auto value_parts = split_arn(value);
  if (!pattern_parts || !value_parts) return false;
  for (std::size_t i = 0; i < 6; ++i) {
    if (!glob_matches((*pattern_parts)[i], (*value_parts)[i])) return false;
  }
  return true;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

}  // namespace

Pattern Pattern::compile(std::string_view text, Options options) {
  Pattern pattern;
  pattern.options_ = options;
  pattern.source_ = std::string(text);
  while (!text.empty()) {
    const auto start = options.variables ? text.find("${") : std::string_view::npos;
    const auto end = start == std::string_view::npos ? start : text.find('}', start);
    if (end == std::string_view::npos) {
      pattern.append_text(text);
      break;
    }
    pattern.append_text(text.substr(0, start));
    pattern.read_variable(text.substr(start + 2, end - start - 2));
    text.remove_prefix(end + 1);
  }
  return pattern;
}

void Pattern::append_text(std::string_view bytes) {
  std::string glob;
  for (char c : bytes) {
    if (options_.wildcards && (c == '*' || c == '?')) {
      glob += c == '*' ? k_any_run : k_any_one;
      literal_ = false;
    } else {
      glob += options_.lower_case ? ascii_lower(c) : c;
    }
  }
  if (pieces_.empty()) {
    glob_ += glob;
  } else {
    pieces_.push_back({std::move(glob), std::nullopt, false});
  }
}

void Pattern::read_variable(std::string_view inside) {
  if (inside == "*" || inside == "?" || inside == "$") {
    if (pieces_.empty()) {
      glob_ += inside;
    } else {
      pieces_.push_back({std::string(inside), std::nullopt, false});
    }
    return;
  }
  if (pieces_.empty()) pieces_.push_back({std::move(glob_), std::nullopt, false});
  Piece piece{{}, std::nullopt, true};
  const auto comma = inside.find(',');
  piece.text = ascii_lower(trim(inside.substr(0, comma)));
  if (comma != std::string_view::npos) {
    std::string_view fallback = trim(inside.substr(comma + 1));
    if (fallback.size() >= 2 && fallback.front() == '\'' && fallback.back() == '\'') {
      piece.fallback = std::string(fallback.substr(1, fallback.size() - 2));
    }
  }
  pieces_.push_back(std::move(piece));
}

std::optional<std::string> Pattern::expand(const Context& context) const {
  std::string glob;
  for (const Piece& piece : pieces_) {
    if (!piece.variable) {
      glob += piece.text;
      continue;
    }
    std::vector<std::string> values;
    std::string_view value;
    if (context.find(piece.text, values) && values.size() == 1) {
      value = values.front();
    } else if (values.empty() && piece.fallback) {
      value = *piece.fallback;
    } else {
      return std::nullopt;
    }
    if (value.find(k_any_run) != std::string_view::npos || value.find(k_any_one) != std::string_view::npos) {
      return std::nullopt;
    }
    for (char c : value) glob += options_.lower_case ? ascii_lower(c) : c;
  }
  return glob;
}

bool Pattern::matches(std::string_view value, const Context& context) const {
  if (!pieces_.empty()) {
    const auto glob = expand(context);
    return glob && glob_matches(*glob, value);
  }
  return literal_ ? glob_ == value : glob_matches(glob_, value);
}

bool Pattern::matches_arn(std::string_view value, const Context& context) const {
  if (pieces_.empty()) return arn_matches(glob_, value);
  const auto glob = expand(context);
  return glob && arn_matches(*glob, value);
}

}  // namespace sortie::emulator::iam
