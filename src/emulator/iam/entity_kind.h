#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

#include "emulator/iam/operation.h"

/// What differs between the kinds of entities that have the same operations: `TagRole`, `TagUser`,
/// `TagInstanceProfile`. An operation is written once, as a template of the kind.
namespace sortie::emulator::iam {

struct RoleKind {
  using Entity = Role;
  static constexpr std::string_view k_name = "Role";
  static constexpr std::string_view k_arn_kind = "role";
  static constexpr std::size_t k_max_name = 64;
  static constexpr std::size_t k_max_inline = 10'240;  ///< bytes of all inline policies together
  static const Role* find(const Directory& directory, const std::string& name) { return directory.find_role(name); }
  static AwsResult<const Role*> need(const Operation& operation, const std::string& name) {
    return need_role(operation, name);
  }
};

struct UserKind {
  using Entity = User;
  static constexpr std::string_view k_name = "User";
  static constexpr std::string_view k_arn_kind = "user";
  static constexpr std::size_t k_max_name = 64;
  static constexpr std::size_t k_max_inline = 2048;
  static const User* find(const Directory& directory, const std::string& name) { return directory.find_user(name); }
  static AwsResult<const User*> need(const Operation& operation, const std::string& name) {
    return need_user(operation, name);
  }
};

struct GroupKind {
  using Entity = Group;
  static constexpr std::string_view k_name = "Group";
  static constexpr std::string_view k_arn_kind = "group";
  static constexpr std::size_t k_max_name = 128;
  static constexpr std::size_t k_max_inline = 5120;
  static const Group* find(const Directory& directory, const std::string& name) { return directory.find_group(name); }
  static AwsResult<const Group*> need(const Operation& operation, const std::string& name) {
    return need_group(operation, name);
  }
};

struct ProfileKind {
  using Entity = InstanceProfile;
  static constexpr std::string_view k_name = "InstanceProfile";
  static constexpr std::string_view k_arn_kind = "instance-profile";
  static constexpr std::size_t k_max_name = 128;
  static const InstanceProfile* find(const Directory& directory, const std::string& name) {
    return directory.find_profile(name);
  }
  static AwsResult<const InstanceProfile*> need(const Operation& operation, const std::string& name) {
    if (const InstanceProfile* profile = find(operation.directory, name)) return profile;
    return aws_fail(404, "NoSuchEntity", fmt::format("Instance Profile {} cannot be found.", name));
  }
};

/// The entity's name as the request gives it: `RoleName`.
template <class Kind>
std::string entity_name(Arguments& arguments) {
  return arguments.name(fmt::format("{}Name", Kind::k_name), Kind::k_max_name);
}

/// `TagRole` for `Tag`, `PutRolePolicy` for `Put` and `Policy`.
template <class Kind>
std::string action_of(std::string_view verb, std::string_view noun = {}) {
  return fmt::format("{}{}{}", verb, Kind::k_name, noun);
}

/// Authorizes `action` on the entity of that name, with its tags, then finds it.
template <class Kind>
AwsResult<const typename Kind::Entity*> allowed(const Operation& operation, std::string_view action,
                                                const std::string& name, ContextKeys context = {}) {
  const auto* entity = Kind::find(operation.directory, name);
  if constexpr (requires { entity->tags; }) {
    if (entity != nullptr) {
      for (auto& key : resource_tag_keys(entity->tags)) context.push_back(std::move(key));
    }
  }
  const std::string arn = entity != nullptr ? entity->arn : operation.arn(Kind::k_arn_kind, "/", name);
  RETURN_IF_ERROR(operation.allow(action, arn, std::move(context)));
  return Kind::need(operation, name);
}

}  // namespace sortie::emulator::iam
