#include "aws/lambda.h"

#include <fmt/format.h>

#include "aws/lambda_json.h"
#include "wire/checksum.h"
#include "wire/json.h"
#include "wire/uri.h"

namespace sortie::aws {

namespace {

constexpr ServiceTraits k_traits{"Lambda", "lambda", "lambda", Protocol::rest_json, false};
constexpr std::chrono::milliseconds k_first_poll{2};
constexpr std::chrono::milliseconds k_longest_poll{1000};

std::string function_path(std::string_view name, std::string_view rest = {}) {
  return fmt::format("/2015-03-31/functions/{}{}", wire::uri_encode(name), rest);
}

std::string qualifier_query(const std::string& qualifier) {
  return qualifier.empty() ? "" : wire::build_query({{"Qualifier", qualifier}});
}

Operation operation(std::string name, std::string method, std::string path) {
  Operation out;
  out.name = std::move(name);
  out.method = std::move(method);
  out.path = std::move(path);
  return out;
}

Operation json_operation(std::string name, std::string method, std::string path, std::string body) {
  auto out = operation(std::move(name), std::move(method), std::move(path));
  out.headers.set("Content-Type", "application/json");
  out.body = std::move(body);
  return out;
}

Operation json_operation(std::string name, std::string method, std::string path, const json::object& body) {
  return json_operation(std::move(name), std::move(method), std::move(path), json::serialize(body));
}

Result<FunctionConfiguration> configuration_of(const Result<Reply>& reply) {
  if (!reply) return std::unexpected(reply.error());
  ASSIGN_OR_RETURN(const auto object, wire::parse_json_object(reply->body));
  return read_function_configuration(object);
}

std::string_view to_string(InvocationType type) {
  switch (type) {
    case InvocationType::request_response: return "RequestResponse";
    case InvocationType::event: return "Event";
    case InvocationType::dry_run: return "DryRun";
  }
  return {};
}

Operation invoke_operation(InvokeRequest request) {
  auto out = operation("Invoke", "POST", function_path(request.function, "/invocations"));
  out.query = qualifier_query(request.qualifier);
  out.headers.set("X-Amz-Invocation-Type", std::string(to_string(request.type)));
  if (request.log_tail) out.headers.set("X-Amz-Log-Type", "Tail");
  if (!request.client_context.empty()) out.headers.set("X-Amz-Client-Context", request.client_context);
  out.headers.set("Content-Type", "application/json");
  out.body = std::move(request.payload);
  out.retry = request.retry;
  return out;
}

Task<Result<FunctionConfiguration>> fetch_configuration(Client client, std::string name, std::string qualifier) {
  auto call = operation("GetFunctionConfiguration", "GET", function_path(name, "/configuration"));
  call.query = qualifier_query(qualifier);
  co_return configuration_of(co_await client.call(std::move(call)));
}

enum class Wait : std::uint8_t { active, updated };

/// Nothing: not yet.
std::optional<Result<void>> verdict(const FunctionConfiguration& function, Wait what) {
  const auto& status = what == Wait::active ? function.state : function.last_update_status;
  const auto& reason = what == Wait::active ? function.state_reason : function.last_update_status_reason;
  if (status == "Failed") {
    return fail(ErrorKind::unavailable, fmt::format("function {} failed: {}", function.name, reason));
  }
  if (status == "Pending" || status == "InProgress") return std::nullopt;
  return Result<void>();
}

Task<Result<FunctionConfiguration>> wait_until(Client client, std::string name, Wait what, Deadline deadline) {
  auto pause = k_first_poll;
  for (;;) {
    ASSIGN_OR_CO_RETURN(auto function, co_await fetch_configuration(client, name, ""));
    if (const auto end = verdict(function, what)) {
      if (!*end) co_return std::unexpected(end->error());
      co_return function;
    }
    if (std::chrono::steady_clock::now() >= deadline) {
      co_return fail(ErrorKind::timeout, fmt::format("function {} is still {}", name,
                                                     what == Wait::active ? function.state : "being updated"));
    }
    const auto& sleep = client.config().retry.sleep;
    if (sleep)
      co_await sleep(pause);
    else
      co_await sleep_for(pause);
    pause = std::min(pause * 2, k_longest_poll);
  }
}

}  // namespace

Lambda::Lambda(ClientConfig config) : client_(std::move(config), k_traits) {}

Task<Result<FunctionConfiguration>> Lambda::create_function(CreateFunctionRequest request) {
  auto call = json_operation("CreateFunction", "POST", "/2015-03-31/functions",
                             serialize_with_zip(create_function_json(request), request.code));
  co_return configuration_of(co_await client_.call(std::move(call)));
}

Task<Result<GetFunctionResponse>> Lambda::get_function(std::string name, std::string qualifier) {
  auto call = operation("GetFunction", "GET", function_path(name));
  call.query = qualifier_query(qualifier);
  ASSIGN_OR_CO_RETURN(const auto reply, co_await client_.call(std::move(call)));
  ASSIGN_OR_CO_RETURN(const auto object, wire::parse_json_object(reply.body));
  GetFunctionResponse out;
  out.configuration = read_function_configuration(wire::object_or_empty(object, "Configuration"));
  out.code_location = wire::string_or(wire::object_or_empty(object, "Code"), "Location");
  out.tags = wire::string_map(wire::object_or_empty(object, "Tags"));
  co_return out;
}

Task<Result<FunctionConfiguration>> Lambda::get_function_configuration(std::string name, std::string qualifier) {
  return fetch_configuration(client_, std::move(name), std::move(qualifier));
}

Task<Result<FunctionConfiguration>> Lambda::update_function_code(UpdateFunctionCodeRequest request) {
  auto call = json_operation("UpdateFunctionCode", "PUT", function_path(request.name, "/code"),
                             serialize_with_zip(update_function_code_json(request), request.code));
  co_return configuration_of(co_await client_.call(std::move(call)));
}

Task<Result<FunctionConfiguration>> Lambda::update_function_configuration(UpdateFunctionConfigurationRequest request) {
  auto call = json_operation("UpdateFunctionConfiguration", "PUT", function_path(request.name, "/configuration"),
                             update_function_configuration_json(request));
  co_return configuration_of(co_await client_.call(std::move(call)));
}

Task<Result<void>> Lambda::delete_function(std::string name, std::string qualifier) {
  auto call = operation("DeleteFunction", "DELETE", function_path(name));
  call.query = qualifier_query(qualifier);
  CO_RETURN_IF_ERROR(co_await client_.call(std::move(call)));
  co_return Result<void>();
}

Task<Result<ListFunctionsPage>> Lambda::list_functions(std::string marker, int max_items) {
  auto call = operation("ListFunctions", "GET", "/2015-03-31/functions");
  std::vector<wire::QueryParameter> query;
  if (!marker.empty()) query.emplace_back("Marker", marker);
  if (max_items > 0) query.emplace_back("MaxItems", std::to_string(max_items));
  call.query = wire::build_query(query);
  ASSIGN_OR_CO_RETURN(const auto reply, co_await client_.call(std::move(call)));
  ASSIGN_OR_CO_RETURN(const auto object, wire::parse_json_object(reply.body));
  ListFunctionsPage page;
  page.next_marker = wire::string_or(object, "NextMarker");
  for (const auto& item : wire::array_or_empty(object, "Functions")) {
    if (item.is_object()) page.functions.push_back(read_function_configuration(item.get_object()));
  }
  co_return page;
}

Task<Result<std::vector<FunctionConfiguration>>> Lambda::list_all_functions() {
  std::vector<FunctionConfiguration> all;
  std::string marker;
  do {
    ASSIGN_OR_CO_RETURN(auto page, co_await list_functions(marker));
    std::move(page.functions.begin(), page.functions.end(), std::back_inserter(all));
    if (page.next_marker == marker) break;
    marker = std::move(page.next_marker);
  } while (!marker.empty());
  co_return all;
}

Task<Result<InvokeResponse>> Lambda::invoke(InvokeRequest request) {
  ASSIGN_OR_CO_RETURN(auto reply, co_await client_.call(invoke_operation(std::move(request))));
  InvokeResponse out;
  out.status = reply.status;
  out.function_error = reply.headers.get_or("x-amz-function-error", "");
  out.executed_version = reply.headers.get_or("x-amz-executed-version", "");
  out.log_result = wire::base64_decode(reply.headers.get_or("x-amz-log-result", "")).value_or("");
  out.request_id = std::move(reply.request_id);
  out.payload = std::move(reply.body);
  co_return out;
}

Task<Result<InvokeStream>> Lambda::invoke_with_response_stream(InvokeRequest request) {
  const auto function = request.function;
  auto call = invoke_operation(std::move(request));
  call.name = "InvokeWithResponseStream";
  call.path = fmt::format("/2021-11-15/functions/{}/response-streaming-invocations", wire::uri_encode(function));
  ASSIGN_OR_CO_RETURN(auto response, co_await client_.send(std::move(call)));
  co_return make_invoke_stream(std::move(response));
}

Task<Result<FunctionConfiguration>> Lambda::wait_until_active(std::string name, Deadline deadline) {
  return wait_until(client_, std::move(name), Wait::active, deadline);
}

Task<Result<FunctionConfiguration>> Lambda::wait_until_updated(std::string name, Deadline deadline) {
  return wait_until(client_, std::move(name), Wait::updated, deadline);
}

}  // namespace sortie::aws
