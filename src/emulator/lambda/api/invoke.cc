#include <fmt/format.h>

#include <boost/json/basic_parser_impl.hpp>

#include "emulator/lambda/api/operation.h"
#include "wire/checksum.h"

/// Invocations.
namespace sortie::emulator::lambda {
namespace {

constexpr std::size_t k_client_context_limit = 3583;
constexpr std::size_t k_json_depth = 512;

/// Takes parser events and keeps nothing: whether a text is JSON, without building a value.
struct JsonChecker {
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
  using Error = boost::json::error_code;
  using Text = boost::json::string_view;
  bool on_document_begin(Error&) { return true; }
  bool on_document_end(Error&) { return true; }
  bool on_object_begin(Error&) { return true; }
  bool on_object_end(std::size_t, Error&) { return true; }
  bool on_array_begin(Error&) { return true; }
  bool on_array_end(std::size_t, Error&) { return true; }
  bool on_key_part(Text, std::size_t, Error&) { return true; }
  bool on_key(Text, std::size_t, Error&) { return true; }
  bool on_string_part(Text, std::size_t, Error&) { return true; }
  bool on_string(Text, std::size_t, Error&) { return true; }
  bool on_number_part(Text, Error&) { return true; }
  bool on_int64(std::int64_t, Text, Error&) { return true; }
  bool on_uint64(std::uint64_t, Text, Error&) { return true; }
  bool on_double(double, Text, Error&) { return true; }
  bool on_bool(bool, Error&) { return true; }
  bool on_null(Error&) { return true; }
  bool on_comment_part(Text, Error&) { return true; }
  bool on_comment(Text, Error&) { return true; }
};

AwsResult<void> check_json(std::string_view text) {
  boost::json::parse_options options;
  options.max_depth = k_json_depth;
  boost::json::basic_parser<JsonChecker> parser(options);
  boost::json::error_code error;
  auto used = parser.write_some(false, text.data(), text.size(), error);
  if (!error && used == text.size()) return {};
  auto reason = error ? error.message() : std::string("extra data");
  return aws_fail(400, "InvalidRequestContentException",
                  "Could not parse request body into json: Could not parse payload into json: " + reason);
}

void add_result_headers(http::Response& response, std::string version, const Invocation& invocation) {
  response.headers.add("X-Amz-Executed-Version", std::move(version));
  response.headers.add("X-Amzn-Trace-Id", invocation.trace_id);
  const auto& result = invocation.result;
  if (!result.function_error.empty()) response.headers.add("X-Amz-Function-Error", result.function_error);
  if (invocation.wants_tail) response.headers.add("X-Amz-Log-Result", wire::base64_encode(result.log_tail));
}

/// An invocation that may begin.
struct Prepared {
  std::shared_ptr<Invocation> invocation;
  Target target;
};

/// What Invoke and InvokeWithResponseStream have in common before the function runs.
Task<AwsResult<Prepared>> prepare(Operation& operation, std::size_t limit, std::string_view type) {
  auto target = find_target(operation, "InvokeFunction");
  if (!target) {
    auto error = target.error();
    bool missing = error.code == "ResourceNotFoundException" && error.message.starts_with("Function not found");
    auto ref = operation.name();
    if (missing && ref && ref->qualifier.empty()) error.message += ":$LATEST";
    co_return std::unexpected(std::move(error));
  }
  auto& headers = operation.call.request.headers;
  auto length = operation.call.request.body.length();
  auto too_large = [&](std::uint64_t size) {
    return aws_fail(
        413, "RequestTooLargeException",
        fmt::format("{} byte payload is too large for the {} invocation type (limit {} bytes)", size, type, limit));
  };
  if (length && *length > limit) co_return too_large(*length);
  auto payload = co_await operation.call.request.body.read_all(limit);
  if (!payload) co_return too_large(limit + 1);
  if (payload->empty()) *payload = "{}";
  CO_RETURN_IF_ERROR(check_json(*payload));
  auto invocation =
      operation.invoker.make_invocation(operation.call.request_id, std::string(headers.get_or("X-Amzn-Trace-Id", "")));
  invocation->payload = *std::move(payload);
  invocation->invoked_arn = target->ref.arn();
  invocation->client_context = headers.get_or("X-Amz-Client-Context", "");
  if (invocation->client_context.size() > k_client_context_limit) {
    co_return std::unexpected(invalid_parameter("Client context must be smaller than 3583 bytes."));
  }
  invocation->wants_tail = headers.get_or("X-Amz-Log-Type", "None") == "Tail";
  co_return Prepared{std::move(invocation), *std::move(target)};
}

Task<Answer> invoke(Operation& operation) {
  std::string type(operation.call.request.headers.get_or("X-Amz-Invocation-Type", "RequestResponse"));
  if (type != "RequestResponse" && type != "Event" && type != "DryRun") {
    co_return std::unexpected(validation_error(
        {constraint(type, "invocationType", "Member must satisfy enum value set: [Event, RequestResponse, DryRun]")}));
  }
  ASSIGN_OR_CO_RETURN(auto prepared,
                      co_await prepare(operation, type == "Event" ? k_async_request_limit : k_request_limit, type));
  const auto& id = operation.call.request_id;
  if (type == "DryRun") co_return empty_response(204, id);
  auto& [invocation, target] = prepared;
  if (type == "Event") {
    operation.async.accept({.request_id = id,
                            .region = target.ref.region,
                            .name = target.ref.name,
                            .qualifier = target.ref.qualifier,
                            .payload = std::move(invocation->payload),
                            .client_context = invocation->client_context});
    co_return empty_response(202, id);
  }
  // The target may have changed while the payload came in.
  const auto invoked = operation.invoker.choose(target.ref.region, target.ref.name, target.ref.qualifier);
  if (!invoked) co_return std::unexpected(function_not_found(target.ref.arn()));
  auto executed = invoked->version->version;
  CO_RETURN_IF_ERROR(operation.invoker.submit(*invoked, target.ref.qualifier, invocation));
  while (!invocation->done) co_await invocation->changed.wait();
  if (invocation->result.refused) co_return std::unexpected(*invocation->result.refused);
  http::Response response{.status = 200,
                          .headers = {{"x-amzn-RequestId", id}, {"Content-Type", "application/json"}},
                          .body = std::move(invocation->result.payload)};
  add_result_headers(response, std::move(executed), *invocation);
  co_return response;
}

Task<Answer> invoke_with_response_stream(Operation& operation) {
  std::string type(operation.call.request.headers.get_or("X-Amz-Invocation-Type", "RequestResponse"));
  if (type != "RequestResponse" && type != "DryRun") {
    co_return std::unexpected(validation_error(
        {constraint(type, "invocationType", "Member must satisfy enum value set: [RequestResponse, DryRun]")}));
  }
  ASSIGN_OR_CO_RETURN(auto prepared, co_await prepare(operation, k_request_limit, type));
  const auto& id = operation.call.request_id;
  if (type == "DryRun") co_return empty_response(204, id);
  auto& [invocation, target] = prepared;
  const auto invoked = operation.invoker.choose(target.ref.region, target.ref.name, target.ref.qualifier);
  if (!invoked) co_return std::unexpected(function_not_found(target.ref.arn()));
  auto executed = invoked->version->version;
  invocation->stream = operation.invoker.make_stream();
  auto body = invocation->stream->body();
  CO_RETURN_IF_ERROR(operation.invoker.submit(*invoked, target.ref.qualifier, invocation));
  while (!invocation->accepted && !invocation->done) co_await invocation->changed.wait();
  if (invocation->result.refused) co_return std::unexpected(*invocation->result.refused);
  co_return http::Response{.status = 200,
                           .headers = {{"x-amzn-RequestId", id},
                                       {"Content-Type", "application/vnd.amazon.eventstream"},
                                       {"X-Amz-Executed-Version", executed},
                                       {"X-Amzn-Trace-Id", invocation->trace_id}},
                           .body = std::move(body)};
}

/// The old form of an asynchronous invocation.
Task<Answer> invoke_async(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto prepared, co_await prepare(operation, k_async_request_limit, "Event"));
  auto& [invocation, target] = prepared;
  operation.async.accept({.request_id = invocation->request_id,
                          .region = target.ref.region,
                          .name = target.ref.name,
                          .payload = std::move(invocation->payload)});
  co_return json_response(202, boost::json::object{{"Status", 202}}, operation.call.request_id);
}

constexpr Row k_operations[] = {
    {"Invoke", invoke, {.method = "POST", .path = "/2015-03-31/functions/{FunctionName}/invocations"}},
    {"InvokeWithResponseStream",
     invoke_with_response_stream,
     {.method = "POST", .path = "/2021-11-15/functions/{FunctionName}/response-streaming-invocations"}},
    {"InvokeAsync", invoke_async, {.method = "POST", .path = "/2014-11-13/functions/{FunctionName}/invoke-async"}},
};

}  // namespace

std::span<const Row> invoke_operations() {
  return k_operations;
}

}  // namespace sortie::emulator::lambda
