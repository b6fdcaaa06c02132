#include "emulator/logs/line_regex.h"

#include <optional>
#include <utility>

#include "base/number.h"

namespace sortie::emulator::logs {
namespace {

constexpr std::size_t k_max_length = 512;
constexpr unsigned k_max_count = 100;

/// Reads an expression of the dialect and writes the same one in PCRE2's syntax, which has more. False anywhere: it is
/// not of the dialect.
class Translation {
 public:
  explicit Translation(std::string_view text) : text_(text) {}

  std::optional<std::string> run() {
    for (;;) {
      if (!branch()) return std::nullopt;
      if (done()) return std::move(result_);
      result_ += text_[at_++];  // |
    }
  }

 private:
  [[nodiscard]] bool done() const { return at_ >= text_.size(); }
  [[nodiscard]] char peek() const { return done() ? '\0' : text_[at_]; }

  void literal(char c) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!plain) result_ += '\\';
    result_ += c;
  }

  /// `\d` and its like, or the character itself: `\n` is an n.
  void escaped(char c) {
    if (!std::string_view("dDsSwW").contains(c)) return literal(c);
    result_ += '\\';
    result_ += c;
  }

  /// Behind `[`.
  bool set() {
    result_ += '[';
    if (peek() == '^') result_ += text_[at_++];
    for (bool first = true; !done() && (first || text_[at_] != ']'); first = false) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
        escaped(text_[at_ + 1]);
        at_ += 2;
      } else if (at_ + 2 < text_.size() && text_[at_ + 1] == '-' && text_[at_ + 2] != ']') {
        if (static_cast<unsigned char>(text_[at_ + 2]) < static_cast<unsigned char>(text_[at_])) return false;
        literal(text_[at_]);
        result_ += '-';
        literal(text_[at_ + 2]);
        at_ += 3;
      } else {
        literal(text_[at_++]);
      }
    }
    if (done()) return false;
    result_ += text_[at_++];  // ]
    return true;
  }

  bool atom() {
    const char c = text_[at_++];
    if (c == '[') return set();
    if (c == '.') {
      result_ += c;
    } else if (c == '\\') {
      if (done()) return false;
      escaped(text_[at_++]);
    } else if (std::string_view("?*+{}()").contains(c)) {
      return false;
    } else {
      literal(c);
    }
    return true;
  }

  static std::optional<unsigned> count(std::string_view digits) {
    unsigned value = 0;
    const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || stop != digits.data() + digits.size() || value > k_max_count) return std::nullopt;
    return value;
  }

  /// `{m}`, `{m,}`, `{m,n}` behind the brace. Gives how often the atom is written out.
  std::optional<unsigned> counts() {
    const auto end = text_.find('}', at_);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view inside = text_.substr(at_, end - at_);
    at_ = end + 1;
    result_.append("{").append(inside).append("}");
    const auto comma = inside.find(',');
    const auto least = count(inside.substr(0, comma));
    if (!least || comma == std::string_view::npos) return least;
    if (comma + 1 == inside.size()) return *least + 1;
    const auto most = count(inside.substr(comma + 1));
    return most && *most >= *least ? most : std::nullopt;
  }

  /// What may stand behind an atom.
  bool quantifier() {
    std::optional<unsigned> times = 1;
    if (std::string_view("?*+").contains(peek()) && !done()) {
      times = peek() == '+' ? 2 : 1;
      result_ += text_[at_++];
    } else if (peek() == '{') {
      ++at_;
      times = counts();
    }
    length_ += times.value_or(0);
    return times && length_ <= k_max_length;
  }

  bool branch() {
    if (peek() == '^') result_ += text_[at_++];
    while (!done() && text_[at_] != '|') {
      if (text_[at_] == '$' && (at_ + 1 == text_.size() || text_[at_ + 1] == '|')) {
        result_ += text_[at_++];
        return true;
      }
      if (!atom() || !quantifier()) return false;
    }
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t length_ = 0;  ///< of the expression with its repetitions written out
  std::string result_;
};

}  // namespace

std::expected<LineRegex, std::string> LineRegex::parse(std::string_view text) {
  const auto translated = Translation(text).run();
  const auto regex = translated ? Regex::compile(*translated, Regex::Scope::any_part, Regex::Dot::any_byte)
                                : std::unexpected(std::string());
  if (!regex) return std::unexpected("Invalid regular expression in filter pattern: " + std::string(text));
  return LineRegex(*regex);
}

}  // namespace sortie::emulator::logs
