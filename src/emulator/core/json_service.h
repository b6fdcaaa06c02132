#pragma once

#include <boost/json.hpp>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/task.h"
#include "emulator/core/call.h"

/// JSON 1.1's side of a service (CloudWatch Logs, Systems Manager): `X-Amz-Target: PREFIX.Operation`, an object each
/// way. https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
namespace sortie::emulator {

struct JsonRequest {
  std::string operation;
  boost::json::object input;
};

/// Reads `call`'s body of at most `max_bytes`. `target_prefix` with its dot: `Logs_20140328.`. 400
/// SerializationException, UnknownOperationException.
Task<AwsResult<JsonRequest>> read_json_request(Call& call, std::string_view target_prefix, std::size_t max_bytes);

/// An operation's output. `empty_response` is of one that AWS answers without any body.
http::Response output_response(const boost::json::object& output, const std::string& request_id);
http::Response empty_response(const std::string& request_id);

/// IAM's decision as JSON 1.1 services send it: 400 AccessDeniedException where others say 403 AccessDenied.
AwsResult<void> json_decision(AwsResult<void> decision);

}  // namespace sortie::emulator
