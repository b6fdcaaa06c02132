#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "emulator/lambda/api/operation.h"
#include "wire/arn.h"
#include "wire/json.h"

/// Resource policies of functions, versions and aliases.
namespace sortie::emulator::lambda {
namespace {

namespace json = boost::json;

/// `s3.amazonaws.com`, an account, an ARN or `*` as a policy's principal.
AwsResult<json::value> principal_of(const std::string& text, const std::string& region) {
  if (text == "*") return "*";
  if (text.starts_with("arn:aws")) return json::object{{"AWS", text}};
  if (text.size() == 12 && is_version(text)) {
    return json::object{{"AWS", fmt::format("arn:{}:iam::{}:root", wire::partition_of(region), text)}};
  }
  if (text.ends_with(".amazonaws.com") || text.ends_with(".amazon.com")) return json::object{{"Service", text}};
  return std::unexpected(
      invalid_parameter("The provided principal was invalid. Please check the principal and try again."));
}

json::object conditions_of(const json::object& body) {
  json::object conditions;
  auto add = [&](std::string_view member, std::string_view condition, std::string_view key) {
    auto value = wire::string_or(body, member);
    if (value.empty()) return;
    auto& keys = conditions.emplace(condition, json::object{}).first->value().as_object();
    keys.emplace(key, value);
  };
  add("FunctionUrlAuthType", "StringEquals", "lambda:FunctionUrlAuthType");
  add("PrincipalOrgID", "StringEquals", "aws:PrincipalOrgID");
  add("SourceAccount", "StringEquals", "AWS:SourceAccount");
  add("EventSourceToken", "StringEquals", "lambda:EventSourceToken");
  add("SourceArn", "ArnLike", "AWS:SourceArn");
  if (wire::find(body, "InvokedViaFunctionUrl") != nullptr) {
    auto value = wire::bool_or(body, "InvokedViaFunctionUrl") ? "true" : "false";
    conditions.emplace("Bool", json::object{{"lambda:InvokedViaFunctionUrl", value}});
  }
  return conditions;
}

AwsResult<json::object> make_statement(const Function& function, const std::string& qualifier,
                                       const json::object& body) {
  ASSIGN_OR_RETURN(auto principal, principal_of(wire::string_or(body, "Principal"), function.region));
  json::object statement{{"Sid", wire::string_or(body, "StatementId")},
                         {"Effect", "Allow"},
                         {"Principal", std::move(principal)},
                         {"Action", wire::string_or(body, "Action")},
                         {"Resource", function.arn(qualifier)}};
  auto conditions = conditions_of(body);
  if (!conditions.empty()) statement.emplace("Condition", std::move(conditions));
  return statement;
}

AwsResult<void> check_permission(const json::object& body) {
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
  if (auto auth = wire::string_or(body, "FunctionUrlAuthType"); !auth.empty() && auth != "NONE" && auth != "AWS_IAM") {
    broken.push_back(not_in_set(auth, "functionUrlAuthType", "NONE, AWS_IAM"));
  }
  if (!broken.empty()) return std::unexpected(validation_error(broken));
  return {};
}

std::string policy_key(const FunctionRef& ref) {
  return ref.qualifier == k_latest ? std::string() : ref.qualifier;
}

AwsError no_such_resource() {
  return {404, "ResourceNotFoundException", "The resource you requested does not exist.", {}};
}

AwsError wrong_policy_revision() {
  return {
      412,
      "PreconditionFailedException",
      "The Revision Id provided does not match the latest Revision Id. Call the GetPolicy API to retrieve the latest "
      "Revision Id",
      {}};
}

Task<Answer> add_permission(Operation& operation) {
  if (operation.query("Qualifier") == k_latest) {
    co_return std::unexpected(invalid_parameter("We currently do not support adding policies for $LATEST."));
  }
  ASSIGN_OR_CO_RETURN(auto target, find_qualified(operation, "AddPermission"));
  CO_RETURN_IF_ERROR(check_permission(operation.body));
  auto& function = *target.function;
  auto& policy = function.policies[policy_key(target.ref)];
  auto* current = function.revision_of(target.ref.qualifier);
  auto revision = wire::string_or(operation.body, "RevisionId");
  if (!revision.empty() && revision != *current) co_return std::unexpected(wrong_policy_revision());
  auto id = wire::string_or(operation.body, "StatementId");
  for (const auto& existing : policy.statements) {
    if (wire::string_or(existing.as_object(), "Sid") == id) {
      co_return aws_fail(
          409, "ResourceConflictException",
          fmt::format("The statement id ({}) provided already exists. Please provide a new statement id, "
                      "or remove the existing statement.",
                      id));
    }
  }
  ASSIGN_OR_CO_RETURN(auto statement, make_statement(function, target.ref.qualifier, operation.body));
  policy.statements.push_back(statement);
  *current = make_request_id();
  operation.functions.save(function);
  co_return json_response(201, json::object{{"Statement", json::serialize(statement)}}, operation.call.request_id);
}

Task<Answer> get_policy(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto target, find_qualified(operation, "GetPolicy"));
  auto document = target.function->policy_document(target.ref.qualifier);
  if (document.empty()) co_return std::unexpected(no_such_resource());
  const auto& revision = *target.function->revision_of(target.ref.qualifier);
  co_return json_response(200, json::object{{"Policy", document}, {"RevisionId", revision}}, operation.call.request_id);
}

Task<Answer> remove_permission(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto target, find_permitted(operation, "RemovePermission"));
  if (target.function == nullptr) {
    co_return aws_fail(404, "ResourceNotFoundException", "No policy found for: " + target.ref.unqualified_arn());
  }
  ASSIGN_OR_CO_RETURN(target, find_qualified(operation, "RemovePermission"));
  auto& function = *target.function;
  auto found = function.policies.find(policy_key(target.ref));
  if (found == function.policies.end() || found->second.statements.empty()) {
    co_return aws_fail(404, "ResourceNotFoundException", "No policy is associated with the given resource.");
  }
  auto& policy = found->second;
  const auto& id = operation.parts.at(1);
  auto* statement = std::find_if(policy.statements.begin(), policy.statements.end(), [&id](const json::value& each) {
    return wire::string_or(each.as_object(), "Sid") == id;
  });
  if (statement == policy.statements.end()) {
    co_return aws_fail(404, "ResourceNotFoundException",
                       fmt::format("Statement {} is not found in resource policy.", id));
  }
  auto* current = function.revision_of(target.ref.qualifier);
  auto revision = operation.query("RevisionId");
  if (!revision.empty() && revision != *current) co_return std::unexpected(wrong_revision());
  policy.statements.erase(statement);
  *current = make_request_id();
  if (policy.statements.empty()) function.policies.erase(found);
  operation.functions.save(function);
  co_return empty_response(204, operation.call.request_id);
}

constexpr Row k_operations[] = {
    {"AddPermission",
     add_permission,
     {.method = "POST", .path = "/2015-03-31/functions/{FunctionName}/policy", .json_body = true}},
    {"GetPolicy", get_policy, {.method = "GET", .path = "/2015-03-31/functions/{FunctionName}/policy"}},
    {"RemovePermission",
     remove_permission,
     {.method = "DELETE", .path = "/2015-03-31/functions/{FunctionName}/policy/{StatementId}"}},
};

}  // namespace

std::span<const Row> permission_operations() {
  return k_operations;
}

}  // namespace sortie::emulator::lambda
