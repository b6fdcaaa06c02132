#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/iam/pattern.h"

namespace sortie::emulator::iam {

/// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
enum class Operator : std::uint8_t {
  string_equals,
  string_equals_ignore_case,
  string_like,
  numeric_equals,
  numeric_less_than,
  numeric_less_than_equals,
  numeric_greater_than,
  numeric_greater_than_equals,
  date_equals,
  date_less_than,
  date_less_than_equals,
  date_greater_than,
  date_greater_than_equals,
  boolean,
  binary_equals,
  ip_address,
  arn_like,  ///< ArnEquals too: they behave alike
  null,
};

/// One line of a `Condition` block: an operator, a key, and the values it is compared with. Immutable.
class Condition {
 public:
  /// `name` is the operator as written: `StringLike`, `ForAnyValue:ArnNotLike`, `NumericEqualsIfExists`. Nothing when
  /// there is no such operator or a value cannot be read (a number, a date, an address).
  static std::optional<Condition> compile(std::string_view name, std::string_view key,
                                          const std::vector<std::string>& values, bool variables);

  [[nodiscard]] bool holds(const Context& context) const;

 private:
  enum class Quantifier : std::uint8_t { none, any_value, all_values };

  [[nodiscard]] bool matches_one(std::string_view request_value, const Context& context) const;
  [[nodiscard]] bool compile_value(const std::string& value, bool variables);

  struct Network {
    bool v6 = false;
    unsigned char bytes[16] = {};
    unsigned prefix = 0;
  };
  static std::optional<Network> parse_network(std::string_view text);
  static bool contains(const Network& network, const Network& address);

  Operator operator_ = Operator::string_equals;
  Quantifier quantifier_ = Quantifier::none;
  bool negated_ = false;
  bool if_exists_ = false;
  std::string key_;
  std::vector<Pattern> patterns_;   ///< strings, ARNs
  std::vector<double> numbers_;     ///< numbers; dates in milliseconds since 1970
  std::vector<std::string> texts_;  ///< booleans, binaries
  std::vector<Network> networks_;
};

}  // namespace sortie::emulator::iam
