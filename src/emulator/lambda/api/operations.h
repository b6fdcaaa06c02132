#pragma once

#include <string>
#include <vector>

#include "emulator/lambda/api/operation.h"

/// The operations of the API together.
namespace sortie::emulator::lambda {

/// The operation that a request asks for, and the captured parts of its path, decoded; null when there is none.
const Row* find_operation(const http::Request& request, std::vector<std::string>& parts);
/// What docs/operations.md says of them.
std::vector<OperationSummary> operations_summary();
/// What AWS says to a request whose body is larger than any may be.
std::string too_large_for(const http::Request& request);
/// Reads the body of a request as a JSON object; large ones are parsed on the pool.
Task<AwsResult<boost::json::object>> read_json_body(http::Request& request, BlockingPool& blocking);

}  // namespace sortie::emulator::lambda
