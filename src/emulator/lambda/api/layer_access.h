#pragma once

#include <string>
#include <string_view>

#include "emulator/lambda/api/operation.h"

/// Layers as requests name and use them.
namespace sortie::emulator::lambda {

/// Part 0 of the path is a name or an ARN, part 1, if there is one, the version.
AwsResult<LayerRef> layer_of(const Operation& operation);
/// Asks IAM for `lambda:ACTION` on the layer version, its own policy among what allows it.
AwsResult<void> authorize_layer(const Operation& operation, std::string_view action, const LayerRef& ref);
/// The resource policy, empty when there is none.
std::string policy_document(const LayerVersion& version);
/// Puts the layers that the body asks for into `version`: those that are there, and that the caller may use.
AwsResult<void> apply_layers(const Operation& operation, Version& version);
/// Code and layers together have a limit as well.
Task<AwsResult<void>> check_unpacked_size(Operation& operation, const Version& version);

}  // namespace sortie::emulator::lambda
