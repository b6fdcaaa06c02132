#include <fmt/format.h>

#include <algorithm>

#include "emulator/iam/entity_kind.h"
#include "emulator/iam/policy.h"
#include "emulator/iam/principal_names.h"
#include "wire/date.h"

namespace sortie::emulator::iam {

namespace {

constexpr std::size_t k_max_role_name = 64;
constexpr std::size_t k_max_trust = 2048;
constexpr std::size_t k_max_roles = 5000;

AwsResult<void> check_trust(const Operation& operation, const std::string& document) {
  ASSIGN_OR_RETURN(const PolicyPtr policy, parse_policy(document, PolicyKind::trust));
  if (policy_size(document) > k_max_trust) {
    return std::unexpected(limit_exceeded(fmt::format("Cannot exceed quota for ACLSizePerRole: {}", k_max_trust)));
  }
  return check_principals(operation.directory, *policy);
}

AwsResult<std::string> create_role(Operation& operation) {
  Arguments arguments(operation.input);
  Role role;
  role.name = arguments.name("RoleName", k_max_role_name);
  role.path = arguments.path();
  role.trust = arguments.document("AssumeRolePolicyDocument");
  role.description = arguments.optional_text("Description", 1000);
  role.max_session_seconds = arguments.number("MaxSessionDuration", 3600, 43200, 3600);
  role.boundary = arguments.optional_text("PermissionsBoundary", 2048);
  role.tags = arguments.tags();
  RETURN_IF_ERROR(arguments.check());
  role.arn = operation.arn("role", role.path, role.name);
  ContextKeys context = request_tag_keys(role.tags);
  if (!role.boundary.empty()) context.emplace_back("iam:PermissionsBoundary", role.boundary);
  RETURN_IF_ERROR(operation.allow("CreateRole", role.arn, context));
  if (!role.tags.empty()) RETURN_IF_ERROR(operation.allow("TagRole", role.arn, context));
  if (operation.directory.find_role(role.name) != nullptr) {
    return std::unexpected(already_exists("Role", role.name));
  }
  RETURN_IF_ERROR(check_trust(operation, role.trust));
  RETURN_IF_ERROR(check_boundary(operation, role.boundary));
  if (operation.directory.roles().size() >= k_max_roles) {
    return std::unexpected(limit_exceeded(fmt::format("Cannot exceed quota for RolesPerAccount: {}", k_max_roles)));
  }
  role.trust = with_principal_ids(operation.directory, role.trust);
  role.id = Directory::make_id("AROA");
  role.created = operation.clock.now();
  wire::XmlWriter xml(false);
  xml.open("Role");
  write_role(xml, operation.directory, role, operation.input.contains("MaxSessionDuration"));
  write_boundary(xml, role.boundary);
  if (!role.tags.empty()) write_tags(xml, role.tags);
  xml.close();
  operation.directory.put(std::move(role));
  return xml.finish();
}

AwsResult<std::string> get_role(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string name = arguments.name("RoleName", k_max_role_name);
  RETURN_IF_ERROR(arguments.check());
  ASSIGN_OR_RETURN(const Role* role, allowed<RoleKind>(operation, "GetRole", name));
  wire::XmlWriter xml(false);
  xml.open("Role");
  write_role(xml, operation.directory, *role, true);
  write_boundary(xml, role->boundary);
  if (!role->tags.empty()) write_tags(xml, role->tags);
  write_last_used(xml, operation, *role);
  xml.close();
  return xml.finish();
}

AwsResult<std::string> list_roles(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string prefix = arguments.path_prefix();
  RETURN_IF_ERROR(arguments.check());
  Page page(operation);
  RETURN_IF_ERROR(page.check());
  RETURN_IF_ERROR(operation.allow("ListRoles", operation.arn("role", prefix, "")));
  wire::XmlWriter xml(false);
  xml.open("Roles");
  for (const auto& [key, role] : operation.directory.roles()) {
    if (!role.path.starts_with(prefix) || !page.takes(key)) continue;
    xml.open("member");
    write_role(xml, operation.directory, role, true);
    xml.close();
  }
  xml.close();
  page.finish(xml);
  return xml.finish();
}

AwsResult<std::string> update_role(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string name = arguments.name("RoleName", k_max_role_name);
  const std::string description = arguments.optional_text("Description", 1000);
  const std::int64_t seconds = arguments.number("MaxSessionDuration", 3600, 43200, 3600);
  RETURN_IF_ERROR(arguments.check());
  ASSIGN_OR_RETURN(const Role* role, allowed<RoleKind>(operation, "UpdateRole", name));
  Role changed = *role;
  if (operation.input.contains("Description")) changed.description = description;
  if (operation.input.contains("MaxSessionDuration")) changed.max_session_seconds = seconds;
  operation.directory.put(std::move(changed));
  return " ";  // an empty result element
}

AwsResult<std::string> update_role_description(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string name = arguments.name("RoleName", k_max_role_name);
  const std::string description = arguments.optional_text("Description", 1000);
  RETURN_IF_ERROR(arguments.check());
  ASSIGN_OR_RETURN(const Role* role, allowed<RoleKind>(operation, "UpdateRoleDescription", name));
  Role changed = *role;
  changed.description = description;
  wire::XmlWriter xml(false);
  xml.open("Role");
  write_role(xml, operation.directory, changed, true);
  xml.close();
  operation.directory.put(std::move(changed));
  return xml.finish();
}

AwsResult<std::string> update_assume_role_policy(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string name = arguments.name("RoleName", k_max_role_name);
  const std::string document = arguments.document("PolicyDocument");
  RETURN_IF_ERROR(arguments.check());
  ASSIGN_OR_RETURN(const Role* role, allowed<RoleKind>(operation, "UpdateAssumeRolePolicy", name));
  RETURN_IF_ERROR(check_trust(operation, document));
  Role changed = *role;
  changed.trust = with_principal_ids(operation.directory, document);
  operation.directory.put(std::move(changed));
  return std::string();
}

AwsResult<std::string> delete_role(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string name = arguments.name("RoleName", k_max_role_name);
  RETURN_IF_ERROR(arguments.check());
  ASSIGN_OR_RETURN(const Role* role, allowed<RoleKind>(operation, "DeleteRole", name));
  const auto uses_role = [&](const auto& entry) { return entry.second.role == role->name; };
  if (std::ranges::any_of(operation.directory.profiles(), uses_role)) {
    return std::unexpected(delete_conflict("Cannot delete entity, must remove roles from instance profile first."));
  }
  if (!role->attached.empty()) {
    return std::unexpected(delete_conflict("Cannot delete entity, must detach all policies first."));
  }
  if (!role->inline_policies.empty()) {
    return std::unexpected(delete_conflict("Cannot delete entity, must delete policies first."));
  }
  operation.directory.erase(*role);
  return std::string();
}

constexpr Row k_operations[] = {
    {"CreateRole", create_role},
    {"GetRole", get_role},
    {"ListRoles", list_roles},
    {"UpdateRole", update_role},
    {"UpdateRoleDescription", update_role_description},
    {"UpdateAssumeRolePolicy", update_assume_role_policy},
    {"DeleteRole", delete_role},
};

}  // namespace

std::span<const Row> role_operations() {
  return k_operations;
}

}  // namespace sortie::emulator::iam
