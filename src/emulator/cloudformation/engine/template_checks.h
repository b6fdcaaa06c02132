#pragma once

#include <string>
#include <vector>

#include "emulator/cloudformation/template/template.h"

/// Whether a template may be used: its resource types, and what its caller has acknowledged.
namespace sortie::emulator::cloudformation {

/// Types that AWS does not have: ValidationError.
AwsResult<void> check_resource_types(const Template& whole);
/// Which capability the template needs: empty, CAPABILITY_IAM, CAPABILITY_NAMED_IAM, CAPABILITY_AUTO_EXPAND; with the
/// resource types behind it.
struct NeededCapabilities {
  std::vector<std::string> capabilities;
  std::vector<std::string> types;
};
NeededCapabilities needed_capabilities(const Template& whole);
/// 400 InsufficientCapabilitiesException when one is not among the given. Change sets, which can be looked at before
/// they are executed, need no CAPABILITY_AUTO_EXPAND.
AwsResult<void> check_capabilities(const Template& whole, const std::vector<std::string>& given, bool for_change_set);

/// What the parameter ResourceTypes of a request says: `AWS::S3::*` allows every type of S3, an empty list all. Else
/// ValidationError.
AwsResult<void> check_allowed_types(const Template& whole, const std::vector<std::string>& allowed);

}  // namespace sortie::emulator::cloudformation
