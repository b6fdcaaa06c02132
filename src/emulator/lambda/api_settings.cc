#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "emulator/core/protocol.h"
#include "emulator/lambda/configuration.h"
#include "emulator/lambda/service.h"
#include "wire/arn.h"
#include "wire/json.h"
#include "wire/uri.h"

/// What belongs to functions beside code and configuration: concurrency, tags, resource policies; the account.
namespace sortie::emulator::lambda {
namespace {

namespace json = boost::json;

/// What reservations must leave to functions without one.
constexpr int k_least_unreserved = 100;
constexpr std::int64_t k_total_code_size = 80'530'636'800;
constexpr std::int64_t k_unzipped_limit = 262'144'000;
constexpr std::int64_t k_zipped_limit = 52'428'800;

AwsError no_such_resource() {
  return {404, "ResourceNotFoundException", "The resource you requested does not exist.", {}};
}

/// `s3.amazonaws.com`, an account, an ARN or `*` as a policy's principal.
json::value principal_of(const std::string& text, const std::string& region) {
  if (text == "*") return "*";
  if (text.starts_with("arn:")) return json::object{{"AWS", text}};
  if (text.size() == 12 && is_version(text)) {
    return json::object{{"AWS", fmt::format("arn:{}:iam::{}:root", wire::partition_of(region), text)}};
  }
  return json::object{{"Service", text}};
}

json::object conditions_of(const json::object& body) {
  json::object conditions;
  auto add = [&](std::string_view member, std::string_view condition, std::string_view key) {
    auto value = wire::string_or(body, member);
    if (value.empty()) return;
    auto& keys = conditions.emplace(condition, json::object{}).first->value().as_object();
    keys.emplace(key, value);
  };
  add("SourceArn", "ArnLike", "AWS:SourceArn");
  add("SourceAccount", "StringEquals", "AWS:SourceAccount");
  add("PrincipalOrgID", "StringEquals", "aws:PrincipalOrgID");
  return conditions;
}

json::object make_statement(const Function& function, const std::string& qualifier, const json::object& body) {
  json::object statement{{"Sid", wire::string_or(body, "StatementId")},
                         {"Effect", "Allow"},
                         {"Principal", principal_of(wire::string_or(body, "Principal"), function.region)},
                         {"Action", wire::string_or(body, "Action")},
                         {"Resource", function.arn(qualifier)}};
  auto conditions = conditions_of(body);
  if (!conditions.empty()) statement.emplace("Condition", std::move(conditions));
  return statement;
}

Outcome<void> check_permission(const json::object& body) {
  std::vector<std::string> broken;
  for (auto [member, name] :
       {std::pair{"StatementId", "statementId"}, {"Action", "action"}, {"Principal", "principal"}}) {
    if (wire::string_or(body, member).empty()) {
      broken.push_back(fmt::format("Value null at '{}' failed to satisfy constraint: Member must not be null", name));
    }
  }
  auto id = wire::string_or(body, "StatementId");
  if (!id.empty() && (!is_plain_name(id) || id.size() > 100)) {
    broken.push_back(constraint(id, "statementId", "Member must satisfy regular expression pattern: ([a-zA-Z0-9-_]+)"));
  }
  auto action = wire::string_or(body, "Action");
  if (!action.empty() && action != "*" && !action.starts_with("lambda:")) {
    broken.push_back(constraint(action, "action",
                                "Member must satisfy regular expression pattern: (lambda:[*]|lambda:[a-zA-Z]+|[*])"));
  }
  if (!broken.empty()) return std::unexpected(validation_error(broken));
  if (wire::find(body, "EventSourceToken") != nullptr || wire::find(body, "FunctionUrlAuthType") != nullptr) {
    return std::unexpected(not_implemented("lambda", "AddPermission for Alexa and function URLs"));
  }
  return {};
}

std::string policy_key(const FunctionRef& ref) {
  return ref.qualifier == k_latest ? std::string() : ref.qualifier;
}

}  // namespace

Task<Service::Answer> Service::put_concurrency(Request& request) {
  auto target = find_target(request, "PutFunctionConcurrency");
  if (!target) co_return std::unexpected(target.error());
  auto& function = *target->function;
  auto wanted = wire::int_or(request.body, "ReservedConcurrentExecutions", -1);
  if (wanted < 0) {
    co_return std::unexpected(validation_error({constraint(std::to_string(wanted), "reservedConcurrentExecutions",
                                                           "Member must have value greater than or equal to 0")}));
  }
  if (reserved_except(function) + wanted > k_account_concurrency - k_least_unreserved) {
    co_return std::unexpected(
        invalid_parameter(fmt::format("Specified ReservedConcurrentExecutions for function decreases account's "
                                      "UnreservedConcurrentExecution below its minimum value of [{}].",
                                      k_least_unreserved)));
  }
  function.reserved_concurrency = static_cast<int>(wanted);
  registry_.save(function);
  co_return json_response(200, json::object{{"ReservedConcurrentExecutions", wanted}}, request.call.request_id);
}

Task<Service::Answer> Service::get_concurrency(Request& request) {
  auto target = find_target(request, "GetFunctionConcurrency");
  if (!target) co_return std::unexpected(target.error());
  json::object document;
  if (auto reserved = target->function->reserved_concurrency) {
    document.emplace("ReservedConcurrentExecutions", *reserved);
  }
  co_return json_response(200, document, request.call.request_id);
}

Task<Service::Answer> Service::delete_concurrency(Request& request) {
  auto target = find_target(request, "DeleteFunctionConcurrency");
  if (!target) co_return std::unexpected(target.error());
  target->function->reserved_concurrency.reset();
  registry_.save(*target->function);
  co_return empty_response(204, request.call.request_id);
}

Outcome<Function*> Service::tagged_function(Request& request, std::string_view action) {
  auto text = request.parts.at(0);
  auto arn = wire::parse_arn(text);
  auto ref = arn && arn->service == "lambda" && arn->resource.starts_with("function:")
                 ? name_of(request, NameUse::other, text, {})
                 : Outcome<FunctionRef>(std::unexpected(AwsError{.code = "ValidationException"}));
  if (!ref && ref.error().code == "ValidationException") {
    return std::unexpected(validation_error({constraint(
        text, "resource",
        R"(Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*):lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:(function:[a-zA-Z0-9-_]+(:(\$LATEST|[a-zA-Z0-9-_]+))?|layer:([a-zA-Z0-9-_]+)|code-signing-config:csc-[a-z0-9]{17}|event-source-mapping:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|capacity-provider:[a-zA-Z0-9-_]+))")}));
  }
  if (!ref) return std::unexpected(ref.error());
  if (!ref->qualifier.empty()) {
    return std::unexpected(
        invalid_parameter("Tags on function aliases and versions are not supported. Please specify a function ARN."));
  }
  if (auto allowed = authorize(request.call, fmt::format("lambda:{}", action), ref->arn()); !allowed) {
    return std::unexpected(allowed.error());
  }
  auto* function = ref->account == options_.account ? registry_.find(ref->region, ref->name) : nullptr;
  if (function == nullptr) return std::unexpected(function_not_found(ref->arn()));
  return function;
}

Task<Service::Answer> Service::list_tags(Request& request) {
  auto function = tagged_function(request, "ListTags");
  if (!function) co_return std::unexpected(function.error());
  co_return json_response(200, json::object{{"Tags", json::value_from((*function)->tags)}}, request.call.request_id);
}

Task<Service::Answer> Service::tag_resource(Request& request) {
  auto function = tagged_function(request, "TagResource");
  if (!function) co_return std::unexpected(function.error());
  auto added = wire::string_map(wire::object_or_empty(request.body, "Tags"));
  if (added.empty()) {
    co_return std::unexpected(invalid_parameter("An error occurred and the request cannot be processed."));
  }
  auto tags = (*function)->tags;
  for (auto& [key, value] : added) tags[key] = value;
  if (auto checked = check_tags(tags); !checked) co_return std::unexpected(checked.error());
  (*function)->tags = std::move(tags);
  registry_.save(**function);
  co_return empty_response(204, request.call.request_id);
}

Task<Service::Answer> Service::untag_resource(Request& request) {
  auto function = tagged_function(request, "UntagResource");
  if (!function) co_return std::unexpected(function.error());
  auto parameters = wire::parse_query(request.call.request.query);
  bool any = false;
  for (const auto& [name, value] : parameters ? *parameters : std::vector<wire::QueryParameter>{}) {
    if (name != "tagKeys") continue;
    any = true;
    (*function)->tags.erase(value);
  }
  if (!any) {
    co_return std::unexpected(
        validation_error({"Value null at 'tagKeys' failed to satisfy constraint: Member must not be null"}));
  }
  registry_.save(**function);
  co_return empty_response(204, request.call.request_id);
}

Task<Service::Answer> Service::add_permission(Request& request) {
  auto target = find_target(request, "AddPermission");
  if (!target) co_return std::unexpected(target.error());
  if (auto checked = check_permission(request.body); !checked) co_return std::unexpected(checked.error());
  auto& function = *target->function;
  auto& policy = function.policies[policy_key(target->ref)];
  auto revision = wire::string_or(request.body, "RevisionId");
  if (!revision.empty() && revision != policy.revision_id) co_return std::unexpected(wrong_revision());
  auto id = wire::string_or(request.body, "StatementId");
  for (const auto& existing : policy.statements) {
    if (wire::string_or(existing.as_object(), "Sid") == id) {
      co_return aws_fail(
          409, "ResourceConflictException",
          fmt::format("The statement id ({}) provided already exists. Please provide a new statement id, "
                      "or remove the existing statement.",
                      id));
    }
  }
  auto statement = make_statement(function, target->ref.qualifier, request.body);
  policy.statements.push_back(statement);
  policy.revision_id = make_request_id();
  registry_.save(function);
  co_return json_response(201, json::object{{"Statement", json::serialize(statement)}}, request.call.request_id);
}

Task<Service::Answer> Service::get_policy(Request& request) {
  auto target = find_target(request, "GetPolicy");
  if (!target) co_return std::unexpected(target.error());
  auto document = target->function->policy_document(target->ref.qualifier);
  if (document.empty()) co_return std::unexpected(no_such_resource());
  const auto& policy = target->function->policies[policy_key(target->ref)];
  co_return json_response(200, json::object{{"Policy", document}, {"RevisionId", policy.revision_id}},
                          request.call.request_id);
}

Task<Service::Answer> Service::remove_permission(Request& request) {
  auto target = find_target(request, "RemovePermission");
  if (!target) co_return std::unexpected(target.error());
  auto& function = *target->function;
  auto found = function.policies.find(policy_key(target->ref));
  if (found == function.policies.end()) co_return std::unexpected(no_such_resource());
  auto& policy = found->second;
  auto revision = request.query("RevisionId");
  if (!revision.empty() && revision != policy.revision_id) co_return std::unexpected(wrong_revision());
  const auto& id = request.parts.at(1);
  auto* statement = std::find_if(policy.statements.begin(), policy.statements.end(), [&id](const json::value& each) {
    return wire::string_or(each.as_object(), "Sid") == id;
  });
  if (statement == policy.statements.end()) {
    co_return aws_fail(404, "ResourceNotFoundException",
                       fmt::format("Statement {} is not found in resource policy.", id));
  }
  policy.statements.erase(statement);
  policy.revision_id = make_request_id();
  if (policy.statements.empty()) function.policies.erase(found);
  registry_.save(function);
  co_return empty_response(204, request.call.request_id);
}

Task<Service::Answer> Service::get_account_settings(Request& request) {
  if (auto allowed = authorize(request.call, "lambda:GetAccountSettings", "*"); !allowed) {
    co_return std::unexpected(allowed.error());
  }
  std::int64_t functions = 0;
  std::uint64_t size = 0;
  int reserved = 0;
  for (const auto& [key, function] : registry_.all()) {
    if (function.region != request.call.region) continue;
    ++functions;
    size += function.latest.code_size;
    for (const auto& [number, version] : function.versions) size += version.code_size;
    reserved += function.reserved_concurrency.value_or(0);
  }
  json::object document{
      {"AccountLimit", json::object{{"TotalCodeSize", k_total_code_size},
                                    {"CodeSizeUnzipped", k_unzipped_limit},
                                    {"CodeSizeZipped", k_zipped_limit},
                                    {"ConcurrentExecutions", k_account_concurrency},
                                    {"UnreservedConcurrentExecutions", k_account_concurrency - reserved}}},
      {"AccountUsage", json::object{{"TotalCodeSize", size}, {"FunctionCount", functions}}}};
  co_return json_response(200, document, request.call.request_id);
}

}  // namespace sortie::emulator::lambda
