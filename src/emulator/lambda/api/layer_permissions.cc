#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "emulator/lambda/api/layer_access.h"
#include "emulator/lambda/api/operation.h"
#include "wire/arn.h"
#include "wire/json.h"

/// The policies of layer versions.
namespace sortie::emulator::lambda {
namespace {

namespace json = boost::json;

AwsError no_such_layer_version(const LayerRef& ref) {
  return {404, "ResourceNotFoundException", fmt::format("Layer version {} does not exist.", ref.arn()), {}};
}

AwsError wrong_layer_revision() {
  return {412,
          "PreconditionFailedException",
          "The Revision Id provided does not match the latest Revision Id. Call the GetLayerPolicy API to retrieve the "
          "latest Revision Id",
          {}};
}

/// The statement of the version's policy that the request asks for.
json::object statement_of(const Operation& operation, const LayerRef& ref, const std::string& id) {
  auto principal = wire::string_or(operation.body, "Principal");
  auto organization = wire::string_or(operation.body, "OrganizationId");
  json::value who = "*";
  if (principal != "*") {
    auto arn = principal.starts_with("arn:")
                   ? principal
                   : fmt::format("arn:{}:iam::{}:root", wire::partition_of(ref.region), principal);
    who = json::object{{"AWS", std::move(arn)}};
  }
  json::object statement{{"Sid", id},
                         {"Effect", "Allow"},
                         {"Principal", std::move(who)},
                         {"Action", wire::string_or(operation.body, "Action")},
                         {"Resource", ref.arn()}};
  if (!organization.empty()) {
    statement.emplace("Condition", json::object{{"StringEquals", json::object{{"aws:PrincipalOrgID", organization}}}});
  }
  return statement;
}

Task<Answer> add_layer_permission(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto ref, layer_of(operation));
  CO_RETURN_IF_ERROR(authorize_layer(operation, "AddLayerVersionPermission", ref));
  auto action = wire::string_or(operation.body, "Action");
  if (action != "lambda:GetLayerVersion") {
    co_return std::unexpected(validation_error(
        {constraint(action, "action", "Member must satisfy regular expression pattern: lambda:GetLayerVersion")}));
  }
  auto* version = operation.layers.find(ref);
  if (version == nullptr) co_return std::unexpected(no_such_layer_version(ref));
  auto revision = operation.query("RevisionId");
  if (!revision.empty() && revision != version->policy.revision_id) co_return std::unexpected(wrong_layer_revision());
  auto id = wire::string_or(operation.body, "StatementId");
  for (const auto& existing : version->policy.statements) {
    if (wire::string_or(existing.as_object(), "Sid") == id) {
      co_return aws_fail(409, "ResourceConflictException",
                         fmt::format("The statement id ({}) provided already exists. Please provide a new statement "
                                     "id, or remove the existing statement.",
                                     id));
    }
  }
  const json::object statement = statement_of(operation, ref, id);
  version->policy.statements.push_back(statement);
  version->policy.revision_id = make_request_id();
  operation.layers.save(operation.layers.at(ref));
  co_return json_response(
      201, json::object{{"Statement", json::serialize(statement)}, {"RevisionId", version->policy.revision_id}},
      operation.call.request_id);
}

Task<Answer> get_layer_policy(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto ref, layer_of(operation));
  CO_RETURN_IF_ERROR(authorize_layer(operation, "GetLayerVersionPolicy", ref));
  const auto* version = operation.layers.find(ref);
  if (version == nullptr) co_return std::unexpected(no_such_layer_version(ref));
  auto document = policy_document(*version);
  if (document.empty()) {
    co_return aws_fail(404, "ResourceNotFoundException", "No policy is associated with the given resource.");
  }
  co_return json_response(200, json::object{{"Policy", document}, {"RevisionId", version->policy.revision_id}},
                          operation.call.request_id);
}

Task<Answer> remove_layer_permission(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto ref, layer_of(operation));
  CO_RETURN_IF_ERROR(authorize_layer(operation, "RemoveLayerVersionPermission", ref));
  auto* version = operation.layers.find(ref);
  if (version == nullptr) co_return std::unexpected(no_such_layer_version(ref));
  auto revision = operation.query("RevisionId");
  if (!revision.empty() && revision != version->policy.revision_id) co_return std::unexpected(wrong_layer_revision());
  const auto& id = operation.parts.at(2);
  auto& statements = version->policy.statements;
  auto* found = std::find_if(statements.begin(), statements.end(),
                             [&id](const json::value& each) { return wire::string_or(each.as_object(), "Sid") == id; });
  if (found == statements.end()) {
    co_return aws_fail(404, "ResourceNotFoundException",
                       fmt::format("Statement {} is not found in resource policy.", id));
  }
  statements.erase(found);
  version->policy.revision_id = make_request_id();
  operation.layers.save(operation.layers.at(ref));
  co_return empty_response(204, operation.call.request_id);
}

constexpr Row k_operations[] = {
    {"AddLayerVersionPermission",
     add_layer_permission,
     {.method = "POST", .path = "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy", .json_body = true}},
    {"GetLayerVersionPolicy",
     get_layer_policy,
     {.method = "GET", .path = "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy"}},
    {"RemoveLayerVersionPermission",
     remove_layer_permission,
     {.method = "DELETE", .path = "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy/{StatementId}"}},
};

}  // namespace

std::span<const Row> layer_permission_operations() {
  return k_operations;
}

}  // namespace sortie::emulator::lambda
