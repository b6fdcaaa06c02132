// Roles that belong to AWS services ("service-linked roles"). Their policies are attached by name: no service of the
// embedded AWS acts under them, so the documents are not here.

#include <fmt/format.h>

#include <algorithm>

#include "emulator/core/protocol.h"
#include "emulator/iam/operation.h"
#include "emulator/iam/service_roles.h"

namespace sortie::emulator::iam {

namespace {

constexpr std::string_view k_path = "/aws-service-role/";
constexpr std::string_view k_task = "deletion-task/";
constexpr std::size_t k_max_service = 128;
constexpr std::size_t k_max_suffix = 64;

/// What only AWS does to a service's role.
constexpr std::string_view k_refused[] = {"AttachRolePolicy",
                                          "DeleteRole",
                                          "DeleteRolePermissionsBoundary",
                                          "DeleteRolePolicy",
                                          "DetachRolePolicy",
                                          "PutRolePermissionsBoundary",
                                          "PutRolePolicy",
                                          "UpdateAssumeRolePolicy",
                                          "UpdateRole"};

bool is_service_linked(const Role& role) {
  return role.path.starts_with(k_path);
}

std::string trust_of(std::string_view service) {
  return fmt::format(
      R"({{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"{}"}},"Action":"sts:AssumeRole"}}]}})",
      service);
}

AwsResult<std::string> create_service_linked_role(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string service = arguments.name("AWSServiceName", k_max_service);
  const std::string suffix = arguments.optional_name("CustomSuffix", k_max_suffix);
  const std::string description = arguments.optional_text("Description", 1000);
  RETURN_IF_ERROR(arguments.check());
  const ServiceRole* known = find_service_role(service);
  Role role;
  role.path = fmt::format("{}{}/", k_path, service);
  role.name = known == nullptr ? "" : std::string(known->role);
  if (!suffix.empty()) role.name += "_" + suffix;
  role.arn = operation.arn("role", role.path, role.name);
  RETURN_IF_ERROR(operation.allow("CreateServiceLinkedRole", role.arn, {{"iam:AWSServiceName", service}}));
  if (known == nullptr) {
    return std::unexpected(not_implemented("iam", fmt::format("CreateServiceLinkedRole for {}", service)));
  }
  if (!suffix.empty() && !known->takes_suffix) {
    return aws_fail(400, "InvalidInput", fmt::format("Custom suffix is not allowed for {}", service));
  }
  if (operation.directory.find_role(role.name) != nullptr) {
    return aws_fail(
        400, "InvalidInput",
        fmt::format("Service role name {} has been taken in this account, please try a different suffix.", role.name));
  }
  role.trust = trust_of(service);
  role.description = description.empty() ? std::string(known->description) : description;
  role.attached.push_back(fmt::format("arn:aws:iam::aws:policy{}{}", k_path, known->policy));
  role.id = Directory::make_id("AROA");
  role.created = operation.clock.now();
  wire::XmlWriter xml(false);
  xml.open("Role");
  write_role(xml, operation.directory, role, false);
  xml.close();
  operation.directory.put(std::move(role));
  return xml.finish();
}

AwsResult<std::string> delete_service_linked_role(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string name = arguments.name("RoleName", 64);
  RETURN_IF_ERROR(arguments.check());
  const Role* role = operation.directory.find_role(name);
  RETURN_IF_ERROR(
      operation.allow("DeleteServiceLinkedRole", role != nullptr ? role->arn : operation.arn("role", k_path, name)));
  if (role == nullptr || !is_service_linked(*role)) return std::unexpected(no_such_entity("role", name));
  const std::string task = fmt::format("task{}{}/{}", role->path, role->name, make_request_id());
  operation.directory.set_setting(std::string(k_task) + task, "SUCCEEDED");
  operation.directory.erase(*role);
  wire::XmlWriter xml(false);
  xml.element("DeletionTaskId", task);
  return xml.finish();
}

AwsResult<std::string> get_deletion_status(Operation& operation) {
  const std::string task(operation.input.get_or("DeletionTaskId", ""));
  RETURN_IF_ERROR(operation.allow("GetServiceLinkedRoleDeletionStatus", operation.arn("role", k_path, "*")));
  const std::string status = operation.directory.setting(std::string(k_task) + task);
  if (status.empty()) return std::unexpected(no_such_entity("deletion task", task));
  wire::XmlWriter xml(false);
  xml.element("Status", status);
  return xml.finish();
}

constexpr Row k_operations[] = {
    {.name = "CreateServiceLinkedRole", .handler = create_service_linked_role, .lacks = "services that are not listed"},
    {"DeleteServiceLinkedRole", delete_service_linked_role},
    {"GetServiceLinkedRoleDeletionStatus", get_deletion_status},
};

}  // namespace

std::span<const Row> service_linked_operations() {
  return k_operations;
}

AwsResult<void> check_unprotected(const Operation& operation, std::string_view action) {
  if (std::ranges::find(k_refused, action) == std::end(k_refused)) return {};
  const Role* role = operation.directory.find_role(operation.input.get_or("RoleName", ""));
  if (role == nullptr || !is_service_linked(*role)) return {};
  return aws_fail(400, "UnmodifiableEntity",
                  fmt::format("Cannot perform the operation on the protected role '{}' - this role is only modifiable "
                              "by AWS",
                              role->name));
}

}  // namespace sortie::emulator::iam
