#include "emulator/core/pattern.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace sortie::emulator {
namespace {

constexpr std::size_t k_max_program = 4000;
constexpr int k_max_depth = 32;
constexpr int k_max_repetition = 4000;
constexpr std::size_t k_max_steps = 5'000'000;

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

std::size_t index_of(char c) {
  return static_cast<unsigned char>(c);
}

}  // namespace

/// Each function reads a part and gives the program for it.
class Pattern::Parser {
 public:
  Parser(std::string_view text, Pattern& into) : text_(text), into_(into) {}

  std::expected<Program, std::string> parse() {
    auto program = alternatives(0);
    if (failure_.empty() && !text_.empty()) fail("there is a ) without its (");
    if (!failure_.empty()) return std::unexpected(failure_);
    program.push_back({Operation::end});
    return program;
  }

 private:
  void fail(std::string why) {
    if (failure_.empty()) failure_ = std::move(why);
    text_ = {};
  }
  bool take(std::string_view word) {
    if (!text_.starts_with(word)) return false;
    text_.remove_prefix(word.size());
    return true;
  }

  void append(Program& to, const Program& more) {
    if (to.size() + more.size() > k_max_program) return fail("it is too long");
    to.insert(to.end(), more.begin(), more.end());
  }

  /// Without recursion for each `|`: the last alternative is built first.
  Program alternatives(int depth) {
    if (depth > k_max_depth) fail("it has too many groups within each other");
    std::vector<Program> branches{sequence(depth)};
    while (take("|")) branches.push_back(sequence(depth));
    Program whole = std::move(branches.back());
    for (auto branch = branches.rbegin() + 1; branch != branches.rend() && failure_.empty(); ++branch) {
      Program both{{Operation::split, 1, static_cast<int>(branch->size()) + 2}};
      append(both, *branch);
      both.push_back({Operation::jump, static_cast<int>(whole.size()) + 1});
      append(both, whole);
      whole = std::move(both);
    }
    return whole;
  }

  Program sequence(int depth) {
    Program whole;
    while (!text_.empty() && text_.front() != '|' && text_.front() != ')') append(whole, repeated(atom(depth)));
    return whole;
  }

  Program repeated(Program body) {
    for (;;) {
      int least = 0;
      int most = -1;
      if (take("*")) {
      } else if (take("+")) {
        least = 1;
      } else if (take("?")) {
        most = 1;
      } else if (!counts(least, most)) {
        return body;
      }
      if (!take("?")) take("+");  // lazy or possessive: whether it matches is the same, but for rare expressions
      body = times(body, least, most);
      if (!failure_.empty()) return body;
    }
  }

  /// `{m}`, `{m,}`, `{m,n}`.
  bool counts(int& least, int& most) {
    if (text_.empty() || text_.front() != '{') return false;
    const auto end = text_.find('}');
    const std::string_view inside = text_.substr(1, end == std::string_view::npos ? 0 : end - 1);
    const auto comma = inside.find(',');
    const auto low = number(inside.substr(0, comma));
    const auto high = comma == std::string_view::npos ? low : number(inside.substr(comma + 1));
    const bool open = comma + 1 == inside.size();
    if (!low || (!high && !open)) {
      fail("a { is not followed by counts");
      return false;
    }
    least = *low;
    most = open ? -1 : *high;
    if (most >= 0 && most < least) fail("a repetition ends before it begins");
    text_.remove_prefix(std::min(text_.size(), end + 1));
    return true;
  }

  static std::optional<int> number(std::string_view digits) {
    int value = 0;
    for (char c : digits) {
      if (c < '0' || c > '9' || value > k_max_repetition) return std::nullopt;
      value = value * 10 + (c - '0');
    }
    return digits.empty() ? std::nullopt : std::optional(value);
  }

