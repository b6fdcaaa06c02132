#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/core/call.h"

/// Names of parameters, and what may stand behind them.
/// https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-parameter-name-constraints.html
namespace sortie::emulator::ssm {

/// One as a request names it.
struct ParameterName {
  std::string name;      ///< `/app/key`, `key`
  std::string selector;  ///< behind the colon: a version or a label; empty: the newest
};

/// `NAME`, `NAME:VERSION`, `NAME:LABEL`, or the ARN of one of this account and region with the same behind it. 400
/// ValidationException in AWS's words.
AwsResult<ParameterName> parse_name(const Call& call, std::string_view text);

/// Whether a parameter may be made under this name: 400 ValidationException, AccessDeniedException (`/aws/…`),
/// HierarchyLevelLimitExceededException.
AwsResult<void> check_new_name(const Call& call, std::string_view name);

/// A path for GetParametersByPath, `/` or `/a/b`, with or without a slash at its end, which is not returned.
AwsResult<std::string> parse_path(std::string_view text);

/// Labels: letters, digits, `.`, `-`, `_`, at most 100; not a number in front, nor `aws` or `ssm`.
bool is_label(std::string_view text);

/// `arn:aws:ssm:REGION:ACCOUNT:parameter/NAME`
std::string parameter_arn(const Call& call, std::string_view name);

/// Positive, of digits alone.
std::optional<std::int64_t> parse_version(std::string_view text);

}  // namespace sortie::emulator::ssm
