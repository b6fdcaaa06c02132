#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <vector>

#include "emulator/core/call.h"
#include "emulator/lambda/catalogue/function.h"

/// The members of CreateFunction and UpdateFunctionConfiguration, checked as AWS checks them. Pure.
namespace sortie::emulator::lambda {

enum class Change : std::uint8_t { create, update };

/// Puts the members of `request` into `version`. Whatever AWS refuses is refused in its words; what the embedded AWS
/// does not have (VPC, images, …) is refused by name.
AwsResult<void> apply_configuration(const boost::json::object& request, Change change, const std::string& function_name,
                                    Version& version);

/// A runtime that AWS has and this machine cannot serve.
AwsError runtime_not_served(const std::string& runtime);

/// At most 50 tags, keys of 128 and values of 256 characters.
AwsResult<void> check_tags(const std::map<std::string, std::string>& tags);

}  // namespace sortie::emulator::lambda
