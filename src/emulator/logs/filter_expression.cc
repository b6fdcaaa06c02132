#include "emulator/logs/filter_expression.h"

#include <boost/json.hpp>
#include <utility>

#include "base/glob.h"
#include "base/number.h"

namespace sortie::emulator::logs {

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

namespace {

namespace json = boost::json;

constexpr int k_max_nesting = 16;

template <class T>
bool ordered(Operator op, T left, T right) {
  switch (op) {
    case Operator::less: return left < right;
    case Operator::less_equal: return left <= right;
    case Operator::greater: return left > right;
    case Operator::greater_equal: return left >= right;
    default: return false;
  }
}

bool equals_text(const Condition& condition, std::string_view text) {
  if (condition.regex) return condition.regex->search(text);
  return glob_matches(condition.value, text, QuestionMark::itself);
}

bool compare_number(const Condition& condition, double actual) {
  if (!condition.number) return false;
  if (condition.op == Operator::equal) return actual == *condition.number;
  if (condition.op == Operator::not_equal) return actual != *condition.number;
  return ordered(condition.op, actual, *condition.number);
}

bool holds(const Condition& condition, const json::value& actual) {
  if (condition.literal != Literal::none) {
    if (condition.literal == Literal::null) return actual.is_null();
    return actual.is_bool() && actual.get_bool() == (condition.literal == Literal::yes);
  }
  if (actual.is_number()) {
    if (condition.number) return compare_number(condition, actual.to_number<double>());
    if (condition.op == Operator::equal) return equals_text(condition, json::serialize(actual));
    return condition.op == Operator::not_equal && !equals_text(condition, json::serialize(actual));
  }
  if (!actual.is_string()) return false;
  const std::string_view text = actual.get_string();
  if (condition.op == Operator::equal) return equals_text(condition, text);
  return condition.op == Operator::not_equal && !equals_text(condition, text);
}

bool holds(const Condition& condition, std::string_view actual) {
  if (condition.op == Operator::equal || condition.op == Operator::not_equal) {
    const auto number = parse_number<double>(actual);
    const bool same = number && condition.number ? *number == *condition.number : equals_text(condition, actual);
    return same == (condition.op == Operator::equal);
  }
  const auto number = parse_number<double>(actual);
  return number && compare_number(condition, *number);
}

/// Calls `found` on what the path leads to until it says true.
template <class Found>
bool walk(const json::value& value, const std::vector<PathStep>& path, std::size_t at, const Found& found) {
  if (at == path.size()) return found(value);
  if (const auto* name = std::get_if<std::string>(&path[at])) {
    const auto* object = value.if_object();
    const auto* member = object != nullptr ? object->if_contains(*name) : nullptr;
    return member != nullptr && walk(*member, path, at + 1, found);
  }
  if (const auto* index = std::get_if<std::size_t>(&path[at])) {
    const auto* array = value.if_array();
    return array != nullptr && *index < array->size() && walk((*array)[*index], path, at + 1, found);
  }
  if (const auto* object = value.if_object()) {
    for (const auto& member : *object) {
      if (walk(member.value(), path, at + 1, found)) return true;
    }
  }
  if (const auto* array = value.if_array()) {
    for (const auto& element : *array) {
      if (walk(element, path, at + 1, found)) return true;
    }
  }
  return false;
}

template <class Leaf>
bool evaluate(const Expression& expression, const Leaf& leaf) {
  if (expression.kind == Expression::Kind::condition) return leaf(expression.condition);
  const bool any = expression.kind == Expression::Kind::any;
  for (const Expression& child : expression.children) {
    if (evaluate(child, leaf) == any) return any;
  }
  return !any;
}

using Failure = std::unexpected<std::string>;
Failure invalid() {
  return Failure("Invalid filter pattern");
}

/// Recursive descent over `a = 1 && (b != "x" || c IS NULL)`.
class ExpressionParser {
 public:
  ExpressionParser(std::string_view text, bool json_paths) : text_(text), json_paths_(json_paths) {}

  std::expected<Expression, std::string> whole() {
    auto result = any(0);
    skip();
    if (result && at_ != text_.size()) return invalid();
    return result;
  }

 private:
  void skip() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }
  bool take(std::string_view token) {
    skip();
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }
  bool take_word(std::string_view word) {
    skip();
    const std::string_view rest = text_.substr(at_);
    if (!rest.starts_with(word)) return false;
    if (rest.size() > word.size() && !is_space(rest[word.size()]) && rest[word.size()] != ')') return false;
    at_ += word.size();
    return true;
  }

  std::expected<Expression, std::string> any(int depth) { return joined(depth, Expression::Kind::any, "||"); }

  std::expected<Expression, std::string> joined(int depth, Expression::Kind kind, std::string_view token) {
    if (depth > k_max_nesting) return invalid();
    Expression result;
    result.kind = kind;
    do {
      auto child = kind == Expression::Kind::any ? joined(depth, Expression::Kind::all, "&&") : single(depth);
      if (!child) return child;
      result.children.push_back(*std::move(child));
    } while (take(token));
    if (result.children.size() > 1) return result;
    Expression only = std::move(result.children.front());
    return only;
  }

  std::expected<Expression, std::string> single(int depth) {
    if (!take("(")) return condition();
    auto inside = any(depth + 1);
    if (inside && !take(")")) return invalid();
    return inside;
  }

