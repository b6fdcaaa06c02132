#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sortie::emulator::logs {

/// A filter pattern of FilterLogEvents: terms (`ERROR -timeout ?a ?b "two words"`), JSON (`{ $.level = "error" }`) and
/// space-delimited fields (`[ip, user, ..., status = 5*]`).
/// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
/// Regular expressions (`%…%`) hold AWS's subset: no groups. Immutable, copyable, safe on any thread.
class FilterPattern {
 public:
  /// Limits: 1024 bytes, nesting of 16. The error is the sentence for an InvalidParameterException.
  static std::expected<FilterPattern, std::string> parse(std::string_view text);

  /// Case counts. An empty pattern matches everything.
  [[nodiscard]] bool matches(std::string_view message) const;
  /// What a message that matches a space-delimited pattern has in the fields that the pattern names; nothing for other
  /// patterns.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> fields(std::string_view message) const;

  struct Matcher;

 private:
  explicit FilterPattern(std::shared_ptr<const Matcher> matcher);
  std::shared_ptr<const Matcher> matcher_;
};

}  // namespace sortie::emulator::logs
