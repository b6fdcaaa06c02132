#include "emulator/logs/filter_pattern.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "emulator/logs/filter_expression.h"

namespace sortie::emulator::logs {
namespace {

constexpr std::size_t k_max_pattern_bytes = 1024;

using Failure = std::unexpected<std::string>;
Failure invalid() {
  return Failure("Invalid filter pattern");
}

struct Terms {
  std::vector<std::string> required;
  std::vector<std::string> excluded;
  std::vector<std::string> optional;

  [[nodiscard]] bool matches(std::string_view message) const {
    for (const auto& term : excluded) {
      if (message.contains(term)) return false;
    }
    for (const auto& term : required) {
      if (!message.contains(term)) return false;
    }
    // AWS ignores `?` terms beside others.
    if (optional.empty() || !required.empty() || !excluded.empty()) return true;
    return std::ranges::any_of(optional, [&](const auto& term) { return message.contains(term); });
  }
};

bool plain_term_byte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

std::expected<Terms, std::string> parse_terms(std::string_view text) {
  Terms terms;
  std::size_t at = 0;
  while (at < text.size()) {
    if (is_space(text[at])) {
      ++at;
      continue;
    }
    auto* list = &terms.required;
    if (text[at] == '-') list = &terms.excluded;
    if (text[at] == '?') list = &terms.optional;
    if (list != &terms.required) ++at;
    std::string term;
    if (at < text.size() && text[at] == '"') {
      for (++at; at < text.size() && text[at] != '"'; ++at) {
        if (text[at] == '\\' && at + 1 < text.size()) ++at;
        term += text[at];
      }
      if (at == text.size()) return Failure("Invalid filter pattern: a quotation mark is not closed");
      ++at;
    } else {
      bool plain = true;
      for (; at < text.size() && !is_space(text[at]); ++at) {
        plain = plain && plain_term_byte(text[at]);
        term += text[at];
      }
      if (!plain) return Failure("Invalid character(s) in term '" + term + "'");
    }
    if (term.empty()) return invalid();
    list->push_back(std::move(term));
  }
  return terms;
}

struct Field {
  bool ellipsis = false;
  std::string name;
  std::optional<Expression> condition;
};

/// Splits `a, b = "x,y", ...` at commas outside quotes.
std::vector<std::string_view> split_fields(std::string_view text) {
  std::vector<std::string_view> parts;
  bool quoted = false;
  std::size_t start = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '"') quoted = !quoted;
    if (text[at] != ',' || quoted) continue;
    parts.push_back(trimmed(text.substr(start, at - start)));
    start = at + 1;
  }
  parts.push_back(trimmed(text.substr(start)));
  return parts;
}

std::expected<std::vector<Field>, std::string> parse_fields(std::string_view text) {
  std::vector<Field> fields;
  int ellipses = 0;
  for (const std::string_view part : split_fields(text)) {
    Field field;
    if (part == "...") {
      field.ellipsis = true;
      if (++ellipses > 1) return invalid();
    } else {
      if (part.empty()) return invalid();
      auto expression = parse_expression(part, false);
      if (!expression) return std::unexpected(expression.error());
      const Expression* first = &*expression;
      while (!first->children.empty()) first = &first->children.front();
      field.name = first->condition.field;
      field.condition = *std::move(expression);
    }
    fields.push_back(std::move(field));
  }
  return fields;
}

/// Words; `[…]` and `"…"` are one word without their marks.
std::vector<std::string_view> split_message(std::string_view message) {
  std::vector<std::string_view> words;
  std::size_t at = 0;
  while (at < message.size()) {
    if (is_space(message[at])) {
      ++at;
      continue;
    }
    const char close = message[at] == '[' ? ']' : message[at] == '"' ? '"' : '\0';
    const auto end = close != '\0' ? message.find(close, at + 1) : std::string_view::npos;
    if (end != std::string_view::npos) {
      words.push_back(message.substr(at + 1, end - at - 1));
      at = end + 1;
      continue;
    }
    const auto start = at;
    while (at < message.size() && !is_space(message[at])) ++at;
    words.push_back(message.substr(start, at - start));
  }
  return words;
}

/// The words that stand for the fields, an empty list where their number does not fit; the ellipsis has none.
std::vector<std::pair<const Field*, std::string_view>> assign(const std::vector<Field>& fields,
                                                              std::string_view message) {
  const auto words = split_message(message);
  std::size_t before = 0;
  while (before < fields.size() && !fields[before].ellipsis) ++before;
  const bool open = before < fields.size();
  const std::size_t named = fields.size() - (open ? 1 : 0);
  if (open ? words.size() < named : words.size() != named) return {};
  std::vector<std::pair<const Field*, std::string_view>> assigned;
  for (std::size_t i = 0; i < before; ++i) assigned.emplace_back(&fields[i], words[i]);
  for (std::size_t i = before + 1; i < fields.size(); ++i) {
    assigned.emplace_back(&fields[i], words[words.size() - (fields.size() - i)]);
  }
  return assigned;
}

bool fields_match(const std::vector<Field>& fields, std::string_view message) {
  const auto assigned = assign(fields, message);
  // `[...]` alone has no field that could fail.
  if (assigned.empty()) return fields.size() == 1 && fields.front().ellipsis;
  return std::ranges::all_of(
      assigned, [](const auto& pair) { return matches_word(*pair.first->condition, pair.first->name, pair.second); });
}

}  // namespace

struct FilterPattern::Matcher {
  std::variant<std::monostate, Terms, Expression, std::vector<Field>, LineRegex> kind;
};

FilterPattern::FilterPattern(std::shared_ptr<const Matcher> matcher) : matcher_(std::move(matcher)) {}

std::expected<FilterPattern, std::string> FilterPattern::parse(std::string_view text) {
  if (text.size() > k_max_pattern_bytes) return Failure("The filter pattern is longer than 1024 characters");
  text = trimmed(text);
  auto matcher = std::make_shared<Matcher>();
  auto inside = [&] { return text.substr(1, text.size() - 2); };
  const bool closed = text.size() >= 2;
  auto keep = [&](auto parsed) -> std::expected<FilterPattern, std::string> {
    if (!parsed) return std::unexpected(parsed.error());
    matcher->kind = *std::move(parsed);
    return FilterPattern(std::move(matcher));
  };
  if (text.empty()) return FilterPattern(std::move(matcher));
  if (closed && text.front() == '{' && text.back() == '}') return keep(parse_expression(inside(), true));
  if (closed && text.front() == '[' && text.back() == ']') return keep(parse_fields(inside()));
  if (closed && text.front() == '%' && text.back() == '%') return keep(LineRegex::parse(inside()));
  return keep(parse_terms(text));
}

std::vector<std::pair<std::string, std::string>> FilterPattern::fields(std::string_view message) const {
  std::vector<std::pair<std::string, std::string>> found;
  const auto* fields = std::get_if<std::vector<Field>>(&matcher_->kind);
  if (fields == nullptr) return found;
  for (const auto& [field, word] : assign(*fields, message)) found.emplace_back(field->name, word);
  return found;
}

bool FilterPattern::matches(std::string_view message) const {
  struct Visitor {
    std::string_view message;
    bool operator()(std::monostate) const { return true; }
    bool operator()(const Terms& terms) const { return terms.matches(message); }
    bool operator()(const Expression& expression) const { return matches_json(expression, message); }
    bool operator()(const std::vector<Field>& fields) const { return fields_match(fields, message); }
    bool operator()(const LineRegex& regex) const { return regex.search(message); }
  };
  return std::visit(Visitor{message}, matcher_->kind);
}

}  // namespace sortie::emulator::logs
