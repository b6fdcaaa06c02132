#include "emulator/iam/entity_kind.h"

/// Permissions boundaries of roles and users: the same operations for two kinds of entity.
namespace sortie::emulator::iam {
namespace {

template <class Kind>
AwsResult<std::string> put_boundary(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string name = entity_name<Kind>(arguments);
  const std::string boundary = arguments.arn("PermissionsBoundary");
  RETURN_IF_ERROR(arguments.check());
  ASSIGN_OR_RETURN(const auto* entity, allowed<Kind>(operation, action_of<Kind>("Put", "PermissionsBoundary"), name,
                                                     {{"iam:PermissionsBoundary", boundary}}));
  RETURN_IF_ERROR(check_boundary(operation, boundary));
  auto changed = *entity;
  changed.boundary = boundary;
  operation.directory.put(std::move(changed));
  return std::string();
}

template <class Kind>
AwsResult<std::string> delete_boundary(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string name = entity_name<Kind>(arguments);
  RETURN_IF_ERROR(arguments.check());
  ASSIGN_OR_RETURN(const auto* entity,
                   allowed<Kind>(operation, action_of<Kind>("Delete", "PermissionsBoundary"), name));
  auto changed = *entity;
  changed.boundary.clear();
  operation.directory.put(std::move(changed));
  return std::string();
}

constexpr Row k_operations[] = {
    {"PutRolePermissionsBoundary", put_boundary<RoleKind>},
    {"DeleteRolePermissionsBoundary", delete_boundary<RoleKind>},
    {"PutUserPermissionsBoundary", put_boundary<UserKind>},
    {"DeleteUserPermissionsBoundary", delete_boundary<UserKind>},
};

}  // namespace

std::span<const Row> boundary_operations() {
  return k_operations;
}

AwsResult<void> check_boundary(const Operation& operation, const std::string& arn) {
  if (arn.empty() || operation.directory.find_policy(arn) != nullptr) return {};
  return aws_fail(404, "NoSuchEntity", fmt::format("Scope ARN: {} does not exist or is not attachable.", arn));
}

}  // namespace sortie::emulator::iam
