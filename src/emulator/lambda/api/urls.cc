#include <fmt/format.h>

#include <boost/json.hpp>

#include "emulator/lambda/api/operation.h"
#include "wire/date.h"
#include "wire/json.h"

/// The configuration of function URLs.
namespace sortie::emulator::lambda {
namespace {

namespace json = boost::json;

constexpr std::size_t k_url_id_length = 32;

AwsError no_such_function() {
  return {404, "ResourceNotFoundException", "Function does not exist", {}};
}

AwsError no_such_url() {
  return {404, "ResourceNotFoundException", "The resource you requested does not exist.", {}};
}

/// What both creating and updating may name.
AwsResult<void> check_url(const json::object& body) {
  std::vector<std::string> broken;
  if (auto mode = wire::string_or(body, "InvokeMode");
      !mode.empty() && mode != "BUFFERED" && mode != "RESPONSE_STREAM") {
    broken.push_back(not_in_set(mode, "invokeMode", "RESPONSE_STREAM, BUFFERED"));
  }
  if (auto auth = wire::string_or(body, "AuthType"); !auth.empty() && auth != "NONE" && auth != "AWS_IAM") {
    broken.push_back(not_in_set(auth, "authType", "NONE, AWS_IAM"));
  }
  if (!broken.empty()) return std::unexpected(validation_error(broken));
  return {};
}

std::optional<json::object> cors_of(const json::object& body) {
  const auto& cors = wire::object_or_empty(body, "Cors");
  return cors.empty() ? std::nullopt : std::optional(cors);
}

/// What all answers about a URL show.
json::object url_document(const Function& function, const std::string& qualifier, const UrlConfig& url) {
  json::object document{{"FunctionUrl", url.url},
                        {"FunctionArn", function.arn(qualifier)},
                        {"AuthType", url.auth_type},
                        {"CreationTime", url.created}};
  if (url.cors) document.emplace("Cors", *url.cors);
  return document;
}

json::object full_url_document(const Function& function, const std::string& qualifier, const UrlConfig& url) {
  auto document = url_document(function, qualifier, url);
  document.emplace("LastModifiedTime", url.last_modified);
  document.emplace("InvokeMode", url.invoke_mode.empty() ? "BUFFERED" : url.invoke_mode);
  return document;
}

/// `lambda:FunctionUrlAuthType`: what the URL is to ask for, else what it asks for.
ContextKeys url_context(const Operation& operation, std::string_view action) {
  auto type = wire::string_or(operation.body, "AuthType");
  if (type.empty() && action != "CreateFunctionUrlConfig") {
    const auto ref = operation.name();
    const auto* function = ref ? operation.functions.find(ref->region, ref->name) : nullptr;
    if (function != nullptr && function->urls.contains(ref->qualifier)) {
      type = function->urls.at(ref->qualifier).auth_type;
    }
  }
  if (type.empty()) return {};
  return {{"lambda:FunctionUrlAuthType", std::move(type)}};
}

/// The function and, as qualifier, an alias of it or nothing; both may be missing.
AwsResult<Target> url_target(Operation& operation, std::string_view action) {
  auto qualifier = operation.query("Qualifier");
  if (qualifier.starts_with('$') || is_version(qualifier)) {
    return std::unexpected(validation_error({constraint(
        qualifier, "qualifier", R"(Member must satisfy regular expression pattern: ((?!^\d+$)^[0-9a-zA-Z-_]+$))")}));
  }
  return find_permitted(operation, action, url_context(operation, action));
}

Task<Answer> create_url(Operation& operation) {
  CO_RETURN_IF_ERROR(check_url(operation.body));
  ASSIGN_OR_CO_RETURN(auto target, url_target(operation, "CreateFunctionUrlConfig"));
  if (target.version == nullptr) co_return std::unexpected(no_such_function());
  auto& function = *target.function;
  const auto& qualifier = target.ref.qualifier;
  if (function.urls.contains(qualifier)) {
    co_return aws_fail(409, "ResourceConflictException",
                       fmt::format("Failed to create function url config for [functionArn = {}]. Error message:  "
                                   "FunctionUrlConfig exists for this Lambda function",
                                   function.arn(qualifier)));
  }
  auto now = wire::format_iso8601_millis(operation.clock.now());
  UrlConfig url{.url = fmt::format("https://{}.lambda-url.{}.on.aws/", random_name(k_url_id_length), function.region),
                .auth_type = wire::string_or(operation.body, "AuthType", "NONE"),
                .invoke_mode = wire::string_or(operation.body, "InvokeMode"),
                .cors = cors_of(operation.body),
                .created = now,
                .last_modified = now};
  auto document = url_document(function, qualifier, url);
  if (!url.invoke_mode.empty()) document.emplace("InvokeMode", url.invoke_mode);
  function.urls.insert_or_assign(qualifier, std::move(url));
  operation.functions.save(function);
  co_return json_response(201, document, operation.call.request_id);
}

Task<Answer> get_url(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto target, url_target(operation, "GetFunctionUrlConfig"));
  if (target.function == nullptr) co_return std::unexpected(no_such_url());
  auto found = target.function->urls.find(target.ref.qualifier);
  if (found == target.function->urls.end()) co_return std::unexpected(no_such_url());
  co_return json_response(200, full_url_document(*target.function, found->first, found->second),
                          operation.call.request_id);
}

Task<Answer> update_url(Operation& operation) {
  CO_RETURN_IF_ERROR(check_url(operation.body));
  ASSIGN_OR_CO_RETURN(auto target, url_target(operation, "UpdateFunctionUrlConfig"));
  if (target.version == nullptr) co_return std::unexpected(no_such_function());
  auto& function = *target.function;
  auto found = function.urls.find(target.ref.qualifier);
  if (found == function.urls.end()) co_return std::unexpected(no_such_url());
  auto& url = found->second;
  url.auth_type = wire::string_or(operation.body, "AuthType", url.auth_type);
  url.invoke_mode = wire::string_or(operation.body, "InvokeMode", url.invoke_mode);
  if (wire::find(operation.body, "Cors") != nullptr) url.cors = cors_of(operation.body);
  url.last_modified = wire::format_iso8601_millis(operation.clock.now());
  operation.functions.save(function);
  auto document = url_document(function, found->first, url);
  document.emplace("LastModifiedTime", url.last_modified);
  if (wire::find(operation.body, "InvokeMode") != nullptr) document.emplace("InvokeMode", url.invoke_mode);
  co_return json_response(200, document, operation.call.request_id);
}

Task<Answer> delete_url(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto target, url_target(operation, "DeleteFunctionUrlConfig"));
  if (target.function == nullptr || target.function->urls.erase(target.ref.qualifier) == 0) {
    co_return std::unexpected(no_such_url());
  }
  operation.functions.save(*target.function);
  co_return empty_response(204, operation.call.request_id);
}

