#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sortie::emulator::iam {

/// The condition keys of one request: what `Condition` blocks and policy variables ask.
class Context {
 public:
  virtual ~Context() = default;
  /// Appends the values of `key` (lower case) and answers true, or false when the request does not have the key.
  virtual bool find(std::string_view key, std::vector<std::string>& values) const = 0;
};

/// One string of a policy document, compiled: wildcards (`*` any run, `?` any one character) and policy variables
/// (`${aws:username}`, `${aws:PrincipalTag/team, 'none'}`, `${*}`, `${?}`, `${$}`). The value of a variable is literal:
/// wildcards in it match only themselves.
/// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
class Pattern {
 public:
  struct Options {
    bool wildcards = true;
    bool variables = true;  ///< version 2012-10-17; in 2008-10-17 `${` is text
    bool lower_case = false;
  };
  static Pattern compile(std::string_view text, Options options);

  /// False when a variable has neither value nor default, or several values.
  [[nodiscard]] bool matches(std::string_view value, const Context& context) const;
  /// Compares the six parts of an ARN one by one: a wildcard does not reach over a colon, except in the resource part.
  [[nodiscard]] bool matches_arn(std::string_view value, const Context& context) const;
  /// The pattern as the policy's author wrote it.
  [[nodiscard]] const std::string& source() const { return source_; }

 private:
  struct Piece {
    std::string text;  ///< glob bytes, or the variable's key in lower case
    std::optional<std::string> fallback;
    bool variable = false;
  };
  void read_variable(std::string_view inside);
  void append_text(std::string_view bytes);
  /// The glob with every variable replaced; nothing when one cannot be.
  [[nodiscard]] std::optional<std::string> expand(const Context& context) const;

  Options options_;
  std::string source_;
  std::string glob_;           ///< when there is no variable
  std::vector<Piece> pieces_;  ///< when there is
  bool literal_ = true;
};

}  // namespace sortie::emulator::iam
