#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "emulator/cloudformation/stack/stack.h"
#include "emulator/core/call.h"

/// Stack policies: which updates of which resources somebody may make by mistake.
/// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/protect-stack-resources.html
namespace sortie::emulator::cloudformation {

inline constexpr std::size_t k_max_policy = 16'384;

/// At most k_max_policy bytes. ValidationError for what is not a policy.
AwsResult<void> check_stack_policy(std::string_view text);

/// Why `action` (Update:Modify, Update:Replace, Update:Delete) is not allowed for `resource`; empty when it is.
std::string denied_by_stack_policy(const Stack& stack, const Resource& resource, std::string_view action);

}  // namespace sortie::emulator::cloudformation