Task<Answer> list_urls(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto target, find_permitted(operation, "ListFunctionUrlConfigs"));
  if (target.function == nullptr) co_return std::unexpected(no_such_function());
  ASSIGN_OR_CO_RETURN(auto page, read_page(operation.query("MaxItems"), operation.query("Marker")));
  std::vector<std::pair<std::string, json::object>> items;
  for (const auto& [qualifier, url] : target.function->urls) {
    // The function's own comes first: an empty key would be taken for no key.
    items.emplace_back("." + qualifier, full_url_document(*target.function, qualifier, url));
  }
  co_return json_response(200, page_document("FunctionUrlConfigs", std::move(items), page), operation.call.request_id);
}

constexpr Row k_operations[] = {
    {"CreateFunctionUrlConfig",
     create_url,
     {.method = "POST", .path = "/2021-10-31/functions/{FunctionName}/url", .json_body = true}},
    {"GetFunctionUrlConfig", get_url, {.method = "GET", .path = "/2021-10-31/functions/{FunctionName}/url"}},
    {"UpdateFunctionUrlConfig",
     update_url,
     {.method = "PUT", .path = "/2021-10-31/functions/{FunctionName}/url", .json_body = true}},
    {"DeleteFunctionUrlConfig", delete_url, {.method = "DELETE", .path = "/2021-10-31/functions/{FunctionName}/url"}},
    {"ListFunctionUrlConfigs", list_urls, {.method = "GET", .path = "/2021-10-31/functions/{FunctionName}/urls"}},
};

}  // namespace

std::span<const Row> url_operations() {
  return k_operations;
}

}  // namespace sortie::emulator::lambda
