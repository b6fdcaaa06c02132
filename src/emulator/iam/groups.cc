#include <algorithm>

#include "base/ascii.h"
#include "emulator/iam/entity_kind.h"
#include "emulator/iam/pattern.h"
#include "wire/date.h"

namespace sortie::emulator::iam {

void write_group(wire::XmlWriter& xml, const Group& group) {
  xml.element("Path", group.path).element("GroupName", group.name).element("GroupId", group.id);
  xml.element("Arn", group.arn).element("CreateDate", wire::format_iso8601(group.created));
}

namespace {

constexpr std::size_t k_max_group_name = 128;
constexpr std::size_t k_max_user_name = 64;
constexpr std::size_t k_max_groups_per_user = 10;

bool is_member(const User& user, const Group& group) {
  return std::ranges::any_of(user.groups,
                             [&](const std::string& name) { return ascii_lower(name) == ascii_lower(group.name); });
}

AwsResult<std::string> create_group(Operation& operation) {
  Arguments arguments(operation.input);
  Group group;
  group.name = arguments.name("GroupName", k_max_group_name);
  group.path = arguments.path();
  RETURN_IF_ERROR(arguments.check());
  group.arn = operation.arn("group", group.path, group.name);
  RETURN_IF_ERROR(operation.allow("CreateGroup", group.arn));
  if (operation.directory.find_group(group.name) != nullptr) {
    return std::unexpected(already_exists("Group", group.name));
  }
  group.id = Directory::make_id("AGPA");
  group.created = operation.clock.now();
  wire::XmlWriter xml(false);
  xml.open("Group");
  write_group(xml, group);
  xml.close();
  operation.directory.put(std::move(group));
  return xml.finish();
}

AwsResult<std::string> get_group(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string name = arguments.name("GroupName", k_max_group_name);
  RETURN_IF_ERROR(arguments.check());
  Page page(operation);
  RETURN_IF_ERROR(page.check());
  ASSIGN_OR_RETURN(const Group* group, allowed<GroupKind>(operation, "GetGroup", name));
  wire::XmlWriter xml(false);
  xml.open("Group");
  write_group(xml, *group);
  xml.close().open("Users");
  for (const auto& [key, user] : operation.directory.users()) {
    if (!is_member(user, *group) || !page.takes(key)) continue;
    xml.open("member").element("Path", user.path).element("UserName", user.name).element("UserId", user.id);
    xml.element("Arn", user.arn).element("CreateDate", wire::format_iso8601(user.created)).close();
  }
  xml.close();
  page.finish(xml);
  return xml.finish();
}

AwsResult<std::string> list_groups(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string prefix = arguments.path_prefix();
  RETURN_IF_ERROR(arguments.check());
  Page page(operation);
  RETURN_IF_ERROR(page.check());
  RETURN_IF_ERROR(operation.allow("ListGroups", operation.arn("group", prefix, "")));
  wire::XmlWriter xml(false);
  xml.open("Groups");
  for (const auto& [key, group] : operation.directory.groups()) {
    if (!group.path.starts_with(prefix) || !page.takes(key)) continue;
    xml.open("member");
    write_group(xml, group);
    xml.close();
  }
  xml.close();
  page.finish(xml);
  return xml.finish();
}

AwsResult<std::string> list_groups_for_user(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string name = arguments.name("UserName", k_max_user_name);
  RETURN_IF_ERROR(arguments.check());
  RETURN_IF_ERROR(operation.allow("ListGroupsForUser", operation.arn("user", "/", name)));
  ASSIGN_OR_RETURN(const User* user, need_user(operation, name));
  wire::XmlWriter xml(false);
  xml.open("Groups");
  for (const auto& [key, group] : operation.directory.groups()) {
    if (!is_member(*user, group)) continue;
    xml.open("member");
    write_group(xml, group);
    xml.close();
  }
  xml.close().element("IsTruncated", false);
  return xml.finish();
}

AwsResult<std::string> update_group(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string name = arguments.name("GroupName", k_max_group_name);
  const std::string new_name = arguments.optional_name("NewGroupName", k_max_group_name);
  const std::string new_path = operation.input.contains("NewPath") ? arguments.path("NewPath") : "";
  RETURN_IF_ERROR(arguments.check());
  ASSIGN_OR_RETURN(const Group* group, allowed<GroupKind>(operation, "UpdateGroup", name));
  const Group before = *group;
  Group changed = before;
  if (!new_path.empty()) changed.path = new_path;
  if (!new_name.empty()) changed.name = new_name;
  changed.arn = operation.arn("group", changed.path, changed.name);
  if (changed.arn != before.arn) RETURN_IF_ERROR(operation.allow("UpdateGroup", changed.arn));
  const bool other_name = ascii_lower(changed.name) != ascii_lower(before.name);
  if (other_name && operation.directory.find_group(changed.name) != nullptr) {
    return std::unexpected(already_exists("Group", changed.name));
  }
  std::vector<User> members;
  for (const auto& [key, user] : operation.directory.users()) {
    if (is_member(user, before)) members.push_back(user);
  }
  operation.directory.put(changed);
  for (User& user : members) {
    for (std::string& of : user.groups) {
      if (ascii_lower(of) == ascii_lower(before.name)) of = changed.name;
    }
    operation.directory.put(std::move(user));
  }
  if (other_name) operation.directory.erase(before);
  return std::string();
}

AwsResult<std::string> delete_group(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string name = arguments.name("GroupName", k_max_group_name);
  RETURN_IF_ERROR(arguments.check());
  ASSIGN_OR_RETURN(const Group* group, allowed<GroupKind>(operation, "DeleteGroup", name));
  const auto in_it = [&](const auto& entry) { return is_member(entry.second, *group); };
  if (std::ranges::any_of(operation.directory.users(), in_it)) {
    return std::unexpected(delete_conflict("Cannot delete entity, must remove users from group first."));
  }
  if (!group->attached.empty()) {
    return std::unexpected(delete_conflict("Cannot delete entity, must detach all policies first."));
  }
  if (!group->inline_policies.empty()) {
    return std::unexpected(delete_conflict("Cannot delete entity, must delete policies first."));
  }
  operation.directory.erase(*group);
  return std::string();
}

/// The group and user that a membership operation names, authorized.
AwsResult<std::pair<const Group*, const User*>> membership(Operation& operation, std::string_view action) {
  Arguments arguments(operation.input);
  const std::string group_name = arguments.name("GroupName", k_max_group_name);
  const std::string user_name = arguments.name("UserName", k_max_user_name);
  RETURN_IF_ERROR(arguments.check());
  ASSIGN_OR_RETURN(const Group* group, allowed<GroupKind>(operation, action, group_name));
  ASSIGN_OR_RETURN(const User* user, need_user(operation, user_name));
  return std::pair{group, user};
}

AwsResult<std::string> add_user_to_group(Operation& operation) {
  ASSIGN_OR_RETURN(const auto named, membership(operation, "AddUserToGroup"));
  const auto& [group, user] = named;
  if (is_member(*user, *group)) return std::string();
  if (user->groups.size() >= k_max_groups_per_user) {
    return std::unexpected(limit_exceeded("Cannot exceed quota for GroupsPerUser: 10"));
  }
  User changed = *user;
  changed.groups.push_back(group->name);
  operation.directory.put(std::move(changed));
  return std::string();
}

AwsResult<std::string> remove_user_from_group(Operation& operation) {
  ASSIGN_OR_RETURN(const auto named, membership(operation, "RemoveUserFromGroup"));
  const auto& [group, user] = named;
  if (!is_member(*user, *group)) return std::unexpected(no_such_entity("user", user->name));
  User changed = *user;
  std::erase_if(changed.groups,
                [&](const std::string& name) { return ascii_lower(name) == ascii_lower(named.first->name); });
  operation.directory.put(std::move(changed));
  return std::string();
}

constexpr Row k_operations[] = {
    {"CreateGroup", create_group},         {"GetGroup", get_group},
    {"ListGroups", list_groups},           {"ListGroupsForUser", list_groups_for_user},
    {"UpdateGroup", update_group},         {"DeleteGroup", delete_group},
    {"AddUserToGroup", add_user_to_group}, {"RemoveUserFromGroup", remove_user_from_group},
};

}  // namespace

std::span<const Row> group_operations() {
  return k_operations;
}

}  // namespace sortie::emulator::iam
