#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "emulator/logs/line_regex.h"

/// The conditions inside `{ … }` and `[ … ]` of a filter pattern.
namespace sortie::emulator::logs {

/// One step of `$.a[0].*`: a member name, an index, or any child.
struct Any {};
using PathStep = std::variant<std::string, std::size_t, Any>;

enum class Operator : std::uint8_t { equal, not_equal, less, less_equal, greater, greater_equal, exists, missing };
enum class Literal : std::uint8_t { none, yes, no, null };

struct Condition {
  std::vector<PathStep> path;  ///< JSON
  std::string field;           ///< space-delimited
  Operator op = Operator::exists;
  Literal literal = Literal::none;
  std::string value;
  std::optional<double> number;  ///< of a value that was not quoted
  std::optional<LineRegex> regex;
};

/// Conditions joined by `&&` and `||`.
struct Expression {
  enum class Kind : std::uint8_t { condition, all, any } kind = Kind::condition;
  Condition condition;
  std::vector<Expression> children;
};

/// Reads `a = 1 && (b != "x" || c IS NULL)`. With `json_paths` the left sides are `$.a[0]`, else field names, which may
/// stand alone. Nesting at most 16. The error is a sentence.
std::expected<Expression, std::string> parse_expression(std::string_view text, bool json_paths);

/// A message that is not JSON matches nothing.
bool matches_json(const Expression& expression, std::string_view message);
/// Conditions on other fields than `field` do not hold.
bool matches_word(const Expression& expression, std::string_view field, std::string_view word);

bool is_space(char c);
std::string_view trimmed(std::string_view text);

}  // namespace sortie::emulator::logs
