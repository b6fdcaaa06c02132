#include <fmt/format.h>

#include "base/ascii.h"
#include "emulator/iam/entity_kind.h"
#include "emulator/iam/pattern.h"
#include "wire/date.h"

namespace sortie::emulator::iam {

namespace {

constexpr std::size_t k_max_profile_name = 128;
constexpr std::size_t k_max_role_name = 64;

void write_profile(wire::XmlWriter& xml, const Directory& directory, const InstanceProfile& profile) {
  xml.element("Path", profile.path).element("InstanceProfileName", profile.name);
  xml.element("InstanceProfileId", profile.id).element("Arn", profile.arn);
  xml.element("CreateDate", wire::format_iso8601(profile.created));
  xml.open("Roles");
  if (const Role* role = profile.role.empty() ? nullptr : directory.find_role(profile.role)) {
    xml.open("member");
    write_role(xml, directory, *role, false);
    xml.close();
  }
  xml.close();
}

AwsResult<std::string> create_profile(Operation& operation) {
  Arguments arguments(operation.input);
  InstanceProfile profile;
  profile.name = arguments.name("InstanceProfileName", k_max_profile_name);
  profile.path = arguments.path();
  profile.tags = arguments.tags();
  RETURN_IF_ERROR(arguments.check());
  profile.arn = operation.arn("instance-profile", profile.path, profile.name);
  RETURN_IF_ERROR(operation.allow("CreateInstanceProfile", profile.arn, request_tag_keys(profile.tags)));
  if (operation.directory.find_profile(profile.name) != nullptr) {
    return aws_fail(409, "EntityAlreadyExists", fmt::format("Instance Profile {} already exists.", profile.name));
  }
  profile.id = Directory::make_id("AIPA");
  profile.created = operation.clock.now();
  wire::XmlWriter xml(false);
  xml.open("InstanceProfile");
  write_profile(xml, operation.directory, profile);
  if (!profile.tags.empty()) write_tags(xml, profile.tags);
  xml.close();
  operation.directory.put(std::move(profile));
  return xml.finish();
}

AwsResult<std::string> get_profile(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string name = arguments.name("InstanceProfileName", k_max_profile_name);
  RETURN_IF_ERROR(arguments.check());
  ASSIGN_OR_RETURN(const InstanceProfile* profile, allowed<ProfileKind>(operation, "GetInstanceProfile", name));
  wire::XmlWriter xml(false);
  xml.open("InstanceProfile");
  write_profile(xml, operation.directory, *profile);
  write_tags(xml, profile->tags);
  xml.close();
  return xml.finish();
}

/// A page of the profiles that `belongs` accepts.
template <class Belongs>
AwsResult<std::string> listing(Operation& operation, Page& page, Belongs belongs) {
  wire::XmlWriter xml(false);
  xml.open("InstanceProfiles");
  for (const auto& [key, profile] : operation.directory.profiles()) {
    if (!belongs(profile) || !page.takes(key)) continue;
    xml.open("member");
    write_profile(xml, operation.directory, profile);
    xml.close();
  }
  xml.close();
  page.finish(xml);
  return xml.finish();
}

AwsResult<std::string> list_profiles(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string prefix = arguments.path_prefix();
  RETURN_IF_ERROR(arguments.check());
  Page page(operation);
  RETURN_IF_ERROR(page.check());
  RETURN_IF_ERROR(operation.allow("ListInstanceProfiles", operation.arn("instance-profile", prefix, "")));
  return listing(operation, page, [&](const InstanceProfile& profile) { return profile.path.starts_with(prefix); });
}

AwsResult<std::string> list_profiles_for_role(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string name = arguments.name("RoleName", k_max_role_name);
  RETURN_IF_ERROR(arguments.check());
  Page page(operation);
  RETURN_IF_ERROR(page.check());
  RETURN_IF_ERROR(operation.allow("ListInstanceProfilesForRole", operation.arn("role", "/", name)));
  ASSIGN_OR_RETURN(const Role* role, need_role(operation, name));
  return listing(operation, page, [&](const InstanceProfile& profile) { return profile.role == role->name; });
}

AwsResult<std::string> delete_profile(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string name = arguments.name("InstanceProfileName", k_max_profile_name);
  RETURN_IF_ERROR(arguments.check());
  ASSIGN_OR_RETURN(const InstanceProfile* profile, allowed<ProfileKind>(operation, "DeleteInstanceProfile", name));
  if (!profile->role.empty()) {
    return std::unexpected(delete_conflict("Cannot delete entity, must remove roles from instance profile first."));
  }
  operation.directory.erase(*profile);
  return std::string();
}

AwsResult<std::string> add_role(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string name = arguments.name("InstanceProfileName", k_max_profile_name);
  const std::string role_name = arguments.name("RoleName", k_max_role_name);
  RETURN_IF_ERROR(arguments.check());
  ASSIGN_OR_RETURN(const InstanceProfile* profile, allowed<ProfileKind>(operation, "AddRoleToInstanceProfile", name));
  ASSIGN_OR_RETURN(const Role* role, need_role(operation, role_name));
  AuthorizationRequest pass;
  pass.action = "iam:PassRole";
  pass.resource = role->arn;
  pass.context.emplace_back("iam:PassedToService", "ec2.amazonaws.com");
  RETURN_IF_ERROR(operation.access.authorize(operation.call, pass));
  if (!profile->role.empty()) {
    return std::unexpected(limit_exceeded("Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1"));
  }
  InstanceProfile changed = *profile;
  changed.role = role->name;
  operation.directory.put(std::move(changed));
  return std::string();
}

AwsResult<std::string> remove_role(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string name = arguments.name("InstanceProfileName", k_max_profile_name);
  const std::string role_name = arguments.name("RoleName", k_max_role_name);
  RETURN_IF_ERROR(arguments.check());
  ASSIGN_OR_RETURN(const InstanceProfile* profile,
                   allowed<ProfileKind>(operation, "RemoveRoleFromInstanceProfile", name));
  if (ascii_lower(profile->role) != ascii_lower(role_name)) return std::unexpected(no_such_entity("role", role_name));
  InstanceProfile changed = *profile;
  changed.role.clear();
  operation.directory.put(std::move(changed));
  return std::string();
}

constexpr Row k_operations[] = {
    {"CreateInstanceProfile", create_profile},      {"GetInstanceProfile", get_profile},
    {"ListInstanceProfiles", list_profiles},        {"ListInstanceProfilesForRole", list_profiles_for_role},
    {"DeleteInstanceProfile", delete_profile},      {"AddRoleToInstanceProfile", add_role},
    {"RemoveRoleFromInstanceProfile", remove_role},
};

}  // namespace

std::span<const Row> profile_operations() {
  return k_operations;
}

}  // namespace sortie::emulator::iam