  /// `most` -1: without end.
  Program times(const Program& body, int least, int most) {
    Program whole;
    for (int i = 0; i < least && failure_.empty(); ++i) append(whole, body);
    const int size = static_cast<int>(body.size());
    if (most < 0) {
      whole.push_back({Operation::split, 1, size + 2});
      append(whole, body);
      whole.push_back({Operation::jump, -(size + 1)});
    }
    for (int i = least; i < most && failure_.empty(); ++i) {
      // Each may be the last: past all that follow.
      whole.push_back({Operation::split, 1, (most - i) * (size + 1)});
      append(whole, body);
    }
    return whole;
  }

  Program atom(int depth) {
    if (take("(?=")) return look(Operation::ahead, depth);
    if (take("(?!")) return look(Operation::not_ahead, depth);
    if (take("(?:") || take("(")) {
      if (text_.starts_with("?")) fail("groups of this kind are not known");
      Program body = alternatives(depth + 1);
      if (!take(")")) fail("there is a ( without its )");
      return body;
    }
    if (take("^")) return {{Operation::at_start}};
    if (take("$")) return {{Operation::at_end}};
    if (take("\\A")) return {{Operation::at_start}};
    if (take("\\z") || take("\\Z")) return {{Operation::at_end}};
    if (take("\\b")) return {{Operation::boundary}};
    if (take("\\B")) return {{Operation::no_boundary}};
    if (take("[")) return byte_in(bracket());
    if (take(".")) return byte_in(~(Bytes().set('\n').set('\r')));
    if (take("\\")) return byte_in(escape());
    const char c = text_.front();
    if (c == '*' || c == '+' || c == '?' || c == '{') fail("a repetition repeats nothing");
    if (!text_.empty()) text_.remove_prefix(1);
    return byte_in(Bytes().set(index_of(c)));
  }

  Program look(Operation operation, int depth) {
    Program body = alternatives(depth + 1);
    if (!take(")")) fail("there is a ( without its )");
    body.push_back({Operation::found});
    Program whole{{operation, static_cast<int>(body.size()) + 1}};
    append(whole, body);
    return whole;
  }

  Program byte_in(const Bytes& set) {
    const auto there = std::ranges::find(into_.sets_, set);
    const auto index = there - into_.sets_.begin();
    if (there == into_.sets_.end()) into_.sets_.push_back(set);
    return {{Operation::byte, static_cast<int>(index)}};
  }

  /// Behind a backslash.
  Bytes escape() {
    if (text_.empty()) {
      fail("it ends in a backslash");
      return {};
    }
    const char c = text_.front();
    text_.remove_prefix(1);
    Bytes set;
    switch (c) {
      case 'd':
      case 'D':
        for (char digit = '0'; digit <= '9'; ++digit) set.set(index_of(digit));
        return c == 'd' ? set : ~set;
      case 'w':
      case 'W':
        for (int byte = 0; byte < 256; ++byte)
          set.set(static_cast<std::size_t>(byte), is_word(static_cast<char>(byte)));
        return c == 'w' ? set : ~set;
      case 's':
      case 'S':
        for (char space : {' ', '\t', '\n', '\r', '\f', '\v'}) set.set(index_of(space));
        return c == 's' ? set : ~set;
      case 'n': return set.set('\n');
      case 't': return set.set('\t');
      case 'r': return set.set('\r');
      default: break;
    }
    // Letters and digits have meanings, of which back references cannot be had; signs stand for themselves.
    if (is_word(c) && c != '_') fail("the escape \\" + std::string(1, c) + " is not known");
    return set.set(index_of(c));
  }

  /// Behind `[`, to its `]`.
  Bytes bracket() {
    const bool negated = take("^");
    Bytes set;
    for (bool first = true; failure_.empty() && (first || !text_.starts_with("]")); first = false) {
      if (text_.empty()) {
        fail("there is a [ without its ]");
        return set;
      }
      std::optional<char> low = text_.front();
      text_.remove_prefix(1);
      Bytes one;
      one.set(index_of(*low));
      if (*low == '\\') {
        one = escape();
        low = one.count() == 1 ? std::optional(only(one)) : std::nullopt;
      }
      if (!low || !text_.starts_with("-") || text_.substr(1).starts_with("]")) {
        set |= one;
        continue;
      }
      text_.remove_prefix(1);
      add_range(set, *low);
    }
    take("]");
    return negated ? ~set : set;
  }

