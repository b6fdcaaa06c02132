#include "emulator/core/json_service.h"

#include "emulator/core/protocol.h"

namespace sortie::emulator {
namespace {

namespace json = boost::json;

constexpr std::string_view k_content_type = "application/x-amz-json-1.1";

}  // namespace

Task<AwsResult<JsonRequest>> read_json_request(Call& call, std::string_view target_prefix, std::size_t max_bytes) {
  const auto body = co_await call.request.body.read_all(max_bytes);
  if (!body) co_return aws_fail(400, "SerializationException", "The request body could not be read.");
  std::string_view operation = call.request.headers.get_or("x-amz-target", "");
  if (!operation.starts_with(target_prefix)) {
    co_return aws_fail(400, "UnknownOperationException", "The X-Amz-Target header names no operation.");
  }
  operation.remove_prefix(target_prefix.size());
  boost::system::error_code malformed;
  json::value document = body->empty() ? json::value(json::object()) : json::parse(*body, malformed);
  if (malformed || !document.is_object()) {
    co_return aws_fail(400, "SerializationException", "The request body is not a JSON object.");
  }
  co_return JsonRequest{std::string(operation), std::move(document.get_object())};
}

http::Response output_response(const json::object& output, const std::string& request_id) {
  return json_response(200, output, request_id, k_content_type);
}

http::Response empty_response(const std::string& request_id) {
  http::Response empty;
  empty.headers.add("x-amzn-RequestId", request_id);
  empty.headers.add("Content-Type", std::string(k_content_type));
  return empty;
}

AwsResult<void> json_decision(AwsResult<void> decision) {
  if (decision) return {};
  AwsError& error = decision.error();
  if (error.code == "AccessDenied") error.code = "AccessDeniedException";
  error.status = 400;
  return decision;
}

}  // namespace sortie::emulator
