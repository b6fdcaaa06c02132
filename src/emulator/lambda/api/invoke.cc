#include <fmt/format.h>

#include <boost/json/basic_parser_impl.hpp>
#include <random>

#include "emulator/core/protocol.h"
#include "emulator/lambda/api/service.h"
#include "wire/checksum.h"

/// Invocations.
namespace sortie::emulator::lambda {
namespace {

constexpr std::size_t k_client_context_limit = 3583;
constexpr std::size_t k_json_depth = 512;

/// Takes events and keeps nothing: tells whether a text is JSON without building a value.
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

}  // namespace

std::string make_trace_id(SystemTime now, std::string request_id) {
  std::erase(request_id, '-');
  request_id.resize(32, '0');
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  return fmt::format("Root=1-{:08x}-{};Parent={};Sampled=0", seconds, request_id.substr(0, 24), request_id.substr(16));
}

double next_chance() {
  static std::minstd_rand numbers(std::random_device{}());
  return std::uniform_real_distribution<double>(0, 1)(numbers);
}

AwsResult<void> Service::submit(const Function& function, const Version& version, const std::string& qualifier,
                                std::shared_ptr<Invocation> invocation) {
  if (version.status == Version::Status::creating) {
    return aws_fail(409, "ResourceConflictException",
                    "The operation cannot be performed at this time. The function is currently in the following state: "
                    "Pending");
  }
  if (auto allowed = check_invoke_rate(function); !allowed) return allowed;
  auto deployment = deployment_of(function, version);
  if (!deployment) return std::unexpected(deployment.error());
  Pool::Concurrency concurrency{.region = function.region,
                                .name = function.name,
                                .reserved = function.reserved_concurrency,
                                .reserved_elsewhere = reserved_except(function)};
  concurrency.provisioned_total = function.provisioned_total();
  if (const auto name = function.provisioned_name(qualifier, version.version); !name.empty()) {
    concurrency.provisioned = function.arn(name);
    concurrency.provisioned_here = function.provisioned.at(name).executions;
  }
  return pool_->submit(concurrency, *std::move(deployment), std::move(invocation));
}

/// What Invoke and InvokeWithResponseStream have in common before the function runs.
Task<AwsResult<Service::Prepared>> Service::prepare(Request& request, std::size_t limit, std::string_view type) {
  auto target = find_target(request, "InvokeFunction");
  if (!target) {
    auto error = target.error();
    bool missing = error.code == "ResourceNotFoundException" && error.message.starts_with("Function not found");
    auto ref = name_of(request, NameUse::other, request.parts.at(0), request.query("Qualifier"));
    if (missing && ref && ref->qualifier.empty()) error.message += ":$LATEST";
    co_return std::unexpected(std::move(error));
  }
  auto& headers = request.call.request.headers;
  auto length = request.call.request.body.length();
  auto too_large = [&](std::uint64_t size) {
    return aws_fail(
        413, "RequestTooLargeException",
        fmt::format("{} byte payload is too large for the {} invocation type (limit {} bytes)", size, type, limit));
  };
  if (length && *length > limit) co_return too_large(*length);
  auto payload = co_await request.call.request.body.read_all(limit);
  if (!payload) co_return too_large(limit + 1);
  if (payload->empty()) *payload = "{}";
  if (auto checked = check_json(*payload); !checked) co_return std::unexpected(checked.error());
  auto invocation = std::make_shared<Invocation>(executor_);
  invocation->request_id = request.call.request_id;
  invocation->payload = *std::move(payload);
  invocation->invoked_arn = target->ref.arn();
  invocation->client_context = headers.get_or("X-Amz-Client-Context", "");
  if (invocation->client_context.size() > k_client_context_limit) {
    co_return std::unexpected(invalid_parameter("Client context must be smaller than 3583 bytes."));
  }
  auto trace = headers.get_or("X-Amzn-Trace-Id", "");
  invocation->trace_id = trace.empty() ? make_trace_id(clock_.now(), invocation->request_id) : std::string(trace);
  invocation->wants_tail = headers.get_or("X-Amz-Log-Type", "None") == "Tail";
  co_return Prepared{std::move(invocation), *std::move(target)};
}

Task<Service::Answer> Service::invoke(Request& request) {
  std::string type(request.call.request.headers.get_or("X-Amz-Invocation-Type", "RequestResponse"));
  if (type != "RequestResponse" && type != "Event" && type != "DryRun") {
    co_return std::unexpected(validation_error(
        {constraint(type, "invocationType", "Member must satisfy enum value set: [Event, RequestResponse, DryRun]")}));
  }
  auto prepared = co_await prepare(request, type == "Event" ? k_async_request_limit : k_request_limit, type);
  if (!prepared) co_return std::unexpected(prepared.error());
  const auto& id = request.call.request_id;
  if (type == "DryRun") co_return empty_response(204, id);
  auto& [invocation, target] = *prepared;
  if (type == "Event") {
    async_->accept({.request_id = id,
                    .region = target.ref.region,
                    .name = target.ref.name,
                    .qualifier = target.ref.qualifier,
                    .payload = std::move(invocation->payload),
                    .client_context = invocation->client_context});
    co_return empty_response(202, id);
  }
  // The target may have changed while the payload came in.
  auto* function = registry_.find(target.ref.region, target.ref.name);
  const auto* found = function != nullptr ? function->find(target.ref.qualifier, next_chance()) : nullptr;
  if (found == nullptr) co_return std::unexpected(function_not_found(target.ref.arn()));
  auto executed = found->version;
  if (auto begun = submit(*function, *found, target.ref.qualifier, invocation); !begun)
    co_return std::unexpected(begun.error());
  while (!invocation->done) co_await invocation->changed.wait();
  if (invocation->result.refused) co_return std::unexpected(*invocation->result.refused);
  http::Response response{.status = 200,
                          .headers = {{"x-amzn-RequestId", id}, {"Content-Type", "application/json"}},
                          .body = std::move(invocation->result.payload)};
  add_result_headers(response, std::move(executed), *invocation);
  co_return response;
}

Task<Service::Answer> Service::invoke_with_response_stream(Request& request) {
  std::string type(request.call.request.headers.get_or("X-Amz-Invocation-Type", "RequestResponse"));
  if (type != "RequestResponse" && type != "DryRun") {
    co_return std::unexpected(validation_error(
        {constraint(type, "invocationType", "Member must satisfy enum value set: [RequestResponse, DryRun]")}));
  }
  auto prepared = co_await prepare(request, k_request_limit, type);
  if (!prepared) co_return std::unexpected(prepared.error());
  const auto& id = request.call.request_id;
  if (type == "DryRun") co_return empty_response(204, id);
  auto& [invocation, target] = *prepared;
  auto* function = registry_.find(target.ref.region, target.ref.name);
  const auto* found = function != nullptr ? function->find(target.ref.qualifier, next_chance()) : nullptr;
  if (found == nullptr) co_return std::unexpected(function_not_found(target.ref.arn()));
  auto executed = found->version;
  invocation->stream = std::make_shared<ResponseStream>(executor_);
  auto body = invocation->stream->body();
  if (auto begun = submit(*function, *found, target.ref.qualifier, invocation); !begun)
    co_return std::unexpected(begun.error());
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
Task<Service::Answer> Service::invoke_async(Request& request) {
  auto prepared = co_await prepare(request, k_async_request_limit, "Event");
  if (!prepared) co_return std::unexpected(prepared.error());
  auto& [invocation, target] = *prepared;
  async_->accept({.request_id = invocation->request_id,
                  .region = target.ref.region,
                  .name = target.ref.name,
                  .payload = std::move(invocation->payload)});
  co_return json_response(202, boost::json::object{{"Status", 202}}, request.call.request_id);
}

Task<AsyncQueue::Attempt> Service::attempt_async(AsyncRequest request) {
  auto self = shared_from_this();
  using Attempt = AsyncQueue::Attempt;
  using Disposition = AsyncQueue::Disposition;
  auto* function = registry_.find(request.region, request.name);
  const auto* version = function != nullptr ? function->find(request.qualifier, next_chance()) : nullptr;
  if (version == nullptr) co_return Attempt{Disposition::gone, {}, {}, {}};
  if (function->reserved_concurrency == 0) co_return Attempt{Disposition::refused, {}, {}, {}};
  auto invocation = std::make_shared<Invocation>(executor_);
  invocation->request_id = request.request_id;
  invocation->payload = std::move(request.payload);
  invocation->invoked_arn = function->arn(request.qualifier);
  invocation->client_context = std::move(request.client_context);
  invocation->trace_id = make_trace_id(clock_.now(), request.request_id);
  auto executed = version->version;
  if (!submit(*function, *version, request.qualifier, invocation))
    co_return Attempt{Disposition::throttled, {}, {}, {}};
  while (!invocation->done) co_await invocation->changed.wait();
  auto& result = invocation->result;
  if (result.refused) co_return Attempt{Disposition::throttled, {}, {}, {}};
  co_return Attempt{result.function_error.empty() ? Disposition::done : Disposition::failed, std::move(executed),
                    std::move(result.function_error), std::move(result.payload)};
}

}  // namespace sortie::emulator::lambda
