#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "emulator/s3/store/catalog.h"

namespace sortie::emulator::s3 {

/// What `x-amz-expiration` says of an object under a bucket's kept lifecycle rules (`<Rule>…`): the day it expires and
/// the id of the rule, the earliest where several rules match. Nothing when none does. The day is the midnight (UTC)
/// after the rule's days have gone by.
std::optional<std::string> expiration_of(std::string_view rules, const Object& object);

}  // namespace sortie::emulator::s3
