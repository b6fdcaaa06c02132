#include "emulator/logs/line_regex.h"

#include <optional>
#include <utility>

#include "base/number.h"

namespace sortie::emulator::logs {
namespace {

constexpr std::size_t k_max_steps = 512;
constexpr unsigned k_max_count = 100;

using ByteSet = std::bitset<256>;

ByteSet range(unsigned char first, unsigned char last) {
  ByteSet set;
  for (unsigned byte = first; byte <= last; ++byte) set.set(byte);
  return set;
}

/// `\d`, `\s`, `\w`, their complements, or the escaped character itself.
ByteSet escaped(char letter) {
  switch (letter) {
    case 'd': return range('0', '9');
    case 'D': return ~range('0', '9');
    case 's': return range('\t', '\r') | range(' ', ' ');
    case 'S': return ~(range('\t', '\r') | range(' ', ' '));
    case 'w': return range('a', 'z') | range('A', 'Z') | range('0', '9') | range('_', '_');
    case 'W': return ~(range('a', 'z') | range('A', 'Z') | range('0', '9') | range('_', '_'));
    default: return range(static_cast<unsigned char>(letter), static_cast<unsigned char>(letter));
  }
}

}  // namespace

struct LineRegex::Parser {
  std::string_view text;
  std::size_t at = 0;
  std::size_t steps = 0;

  [[nodiscard]] bool done() const { return at >= text.size(); }
  [[nodiscard]] char peek() const { return done() ? '\0' : text[at]; }

  std::optional<ByteSet> set() {
    ByteSet accepts;
    const bool negated = peek() == '^';
    if (negated) ++at;
    bool any = false;
    while (!done() && (text[at] != ']' || !any)) {
      if (text[at] == '\\' && at + 1 < text.size()) {
        accepts |= escaped(text[at + 1]);
        at += 2;
      } else if (at + 2 < text.size() && text[at + 1] == '-' && text[at + 2] != ']') {
        const auto first = static_cast<unsigned char>(text[at]);
        const auto last = static_cast<unsigned char>(text[at + 2]);
        if (last < first) return std::nullopt;
        accepts |= range(first, last);
        at += 3;
      } else {
        accepts.set(static_cast<unsigned char>(text[at++]));
      }
      any = true;
    }
    if (done()) return std::nullopt;
    ++at;
    return negated ? ~accepts : accepts;
  }

  std::optional<ByteSet> atom() {
    const char c = text[at++];
    if (c == '[') return set();
    if (c == '.') return ByteSet{}.set();
    if (c == '\\') {
      if (done()) return std::nullopt;
      return escaped(text[at++]);
    }
    if (std::string_view("?*+{}()").contains(c)) return std::nullopt;
    return range(static_cast<unsigned char>(c), static_cast<unsigned char>(c));
  }

  /// `{m}`, `{m,}`, `{m,n}` behind the brace; the upper bound is nothing when open.
  std::optional<std::pair<unsigned, std::optional<unsigned>>> counts() {
    const auto end = text.find('}', at);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view inside = text.substr(at, end - at);
    at = end + 1;
    const auto comma = inside.find(',');
    auto number = [](std::string_view digits) -> std::optional<unsigned> {
      return parse_number_between<unsigned>(digits, 0, k_max_count);
    };
    const auto least = number(inside.substr(0, comma));
    if (!least) return std::nullopt;
    if (comma == std::string_view::npos) return std::pair{*least, std::optional(*least)};
    if (comma + 1 == inside.size()) return std::pair{*least, std::optional<unsigned>()};
    const auto most = number(inside.substr(comma + 1));
    if (!most || *most < *least) return std::nullopt;
    return std::pair{*least, most};
  }

  bool add(Branch& branch, const ByteSet& accepts, unsigned least, std::optional<unsigned> most) {
    steps += most ? *most : least + 1;
    if (steps > k_max_steps) return false;
    for (unsigned i = 0; i < least; ++i) branch.steps.push_back({accepts, false, false});
    if (!most) {
      branch.steps.push_back({accepts, true, true});
    } else {
      for (unsigned i = least; i < *most; ++i) branch.steps.push_back({accepts, true, false});
    }
    return true;
  }

  std::optional<Branch> branch() {
    Branch result;
    if (peek() == '^') {
      result.at_start = true;
      ++at;
    }
    while (!done() && text[at] != '|') {
      if (text[at] == '$' && (at + 1 == text.size() || text[at + 1] == '|')) {
        result.at_end = true;
        ++at;
        break;
      }
      const auto accepts = atom();
      if (!accepts) return std::nullopt;
      std::pair<unsigned, std::optional<unsigned>> bounds{1, 1};
      const char quantifier = peek();
      if (quantifier == '?') bounds = {0, 1};
      if (quantifier == '*') bounds = {0, std::nullopt};
      if (quantifier == '+') bounds = {1, std::nullopt};
      if (quantifier == '?' || quantifier == '*' || quantifier == '+') ++at;
      if (quantifier == '{') {
        ++at;
        const auto counted = counts();
        if (!counted) return std::nullopt;
        bounds = *counted;
      }
      if (!add(result, *accepts, bounds.first, bounds.second)) return std::nullopt;
    }
    return result;
  }
};

std::expected<LineRegex, std::string> LineRegex::parse(std::string_view text) {
  LineRegex regex;
  Parser parser{text};
  for (;;) {
    auto branch = parser.branch();
    if (!branch || (!parser.done() && parser.peek() != '|')) {
      return std::unexpected("Invalid regular expression in filter pattern: " + std::string(text));
    }
    regex.branches_.push_back(std::move(*branch));
    if (parser.done()) return regex;
    ++parser.at;
  }
}

bool LineRegex::search(std::string_view line) const {
  for (const Branch& branch : branches_) {
    if (search_branch(branch, line)) return true;
  }
  return false;
}

bool LineRegex::search_branch(const Branch& branch, std::string_view line) {
  const std::size_t count = branch.steps.size();
  // State i: the steps before i are matched. Optional steps are skipped as soon as they are reached.
  std::bitset<k_max_steps + 1> states;
  auto close = [&](std::bitset<k_max_steps + 1>& set) {
    for (std::size_t i = 0; i < count; ++i) {
      if (set[i] && branch.steps[i].optional) set.set(i + 1);
    }
  };
  states.set(0);
  close(states);
  for (std::size_t at = 0;; ++at) {
    if (states[count] && (!branch.at_end || at == line.size())) return true;
    if (at == line.size()) return false;
    const auto byte = static_cast<unsigned char>(line[at]);
    std::bitset<k_max_steps + 1> next;
    for (std::size_t i = 0; i < count; ++i) {
      if (!states[i] || !branch.steps[i].accepts[byte]) continue;
      next.set(i + 1);
      if (branch.steps[i].repeats) next.set(i);
    }
    if (!branch.at_start) next.set(0);
    close(next);
    states = next;
    if (states.none()) return false;
  }
}

}  // namespace sortie::emulator::logs
