#include "aws/iam.h"

#include "aws/query_operation.h"
#include "wire/uri.h"
#include "wire/xml.h"

namespace sortie::aws {

namespace {

constexpr ServiceTraits k_traits{"IAM", "iam", "iam", Protocol::query, true};
constexpr std::string_view k_version = "2010-05-08";

Operation role_operation(std::string_view action, std::string_view role_name,
                         std::vector<std::pair<std::string_view, std::string_view>> more = {}) {
  wire::QueryForm form(action, k_version);
  form.add("RoleName", role_name);
  for (const auto& [name, value] : more) form.add(name, value);
  return query_operation(action, std::move(form));
}

Role read_role(const wire::XmlNode& node) {
  Role role;
  role.name = node.child_text("RoleName");
  role.arn = node.child_text("Arn");
  role.id = node.child_text("RoleId");
  role.path = node.child_text("Path");
  role.created = node.child_text("CreateDate");
  role.assume_role_policy = wire::uri_decode_lenient(node.child_text("AssumeRolePolicyDocument"));
  return role;
}

Task<Result<void>> call_without_answer(Client client, Operation operation) {
  CO_RETURN_IF_ERROR(co_await client.call(std::move(operation)));
  co_return Result<void>();
}

/// The `ACTIONResult` element of an answer, copied out by `read`.
template <class Read>
auto read_result(const Result<Reply>& reply, std::string_view action, Read read)
    -> Result<decltype(read(wire::XmlNode()))> {
  if (!reply) return std::unexpected(reply.error());
  ASSIGN_OR_RETURN(const auto document, wire::XmlDocument::parse(reply->body));
  return read(document.root().child(std::string(action) + "Result"));
}

}  // namespace

Iam::Iam(ClientConfig config) : client_(std::move(config), k_traits) {}

Task<Result<Role>> Iam::create_role(CreateRoleRequest request) {
  wire::QueryForm form("CreateRole", k_version);
  form.add("RoleName", request.name).add("AssumeRolePolicyDocument", request.assume_role_policy);
  if (!request.path.empty()) form.add("Path", request.path);
  if (!request.description.empty()) form.add("Description", request.description);
  if (request.max_session_seconds) form.add("MaxSessionDuration", std::to_string(*request.max_session_seconds));
  if (!request.permissions_boundary.empty()) form.add("PermissionsBoundary", request.permissions_boundary);
  int number = 0;
  for (const auto& [key, value] : request.tags) {
    const auto prefix = "Tags.member." + std::to_string(++number);
    form.add(prefix + ".Key", key).add(prefix + ".Value", value);
  }
  const auto reply = co_await client_.call(query_operation("CreateRole", std::move(form)));
  co_return read_result(reply, "CreateRole", [](const wire::XmlNode& node) { return read_role(node.child("Role")); });
}

Task<Result<Role>> Iam::get_role(std::string role_name) {
  const auto reply = co_await client_.call(role_operation("GetRole", role_name));
  co_return read_result(reply, "GetRole", [](const wire::XmlNode& node) { return read_role(node.child("Role")); });
}

Task<Result<void>> Iam::delete_role(std::string role_name) {
  return call_without_answer(client_, role_operation("DeleteRole", role_name));
}

Task<Result<void>> Iam::put_role_policy(std::string role_name, std::string policy_name, std::string policy) {
  return call_without_answer(
      client_, role_operation("PutRolePolicy", role_name, {{"PolicyName", policy_name}, {"PolicyDocument", policy}}));
}

Task<Result<void>> Iam::delete_role_policy(std::string role_name, std::string policy_name) {
  return call_without_answer(client_, role_operation("DeleteRolePolicy", role_name, {{"PolicyName", policy_name}}));
}

Task<Result<void>> Iam::attach_role_policy(std::string role_name, std::string policy_arn) {
  return call_without_answer(client_, role_operation("AttachRolePolicy", role_name, {{"PolicyArn", policy_arn}}));
}

Task<Result<void>> Iam::detach_role_policy(std::string role_name, std::string policy_arn) {
  return call_without_answer(client_, role_operation("DetachRolePolicy", role_name, {{"PolicyArn", policy_arn}}));
}

}  // namespace sortie::aws
