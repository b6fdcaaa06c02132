#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "emulator/core/call.h"
#include "http/message.h"

/// Lambda's errors with AWS's messages, and answers without a body.
namespace sortie::emulator::lambda {

/// ValidationException: `N validation error(s) detected: …` of at least one detail.
AwsError validation_error(const std::vector<std::string>& details);
/// `Value 'x' at 'member' failed to satisfy constraint: CONSTRAINT`
std::string constraint(std::string_view value, std::string_view member, std::string_view broken);

/// The same of a value that is one of `allowed`, written as AWS writes an enumeration: `A, B`.
std::string not_in_set(std::string_view value, std::string_view member, std::string_view allowed);

AwsError function_not_found(const std::string& arn);
/// As the first of an error's fields: it has no `Type`.
inline const std::pair<std::string, std::string> k_no_type{"Type", ""};
http::Response render_lambda_error(const AwsError& error, const std::string& request_id);
/// `json_response` without a body of its own: 204, 202.
http::Response empty_response(int status, const std::string& request_id);
AwsError invalid_parameter(std::string message);
/// 412: a RevisionId that is not the current one.
AwsError wrong_revision();

}  // namespace sortie::emulator::lambda
