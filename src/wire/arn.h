#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace sortie::wire {

/// `arn:partition:service:region:account:resource`; region and account may be empty, the resource may contain colons.
struct Arn {
  std::string partition = "aws";
  std::string service;
  std::string region;
  std::string account;
  std::string resource;

  friend bool operator==(const Arn&, const Arn&) = default;
};

/// Limit 2048 bytes. ErrorKind::usage when it is not an ARN.
Result<Arn> parse_arn(std::string_view text);
bool is_arn(std::string_view text);
std::string to_string(const Arn& arn);
/// `aws-cn` for `cn-*`, `aws-us-gov` for `us-gov-*`, else `aws`.
std::string_view partition_of(std::string_view region);
/// `amazonaws.com`, or `amazonaws.com.cn` for `cn-*`.
std::string_view dns_suffix_of(std::string_view region);

}  // namespace sortie::wire
