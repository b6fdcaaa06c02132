#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// AWS's validation sentence, which most services send for parameters that are against their model:
/// `2 validation errors detected: Value 'x' at 'name' failed to satisfy constraint: Member must have length greater
/// than or equal to 2; Value null at 'arn' failed to satisfy constraint: Member must not be null`.
///
///     Violations violations;
///     if (name.size() < 2) violations.add("name", name, constraint::min_length(2));
///     if (!input.contains("Arn")) violations.add_missing("arn");
///     if (!violations.empty()) return aws_fail(400, "ValidationError", violations.sentence());
///
/// Members are named as the service names them: most begin with a small letter whatever the request's parameter does.
/// The error's code is the service's (`ValidationError`, `ValidationException`, `InvalidParameterException`).
namespace sortie::emulator {

class Violations {
 public:
  void add(std::string_view member, std::string_view value, std::string_view constraint) {
    list_.push_back(fmt::format("Value '{}' at '{}' failed to satisfy constraint: {}", value, member, constraint));
  }
  /// Of a value that is not shown: a secret, or one that AWS leaves out.
  void add_unshown(std::string_view member, std::string_view constraint) {
    list_.push_back(fmt::format("Value at '{}' failed to satisfy constraint: {}", member, constraint));
  }
  void add_missing(std::string_view member) {
    list_.push_back(fmt::format("Value null at '{}' failed to satisfy constraint: Member must not be null", member));
  }

  [[nodiscard]] bool empty() const { return list_.empty(); }
  /// Only when there is one.
  [[nodiscard]] std::string sentence() const {
    return fmt::format("{} validation error{} detected: {}", list_.size(), list_.size() == 1 ? "" : "s",
                       fmt::join(list_, "; "));
  }

 private:
  std::vector<std::string> list_;
};

/// The sentence of one violation.
inline std::string violation(std::string_view member, std::string_view value, std::string_view constraint) {
  Violations one;
  one.add(member, value, constraint);
  return one.sentence();
}
inline std::string unshown_violation(std::string_view member, std::string_view constraint) {
  Violations one;
  one.add_unshown(member, constraint);
  return one.sentence();
}
inline std::string missing_violation(std::string_view member) {
  Violations one;
  one.add_missing(member);
  return one.sentence();
}

/// The constraints of the service models in AWS's words.
namespace constraint {

inline std::string min_length(std::size_t least) {
  return fmt::format("Member must have length greater than or equal to {}", least);
}
inline std::string max_length(std::size_t most) {
  return fmt::format("Member must have length less than or equal to {}", most);
}
inline std::string length_between(std::size_t least, std::size_t most) {
  return fmt::format("Member must have length between {} and {}", least, most);
}
inline std::string min_value(std::int64_t least) {
  return fmt::format("Member must have value greater than or equal to {}", least);
}
inline std::string max_value(std::int64_t most) {
  return fmt::format("Member must have value less than or equal to {}", most);
}
inline std::string pattern(std::string_view regular_expression) {
  return fmt::format("Member must satisfy regular expression pattern: {}", regular_expression);
}
/// `values`: a range of strings or numbers.
template <class Range>
std::string one_of(const Range& values) {
  return fmt::format("Member must satisfy enum value set: [{}]", fmt::join(values, ", "));
}

}  // namespace constraint
}  // namespace sortie::emulator
