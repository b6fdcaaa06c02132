#include <fmt/format.h>

#include <boost/json.hpp>
#include <functional>
#include <map>

#include "emulator/lambda/api/operation.h"
#include "emulator/lambda/catalogue/configuration.h"
#include "wire/arn.h"
#include "wire/json.h"
#include "wire/uri.h"

/// Tags of functions and code signing configurations.
namespace sortie::emulator::lambda {
namespace {

namespace json = boost::json;

AwsError not_an_arn(std::string_view text) {
  return validation_error({constraint(
      text, "resource",
      R"(Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*):lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:(function:[a-zA-Z0-9-_]+(:(\$LATEST|[a-zA-Z0-9-_]+))?|layer:([a-zA-Z0-9-_]+)|code-signing-config:csc-[a-z0-9]{17}|event-source-mapping:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|capacity-provider:[a-zA-Z0-9-_]+))")});
}

AwsError nothing_there(std::string_view kind, const std::string& arn) {
  return {404, "ResourceNotFoundException", fmt::format("{} not found: {}", kind, arn), {}};
}

bool is_hexadecimal(std::string_view text) {
  return text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

/// `8-4-4-4-12` hexadecimal digits.
bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t at : {8U, 13U, 18U, 23U}) {
    if (text[at] != '-') return false;
  }
  return is_hexadecimal(text.substr(0, 8)) && is_hexadecimal(text.substr(9, 4)) && is_hexadecimal(text.substr(14, 4)) &&
         is_hexadecimal(text.substr(19, 4)) && is_hexadecimal(text.substr(24));
}

/// The tags of something, and how to keep them after a change.
struct Tagged {
  std::map<std::string, std::string>* tags;
  std::function<void()> save;
};

AwsResult<Tagged> tagged_function(const Operation& operation, const std::string& text) {
  auto ref = operation.name_of(NameUse::other, text, {});
  if (!ref) return std::unexpected(ref.error().code == "ValidationException" ? not_an_arn(text) : ref.error());
  if (!ref->qualifier.empty()) {
    return std::unexpected(
        invalid_parameter("Tags on function aliases and versions are not supported. Please specify a function ARN."));
  }
  auto* function = ref->account == operation.account ? operation.functions.find(ref->region, ref->name) : nullptr;
  if (function == nullptr) return std::unexpected(function_not_found(ref->arn()));
  return Tagged{&function->tags, [&operation, function] { operation.functions.save(*function); }};
}

/// The tags of what the path names, permitted.
AwsResult<Tagged> find_tagged(const Operation& operation, std::string_view action) {
  const auto& text = operation.parts.at(0);
  auto arn = wire::parse_arn(text);
  if (!arn || arn->service != "lambda") return std::unexpected(not_an_arn(text));
  auto allowed = operation.allow(action, text);
  auto colon = arn->resource.find(':');
  const auto kind = arn->resource.substr(0, colon);
  const auto name = colon == std::string::npos ? std::string() : arn->resource.substr(colon + 1);
  if (kind == "function") {
    auto tagged = tagged_function(operation, text);
    // What is wrong with the ARN itself comes before what the caller may do with it.
    const bool wrong = !tagged && tagged.error().status == 400;
    if (!allowed && !wrong) return std::unexpected(allowed.error());
    return tagged;
  }
  if (!allowed) return std::unexpected(allowed.error());
  if (kind == "code-signing-config") {
    auto* config = operation.code_signing.find(text);
    if (config == nullptr) return std::unexpected(nothing_there("Code signing config", text));
    return Tagged{&config->tags, [&operation, config] { operation.code_signing.save(CodeSigningConfig(*config)); }};
  }
  if (kind == "event-source-mapping" && is_uuid(name)) {
    return std::unexpected(nothing_there("Event source mapping", text));
  }
  if (kind == "capacity-provider" && is_plain_name(name)) {
    return std::unexpected(nothing_there("Capacity provider", text));
  }
  if (kind == "layer" && is_plain_name(name)) {
    return std::unexpected(not_implemented("lambda", fmt::format("{} for layers", action)));
  }
  return std::unexpected(not_an_arn(text));
}

Task<Answer> list_tags(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto tagged, find_tagged(operation, "ListTags"));
  co_return json_response(200, json::object{{"Tags", json::value_from(*tagged.tags)}}, operation.call.request_id);
}

Task<Answer> tag_resource(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto tagged, find_tagged(operation, "TagResource"));
  auto added = wire::string_map(wire::object_or_empty(operation.body, "Tags"));
  if (added.empty()) {
    co_return std::unexpected(invalid_parameter("An error occurred and the request cannot be processed."));
  }
  auto tags = *tagged.tags;
  for (auto& [key, value] : added) tags[key] = value;
  CO_RETURN_IF_ERROR(check_tags(tags));
  *tagged.tags = std::move(tags);
  tagged.save();
  co_return empty_response(204, operation.call.request_id);
}

Task<Answer> untag_resource(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto tagged, find_tagged(operation, "UntagResource"));
  auto parameters = wire::parse_query(operation.call.request.query);
  bool any = false;
  for (const auto& [name, value] : parameters ? *parameters : std::vector<wire::QueryParameter>{}) {
    if (name != "tagKeys") continue;
    any = true;
    tagged.tags->erase(value);
  }
  if (!any) {
    co_return std::unexpected(
        validation_error({"Value null at 'tagKeys' failed to satisfy constraint: Member must not be null"}));
  }
  tagged.save();
  co_return empty_response(204, operation.call.request_id);
}

constexpr Row k_operations[] = {
    {"ListTags", list_tags, {.method = "GET", .path = "/2017-03-31/tags/{Resource}"}},
    {"TagResource", tag_resource, {.method = "POST", .path = "/2017-03-31/tags/{Resource}", .json_body = true}},
    {"UntagResource", untag_resource, {.method = "DELETE", .path = "/2017-03-31/tags/{Resource}"}},
};

}  // namespace

std::span<const Row> tag_operations() {
  return k_operations;
}

}  // namespace sortie::emulator::lambda
