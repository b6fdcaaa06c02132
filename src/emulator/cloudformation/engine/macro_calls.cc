#include "emulator/cloudformation/engine/macro_calls.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "emulator/cloudformation/resources/lambda_types.h"
#include "emulator/cloudformation/template/template_text.h"
#include "emulator/cloudformation/template/values.h"
#include "emulator/core/protocol.h"

namespace sortie::emulator::cloudformation {
namespace {

namespace json = boost::json;

/// An answer has the template's depth, and its own around it.
constexpr std::size_t k_max_depth = 72;

std::unexpected<AwsError> malformed(const std::string& id) {
  return invalid(fmt::format("Received malformed response from transform {}", id));
}

std::string text_member(const json::object& object, std::string_view name) {
  const json::value* found = object.if_contains(name);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

bool is_success(std::string_view status) {
  return http::iequals(status, "success");
}

}  // namespace

AwsResult<json::value> read_macro_answer(const std::string& id, const std::string& request_id,
                                         std::string_view answer) {
  json::parse_options options;
  options.max_depth = k_max_depth;
  boost::system::error_code failed;
  json::value value = json::parse(answer, failed, {}, options);
  if (failed || !value.is_object()) return malformed(id);
  json::object& object = value.get_object();
  const std::string status = text_member(object, "status");
  if (text_member(object, "requestId") != request_id || status.empty()) return malformed(id);
  if (!is_success(status)) {
    const std::string message = text_member(object, "errorMessage");
    if (message.empty()) return invalid(fmt::format("Transform {} failed without an error message.", id));
    return transform_failed(id, message);
  }
  json::value* fragment = object.if_contains("fragment");
  if (fragment == nullptr) return malformed(id);
  return std::move(*fragment);
}

Task<AwsResult<json::value>> MacroCalls::run(Caller caller, Transform transform, json::value fragment,
                                             ParameterValues values) {
  if (transform.name == k_include) co_return co_await include(caller, std::move(transform), std::move(fragment));
  co_return co_await invoke(caller, std::move(transform), std::move(fragment), std::move(values));
}

Task<AwsResult<json::value>> MacroCalls::include(Caller caller, Transform transform, json::value fragment) {
  const auto [bucket, key] = parse_location(text_member(transform.parameters, "Location"));
  if (bucket.empty()) co_return transform_failed(k_include, "The location parameter is not a valid S3 uri.");
  const auto text = co_await objects_.get_object(*caller, bucket, key, {}, k_max_processed);
  if (!text && text.error().code == "NoSuchBucket") {
    co_return transform_failed(k_include, fmt::format("S3 bucket [{}] does not exist.", bucket));
  }
  if (!text) co_return transform_failed(k_include, fmt::format("S3 error: {}", text.error().message));
  const auto snippet = parse_snippet_text(*text);
  if (!snippet) {
    co_return transform_failed(k_include, "The specified S3 object's content should be valid Yaml/JSON");
  }
  co_return insert_snippet(std::move(fragment), *snippet);
}

Task<AwsResult<json::value>> MacroCalls::invoke(Caller caller, Transform transform, json::value fragment,
                                                ParameterValues values) {
  const auto macro = stacks_.find_macro(caller->region, transform.name);
  const std::string id =
      transform.name.starts_with("AWS::") ? transform.name : fmt::format("{}::{}", account_, transform.name);
  if (macro.resource == nullptr) co_return invalid(fmt::format("No transform named {} found.", id));
  const std::string request_id = make_request_id();
  const json::object event{{"accountId", account_},
                           {"fragment", std::move(fragment)},
                           {"transformId", id},
                           {"requestId", request_id},
                           {"region", caller->region},
                           {"params", std::move(transform.parameters)},
                           {"templateParameterValues", std::move(values)}};
  const json::value* function = macro.resource->properties.if_contains("FunctionName");
  const std::string path = lambda::function_path(function == nullptr ? "" : scalar_text(*function).value_or(""));
  const Reply reply =
      co_await send_request(services_, caller, "lambda", lambda_request("POST", path + "/invocations", &event));
  if (!reply.ok()) co_return transform_failed(id, reply.message);
  if (!reply.function_error.empty()) co_return malformed(id);
  co_return read_macro_answer(id, request_id, reply.body);
}

}  // namespace sortie::emulator::cloudformation
