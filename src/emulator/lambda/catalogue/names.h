#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "emulator/core/call.h"

/// How callers name functions: `name`, `name:qualifier`, `123456789012:function:name`, or a whole ARN, each with or
/// without a qualifier. https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
namespace sortie::emulator::lambda {

/// A function as one request means it. Account and region are the emulator's own.
struct FunctionRef {
  std::string region;
  std::string account;
  std::string name;
  std::string qualifier;  ///< empty: none was given

  /// `arn:aws:lambda:R:A:function:NAME`, with the qualifier when there is one.
  [[nodiscard]] std::string arn() const;
  /// The same without a qualifier.
  [[nodiscard]] std::string unqualified_arn() const;
};

enum class NameUse : std::uint8_t { create, other };

/// Reads `text` (decoded) and the `Qualifier` parameter. Errors are AWS's: ValidationException for what does not match
/// the pattern, ResourceNotFoundException for another region, InvalidParameterValueException for two qualifiers that
/// differ.
AwsResult<FunctionRef> parse_function_name(std::string_view text, std::string_view qualifier, const std::string& region,
                                           const std::string& account, NameUse use);

/// `[a-zA-Z0-9-_]+`
bool is_plain_name(std::string_view text);
/// Lower-case letters and digits that nobody can guess.
std::string random_name(std::size_t length);
/// A number: the qualifier of a published version.
bool is_version(std::string_view text);

}  // namespace sortie::emulator::lambda
