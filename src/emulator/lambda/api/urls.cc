#include <fmt/format.h>

#include <boost/json.hpp>

#include "emulator/core/protocol.h"
#include "emulator/lambda/api/service.h"
#include "wire/date.h"
#include "wire/json.h"

/// The configuration of function URLs. What comes to them is in api_url_requests.cc.
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

}  // namespace

/// The function and, as qualifier, an alias of it or nothing; both may be missing.
AwsResult<Service::Target> Service::url_target(Request& request, std::string_view action) {
  auto qualifier = request.query("Qualifier");
  if (qualifier.starts_with('$') || is_version(qualifier)) {
    return std::unexpected(validation_error({constraint(
        qualifier, "qualifier", R"(Member must satisfy regular expression pattern: ((?!^\d+$)^[0-9a-zA-Z-_]+$))")}));
  }
  return event_target(request, action, url_context(request, action));
}

/// `lambda:FunctionUrlAuthType`: what the URL is to ask for, else what it asks for.
std::vector<std::pair<std::string, std::string>> Service::url_context(const Request& request, std::string_view action) {
  auto type = wire::string_or(request.body, "AuthType");
  if (type.empty() && action != "CreateFunctionUrlConfig") {
    const auto ref = name_of(request, NameUse::other, request.parts.at(0), request.query("Qualifier"));
    const auto* function = ref ? registry_.find(ref->region, ref->name) : nullptr;
    if (function != nullptr && function->urls.contains(ref->qualifier)) {
      type = function->urls.at(ref->qualifier).auth_type;
    }
  }
  if (type.empty()) return {};
  return {{"lambda:FunctionUrlAuthType", std::move(type)}};
}

Task<Service::Answer> Service::create_url(Request& request) {
  if (auto checked = check_url(request.body); !checked) co_return std::unexpected(checked.error());
  auto target = url_target(request, "CreateFunctionUrlConfig");
  if (!target) co_return std::unexpected(target.error());
  if (target->version == nullptr) co_return std::unexpected(no_such_function());
  auto& function = *target->function;
  const auto& qualifier = target->ref.qualifier;
  if (function.urls.contains(qualifier)) {
    co_return aws_fail(409, "ResourceConflictException",
                       fmt::format("Failed to create function url config for [functionArn = {}]. Error message:  "
                                   "FunctionUrlConfig exists for this Lambda function",
                                   function.arn(qualifier)));
  }
  auto now = wire::format_iso8601_millis(clock_.now());
  UrlConfig url{.url = fmt::format("https://{}.lambda-url.{}.on.aws/", random_name(k_url_id_length), function.region),
                .auth_type = wire::string_or(request.body, "AuthType", "NONE"),
                .invoke_mode = wire::string_or(request.body, "InvokeMode"),
                .cors = cors_of(request.body),
                .created = now,
                .last_modified = now};
  auto document = url_document(function, qualifier, url);
  if (!url.invoke_mode.empty()) document.emplace("InvokeMode", url.invoke_mode);
  function.urls.insert_or_assign(qualifier, std::move(url));
  registry_.save(function);
  co_return json_response(201, document, request.call.request_id);
}

Task<Service::Answer> Service::get_url(Request& request) {
  auto target = url_target(request, "GetFunctionUrlConfig");
  if (!target) co_return std::unexpected(target.error());
  if (target->function == nullptr) co_return std::unexpected(no_such_url());
  auto found = target->function->urls.find(target->ref.qualifier);
  if (found == target->function->urls.end()) co_return std::unexpected(no_such_url());
  co_return json_response(200, full_url_document(*target->function, found->first, found->second),
                          request.call.request_id);
}

Task<Service::Answer> Service::update_url(Request& request) {
  if (auto checked = check_url(request.body); !checked) co_return std::unexpected(checked.error());
  auto target = url_target(request, "UpdateFunctionUrlConfig");
  if (!target) co_return std::unexpected(target.error());
  if (target->version == nullptr) co_return std::unexpected(no_such_function());
  auto& function = *target->function;
  auto found = function.urls.find(target->ref.qualifier);
  if (found == function.urls.end()) co_return std::unexpected(no_such_url());
  auto& url = found->second;
  url.auth_type = wire::string_or(request.body, "AuthType", url.auth_type);
  url.invoke_mode = wire::string_or(request.body, "InvokeMode", url.invoke_mode);
  if (wire::find(request.body, "Cors") != nullptr) url.cors = cors_of(request.body);
  url.last_modified = wire::format_iso8601_millis(clock_.now());
  registry_.save(function);
  auto document = url_document(function, found->first, url);
  document.emplace("LastModifiedTime", url.last_modified);
  if (wire::find(request.body, "InvokeMode") != nullptr) document.emplace("InvokeMode", url.invoke_mode);
  co_return json_response(200, document, request.call.request_id);
}

Task<Service::Answer> Service::delete_url(Request& request) {
  auto target = url_target(request, "DeleteFunctionUrlConfig");
  if (!target) co_return std::unexpected(target.error());
  if (target->function == nullptr || target->function->urls.erase(target->ref.qualifier) == 0) {
    co_return std::unexpected(no_such_url());
  }
  registry_.save(*target->function);
  co_return empty_response(204, request.call.request_id);
}

Task<Service::Answer> Service::list_urls(Request& request) {
  auto target = event_target(request, "ListFunctionUrlConfigs");
  if (!target) co_return std::unexpected(target.error());
  if (target->function == nullptr) co_return std::unexpected(no_such_function());
  auto page = read_page(request.query("MaxItems"), request.query("Marker"));
  if (!page) co_return std::unexpected(page.error());
  std::vector<std::pair<std::string, json::object>> items;
  for (const auto& [qualifier, url] : target->function->urls) {
    // The function's own comes first: an empty key would be taken for no key.
    items.emplace_back("." + qualifier, full_url_document(*target->function, qualifier, url));
  }
  co_return json_response(200, page_document("FunctionUrlConfigs", std::move(items), *page), request.call.request_id);
}

}  // namespace sortie::emulator::lambda
