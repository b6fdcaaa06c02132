#include "emulator/iam/condition.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/ascii.h"
#include "base/number.h"
#include "wire/checksum.h"
#include "wire/date.h"

namespace sortie::emulator::iam {

namespace {

struct OperatorName {
  std::string_view name;  ///< lower case
  Operator op;
  bool negated;
};

constexpr OperatorName k_operators[] = {
    {"stringequals", Operator::string_equals, false},
    {"stringnotequals", Operator::string_equals, true},
    {"stringequalsignorecase", Operator::string_equals_ignore_case, false},
    {"stringnotequalsignorecase", Operator::string_equals_ignore_case, true},
    {"stringlike", Operator::string_like, false},
    {"stringnotlike", Operator::string_like, true},
    {"numericequals", Operator::numeric_equals, false},
    {"numericnotequals", Operator::numeric_equals, true},
    {"numericlessthan", Operator::numeric_less_than, false},
    {"numericlessthanequals", Operator::numeric_less_than_equals, false},
    {"numericgreaterthan", Operator::numeric_greater_than, false},
    {"numericgreaterthanequals", Operator::numeric_greater_than_equals, false},
    {"dateequals", Operator::date_equals, false},
    {"datenotequals", Operator::date_equals, true},
    {"datelessthan", Operator::date_less_than, false},
    {"datelessthanequals", Operator::date_less_than_equals, false},
    {"dategreaterthan", Operator::date_greater_than, false},
    {"dategreaterthanequals", Operator::date_greater_than_equals, false},
    {"bool", Operator::boolean, false},
    {"binaryequals", Operator::binary_equals, false},
    {"ipaddress", Operator::ip_address, false},
    {"notipaddress", Operator::ip_address, true},
    {"arnequals", Operator::arn_like, false},
    {"arnlike", Operator::arn_like, false},
    {"arnnotequals", Operator::arn_like, true},
    {"arnnotlike", Operator::arn_like, true},
    {"null", Operator::null, false},
};

bool is_date(Operator op) {
  return op >= Operator::date_equals && op <= Operator::date_greater_than_equals;
}
bool is_number(Operator op) {
  return op >= Operator::numeric_equals && op <= Operator::numeric_greater_than_equals;
}

std::optional<double> parse_date(std::string_view text) {
  if (const auto time = wire::parse_timestamp(text)) return static_cast<double>(time->time_since_epoch().count());
  return std::nullopt;
}

bool compare(Operator op, double request, double policy) {
  switch (op) {
    case Operator::numeric_less_than:
    case Operator::date_less_than: return request < policy;
    case Operator::numeric_less_than_equals:
    case Operator::date_less_than_equals: return request <= policy;
    case Operator::numeric_greater_than:
    case Operator::date_greater_than: return request > policy;
    case Operator::numeric_greater_than_equals:
    case Operator::date_greater_than_equals: return request >= policy;
    default: return request == policy;
  }
}

}  // namespace

std::optional<Condition> Condition::compile(std::string_view name, std::string_view key,
                                            const std::vector<std::string>& values, bool variables) {
  Condition condition;
  std::string lower = ascii_lower(name);
  std::string_view rest = lower;
  if (rest.starts_with("foranyvalue:")) {
    condition.quantifier_ = Quantifier::any_value;
    rest.remove_prefix(12);
  } else if (rest.starts_with("forallvalues:")) {
    condition.quantifier_ = Quantifier::all_values;
    rest.remove_prefix(13);
  }
  if (rest.ends_with("ifexists") && !rest.starts_with("null")) {
    condition.if_exists_ = true;
    rest.remove_suffix(8);
  }
  const auto* found = std::ranges::find(k_operators, rest, &OperatorName::name);
  if (found == std::end(k_operators)) return std::nullopt;
  condition.operator_ = found->op;
  condition.negated_ = found->negated;
  condition.key_ = ascii_lower(key);
  for (const std::string& value : values) {
    if (!condition.compile_value(value, variables)) return std::nullopt;
  }
  return condition;
}

bool Condition::compile_value(const std::string& value, bool variables) {
  if (is_number(operator_) || is_date(operator_)) {
    const auto number = is_date(operator_) ? parse_date(value) : parse_number<double>(value);
    if (number) numbers_.push_back(*number);
    return number.has_value();
  }
  switch (operator_) {
    case Operator::boolean:
    case Operator::null:
      texts_.push_back(ascii_lower(value));
      return texts_.back() == "true" || texts_.back() == "false";
    case Operator::binary_equals: {
      auto bytes = wire::base64_decode(value);
      if (!bytes) return false;
      texts_.push_back(*std::move(bytes));
      return true;
    }
    case Operator::ip_address: {
      const auto network = parse_network(value);
      if (network) networks_.push_back(*network);
      return network.has_value();
    }
    default: {
      const bool wildcards = operator_ == Operator::string_like || operator_ == Operator::arn_like;
      patterns_.push_back(
          Pattern::compile(value, {wildcards, variables, operator_ == Operator::string_equals_ignore_case}));
      return true;
    }
  }
}

bool Condition::holds(const Context& context) const {
  std::vector<std::string> values;
  const bool present = context.find(key_, values) && !values.empty();
  if (operator_ == Operator::null) {
    return std::ranges::any_of(texts_, [&](const std::string& text) { return (text == "true") == !present; });
  }
  if (!present) {
    if (if_exists_ || quantifier_ == Quantifier::all_values) return true;
    return quantifier_ == Quantifier::none && negated_;
  }
  // A negated operator holds for a value that equals none of the policy's values.
  const auto one = [&](const std::string& value) { return matches_one(value, context) != negated_; };
  if (quantifier_ == Quantifier::all_values) return std::ranges::all_of(values, one);
  if (quantifier_ == Quantifier::any_value || !negated_) return std::ranges::any_of(values, one);
  return std::ranges::all_of(values, one);
}

bool Condition::matches_one(std::string_view value, const Context& context) const {
  if (is_number(operator_) || is_date(operator_)) {
    const auto number = is_date(operator_) ? parse_date(value) : parse_number<double>(value);
    return number && std::ranges::any_of(numbers_, [&](double policy) { return compare(operator_, *number, policy); });
  }
  const auto any_pattern = [&](auto&& matches) { return std::ranges::any_of(patterns_, matches); };
  switch (operator_) {
    case Operator::boolean: return std::ranges::find(texts_, ascii_lower(value)) != texts_.end();
    case Operator::binary_equals: {
      const auto bytes = wire::base64_decode(value);
      return bytes && std::ranges::find(texts_, *bytes) != texts_.end();
    }
    case Operator::ip_address: {
      const auto address = parse_network(value);
      return address && std::ranges::any_of(networks_, [&](const Network& n) { return contains(n, *address); });
    }
    case Operator::arn_like: return any_pattern([&](const Pattern& p) { return p.matches_arn(value, context); });
    case Operator::string_equals_ignore_case: {
      const std::string lower = ascii_lower(value);
      return any_pattern([&](const Pattern& p) { return p.matches(lower, context); });
    }
    default: return any_pattern([&](const Pattern& p) { return p.matches(value, context); });
  }
}

std::optional<Condition::Network> Condition::parse_network(std::string_view text) {
  Network network;
  const auto slash = text.find('/');
  const std::string address(text.substr(0, slash));
  network.v6 = address.find(':') != std::string::npos;
  if (inet_pton(network.v6 ? AF_INET6 : AF_INET, address.c_str(), network.bytes) != 1) return std::nullopt;
  static constexpr unsigned char k_mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (network.v6 && slash == std::string_view::npos && std::memcmp(network.bytes, k_mapped, 12) == 0) {
    std::memmove(network.bytes, network.bytes + 12, 4);
    network.v6 = false;
  }
  const unsigned most = network.v6 ? 128 : 32;
  network.prefix = most;
  if (slash != std::string_view::npos) {
    const auto prefix = parse_number_between<unsigned>(text.substr(slash + 1), 0, most);
    if (!prefix) return std::nullopt;
    network.prefix = *prefix;
  }
  return network;
}

bool Condition::contains(const Network& network, const Network& address) {
  if (network.v6 != address.v6 || network.prefix > address.prefix) return false;
  const unsigned whole = network.prefix / 8;
  if (std::memcmp(network.bytes, address.bytes, whole) != 0) return false;
  const unsigned rest = network.prefix % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<unsigned char>(0xff << (8 - rest));
  return (network.bytes[whole] & mask) == (address.bytes[whole] & mask);
}

}  // namespace sortie::emulator::iam