  std::expected<Expression, std::string> condition() {
    Expression result;
    Condition& condition = result.condition;
    skip();
    if (json_paths_ ? !path(condition.path) : !field(condition.field)) return invalid();
    if (take_word("NOT")) {
      condition.op = Operator::missing;
      if (!take_word("EXISTS")) return invalid();
      return result;
    }
    if (take_word("EXISTS")) return result;
    if (take_word("IS")) {
      condition.op = Operator::equal;
      if (take_word("TRUE")) condition.literal = Literal::yes;
      if (condition.literal == Literal::none && take_word("FALSE")) condition.literal = Literal::no;
      if (condition.literal == Literal::none && take_word("NULL")) condition.literal = Literal::null;
      if (condition.literal == Literal::none) return invalid();
      return result;
    }
    if (!comparison(condition.op)) {
      // A space-delimited field may stand alone: its name says that it is there.
      return json_paths_ ? std::expected<Expression, std::string>(invalid()) : result;
    }
    if (auto read = value(condition); !read) return std::unexpected(read.error());
    return result;
  }

  bool comparison(Operator& op) {
    static constexpr std::pair<std::string_view, Operator> k_operators[] = {
        {"!=", Operator::not_equal}, {"<=", Operator::less_equal}, {">=", Operator::greater_equal},
        {"=", Operator::equal},      {"<", Operator::less},        {">", Operator::greater}};
    for (const auto& [token, meaning] : k_operators) {
      if (take(token)) {
        op = meaning;
        return true;
      }
    }
    return false;
  }

  bool field(std::string& name) {
    while (at_ < text_.size() && !is_space(text_[at_]) && !std::string_view("=!<>()&|").contains(text_[at_])) {
      name += text_[at_++];
    }
    return !name.empty();
  }

  bool path(std::vector<PathStep>& steps) {
    if (!take("$")) return false;
    while (at_ < text_.size() && (text_[at_] == '.' || text_[at_] == '[')) {
      if (!(text_[at_++] == '.' ? member(steps) : subscript(steps))) return false;
    }
    return !steps.empty();
  }

  bool member(std::vector<PathStep>& steps) {
    std::string name;
    while (at_ < text_.size() && !is_space(text_[at_]) && !std::string_view(".[=!<>()&|").contains(text_[at_])) {
      name += text_[at_++];
    }
    if (name.empty()) return false;
    if (name == "*") {
      steps.emplace_back(Any{});
    } else {
      steps.emplace_back(std::move(name));
    }
    return true;
  }

  bool subscript(std::vector<PathStep>& steps) {
    const auto end = text_.find(']', at_);
    if (end == std::string_view::npos) return false;
    std::string_view inside = trimmed(text_.substr(at_, end - at_));
    at_ = end + 1;
    if (inside == "*") {
      steps.emplace_back(Any{});
      return true;
    }
    if (inside.size() >= 2 && (inside.front() == '"' || inside.front() == '\'') && inside.back() == inside.front()) {
      steps.emplace_back(std::string(inside.substr(1, inside.size() - 2)));
      return true;
    }
    const auto index = parse_number<std::size_t>(inside);
    if (!index) return false;
    steps.emplace_back(*index);
    return true;
  }

  std::expected<void, std::string> value(Condition& condition) {
    skip();
    if (at_ == text_.size()) return invalid();
    if (text_[at_] == '"') return quoted(condition.value);
    if (text_[at_] == '%') {
      const auto end = text_.find('%', at_ + 1);
      if (end == std::string_view::npos) return invalid();
      auto regex = LineRegex::parse(text_.substr(at_ + 1, end - at_ - 1));
      if (!regex) return std::unexpected(regex.error());
      condition.regex = *std::move(regex);
      at_ = end + 1;
      return {};
    }
    while (at_ < text_.size() && !is_space(text_[at_]) && !std::string_view("()&|").contains(text_[at_])) {
      condition.value += text_[at_++];
    }
    if (condition.value.empty()) return invalid();
    condition.number = parse_number<double>(condition.value);
    return {};
  }

  std::expected<void, std::string> quoted(std::string& out) {
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      out += text_[at_];
    }
    if (at_ == text_.size()) return invalid();
    ++at_;
    return {};
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool json_paths_;
};

}  // namespace

std::expected<Expression, std::string> parse_expression(std::string_view text, bool json_paths) {
  return ExpressionParser(text, json_paths).whole();
}

bool matches_json(const Expression& expression, std::string_view message) {
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = 64;
  const json::value document = json::parse(message, error, {}, options);
  if (error) return false;
  return evaluate(expression, [&](const Condition& condition) {
    if (condition.op == Operator::missing) {
      return !walk(document, condition.path, 0, [](const json::value&) { return true; });
    }
    if (condition.op == Operator::exists) {
      return walk(document, condition.path, 0, [](const json::value&) { return true; });
    }
    return walk(document, condition.path, 0, [&](const json::value& value) { return holds(condition, value); });
  });
}

bool matches_word(const Expression& expression, std::string_view field, std::string_view word) {
  return evaluate(expression, [&](const Condition& condition) {
    if (condition.op == Operator::exists) return true;
    return condition.field == field && holds(condition, word);
  });
}

}  // namespace sortie::emulator::logs
