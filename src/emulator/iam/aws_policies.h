#pragma once

#include <span>
#include <string_view>

namespace sortie::emulator::iam {

/// A managed policy that AWS owns and every account has.
struct AwsPolicy {
  std::string_view name;
  std::string_view path;  ///< `/` or `/service-role/`
  std::string_view id;
  std::string_view description;
  std::string_view document;
};

/// Those of the services that the embedded AWS has.
/// https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
std::span<const AwsPolicy> aws_policies();

}  // namespace sortie::emulator::iam