  void add_range(Bytes& set, char low) {
    if (text_.empty()) return fail("there is a [ without its ]");
    char high = text_.front();
    text_.remove_prefix(1);
    if (high == '\\') high = only(escape());
    if (index_of(high) < index_of(low)) return fail("a range ends before it begins");
    for (std::size_t byte = index_of(low); byte <= index_of(high); ++byte) set.set(byte);
  }

  static char only(const Bytes& set) {
    std::size_t byte = 0;
    while (byte < 255 && !set.test(byte)) ++byte;
    return static_cast<char>(byte);
  }

  std::string_view text_;
  Pattern& into_;
  std::string failure_;
};

/// One match: each instruction is tried once at each place.
class Pattern::Run {
 public:
  Run(const Pattern& pattern, std::string_view text) : pattern_(pattern), text_(text) {}

  bool reaches_end(std::size_t instruction, std::size_t place) {
    // Look-aheads come here again and again: memory that is given back and taken anew each time would cost the most.
    std::vector<bool> seen;
    if (!spare_.empty()) {
      seen = std::move(spare_.back());
      spare_.pop_back();
    }
    seen.assign(pattern_.program_.size() * (text_.size() + 1), false);
    const bool reached = goes_through(seen, instruction, place);
    spare_.push_back(std::move(seen));
    return reached;
  }

 private:
  using Left = std::vector<std::pair<std::size_t, std::size_t>>;

  bool goes_through(std::vector<bool>& seen, std::size_t instruction, std::size_t place) {
    const std::size_t width = text_.size() + 1;
    Left left{{instruction, place}};
    while (!left.empty()) {
      const auto [at, where] = left.back();
      left.pop_back();
      if (seen[at * width + where]) continue;
      seen[at * width + where] = true;
      if (++steps_ > k_max_steps) return false;
      if (step(at, where, left)) return true;
    }
    return false;
  }

  [[nodiscard]] bool at_boundary(std::size_t where) const {
    const bool before = where > 0 && is_word(text_[where - 1]);
    const bool after = where < text_.size() && is_word(text_[where]);
    return before != after;
  }

  /// True when this instruction ends the match.
  bool step(std::size_t at, std::size_t where, Left& left) {
    const Instruction& one = pattern_.program_[at];
    const auto to = [at](int distance) { return static_cast<std::size_t>(static_cast<std::ptrdiff_t>(at) + distance); };
    const auto go_if = [&](bool holds) {
      if (holds) left.emplace_back(at + 1, where);
    };
    switch (one.operation) {
      case Operation::byte:
        if (where < text_.size() && pattern_.sets_[static_cast<std::size_t>(one.first)].test(index_of(text_[where])))
          left.emplace_back(at + 1, where + 1);
        return false;
      case Operation::split: left.emplace_back(to(one.second), where); [[fallthrough]];
      case Operation::jump: left.emplace_back(to(one.first), where); return false;
      case Operation::at_start: go_if(where == 0); return false;
      case Operation::at_end: go_if(where == text_.size()); return false;
      case Operation::boundary: go_if(at_boundary(where)); return false;
      case Operation::no_boundary: go_if(!at_boundary(where)); return false;
      case Operation::ahead:
      case Operation::not_ahead:
        if (reaches_end(at + 1, where) == (one.operation == Operation::ahead)) left.emplace_back(to(one.first), where);
        return false;
      case Operation::found: return true;
      case Operation::end: return where == text_.size();
    }
    return false;
  }

  const Pattern& pattern_;
  std::string_view text_;
  std::size_t steps_ = 0;
  std::vector<std::vector<bool>> spare_;
};

std::expected<Pattern, std::string> Pattern::parse(std::string_view text) {
  Pattern pattern;
  auto program = Parser(text, pattern).parse();
  if (!program) return std::unexpected(program.error());
  pattern.program_ = std::move(*program);
  return pattern;
}

bool Pattern::matches(std::string_view text) const {
  return Run(*this, text).reaches_end(0, 0);
}

}  // namespace sortie::emulator
