#include "emulator/core/pattern.h"

#include <optional>

namespace sortie::emulator {
namespace {

constexpr int k_max_repetition = 4000;

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// Reads an expression of AWS's dialect and writes the same one in PCRE2's syntax, which has more.
class Translation {
 public:
  explicit Translation(std::string_view text) : text_(text) {}

  std::expected<std::string, std::string> run() {
    while (!text_.empty() && failure_.empty()) {
      if (take("\\")) {
        escape(false);
      } else if (take("[")) {
        bracket();
      } else if (take("(")) {
        group();
      } else if (take("{")) {
        counts();
      } else {
        copy();
      }
    }
    if (!failure_.empty()) return std::unexpected(failure_);
    return std::move(result_);
  }

 private:
  void fail(std::string why) {
    if (failure_.empty()) failure_ = std::move(why);
  }
  bool take(std::string_view word) {
    if (!text_.starts_with(word)) return false;
    text_.remove_prefix(word.size());
    return true;
  }
  void copy() {
    result_ += text_.front();
    text_.remove_prefix(1);
  }

  /// Behind a backslash.
  void escape(bool in_class) {
    if (text_.empty()) return fail("it ends in a backslash");
    const char c = text_.front();
    const std::string_view known = in_class ? "dDwWsSntr" : "dDwWsSntrbBAzZ";
    if (is_letter_or_digit(c) && !known.contains(c)) return fail("the escape \\" + std::string(1, c) + " is not known");
    result_ += '\\';
    // PCRE2's \Z lets a line end follow.
    if (take("Z")) {
      result_ += 'z';
    } else {
      copy();
    }
  }

  /// Behind `[`, to its `]`. A `[` inside has no meaning of its own.
  void bracket() {
    result_ += '[';
    if (take("^")) result_ += '^';
    for (bool first = true; failure_.empty() && (first || !text_.starts_with("]")); first = false) {
      if (text_.empty()) return fail("there is a [ without its ]");
      if (take("\\")) {
        escape(true);
      } else if (take("[")) {
        result_ += "\\[";
      } else {
        copy();
      }
    }
    if (take("]")) result_ += ']';
  }

  /// Behind `(`.
  void group() {
    result_ += '(';
    if (text_.starts_with("*")) return fail("a repetition repeats nothing");
    if (!text_.starts_with("?")) return;
    for (std::string_view kind : {"?:", "?=", "?!"}) {
      if (!take(kind)) continue;
      result_ += kind;
      return;
    }
    fail("groups of this kind are not known");
  }

  /// Behind `{`: `m}`, `m,}`, `m,n}`.
  void counts() {
    const auto end = text_.find('}');
    const std::string_view inside = text_.substr(0, end == std::string_view::npos ? 0 : end);
    const auto comma = inside.find(',');
    const bool open = comma + 1 == inside.size();
    const bool known = is_count(inside.substr(0, comma)) &&
                       (comma == std::string_view::npos || open || is_count(inside.substr(comma + 1)));
    if (!known) return fail("a { is not followed by counts");
    result_.append("{").append(inside).append("}");
    text_.remove_prefix(end + 1);
  }

  static bool is_count(std::string_view digits) {
    int value = 0;
    for (char c : digits) {
      if (c < '0' || c > '9') return false;
      value = value * 10 + (c - '0');
      if (value > k_max_repetition) return false;
    }
    return !digits.empty();
  }

  std::string_view text_;
  std::string result_;
  std::string failure_;
};

}  // namespace

std::expected<Pattern, std::string> Pattern::parse(std::string_view text) {
  auto translated = Translation(text).run();
  if (!translated) return std::unexpected(translated.error());
  auto regex = Regex::compile(*translated, Regex::Scope::whole_text, Regex::Dot::within_a_line);
  if (!regex) return std::unexpected(regex.error());
  return Pattern(std::move(*regex));
}

}  // namespace sortie::emulator
