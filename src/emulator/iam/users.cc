#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"
#include "emulator/iam/entity_kind.h"
#include "wire/date.h"

namespace sortie::emulator::iam {

void write_user(wire::XmlWriter& xml, const User& user) {
  xml.element("Path", user.path).element("UserName", user.name).element("UserId", user.id).element("Arn", user.arn);
  xml.element("CreateDate", wire::format_iso8601(user.created));
}

namespace {

constexpr std::size_t k_max_user_name = 64;
constexpr std::size_t k_max_keys = 2;

/// `UserName`, or the caller's own when it is left out.
AwsResult<std::string> user_name(const Operation& operation) {
  Arguments arguments(operation.input);
  std::string name = arguments.optional_name("UserName", k_max_user_name);
  RETURN_IF_ERROR(arguments.check());
  if (!name.empty()) return name;
  if (operation.call.principal.kind == Principal::Kind::user) return operation.call.principal.name;
  return aws_fail(400, "ValidationError", "Must specify userName when calling with non-User credentials");
}

AwsResult<std::string> create_user(Operation& operation) {
  Arguments arguments(operation.input);
  User user;
  user.name = arguments.name("UserName", k_max_user_name);
  user.path = arguments.path();
  user.boundary = arguments.optional_text("PermissionsBoundary", 2048);
  user.tags = arguments.tags();
  RETURN_IF_ERROR(arguments.check());
  user.arn = operation.arn("user", user.path, user.name);
  ContextKeys context = request_tag_keys(user.tags);
  if (!user.boundary.empty()) context.emplace_back("iam:PermissionsBoundary", user.boundary);
  RETURN_IF_ERROR(operation.allow("CreateUser", user.arn, context));
  if (!user.tags.empty()) RETURN_IF_ERROR(operation.allow("TagUser", user.arn, context));
  if (operation.directory.find_user(user.name) != nullptr) {
    return std::unexpected(already_exists("User", user.name));
  }
  RETURN_IF_ERROR(check_boundary(operation, user.boundary));
  user.id = Directory::make_id("AIDA");
  user.created = operation.clock.now();
  wire::XmlWriter xml(false);
  xml.open("User");
  write_user(xml, user);
  write_boundary(xml, user.boundary);
  if (!user.tags.empty()) write_tags(xml, user.tags);
  xml.close();
  operation.directory.put(std::move(user));
  return xml.finish();
}

std::string describe_root(const Operation& operation) {
  wire::XmlWriter xml(false);
  xml.open("User").element("UserId", operation.directory.account());
  xml.element("Arn", operation.call.principal.arn);
  xml.element("CreateDate", wire::format_iso8601(operation.clock.now())).close();
  return xml.finish();
}

AwsResult<std::string> get_user(Operation& operation) {
  if (!operation.input.contains("UserName") && operation.call.principal.kind == Principal::Kind::root) {
    return describe_root(operation);
  }
  ASSIGN_OR_RETURN(const std::string name, user_name(operation));
  ASSIGN_OR_RETURN(const User* user, allowed<UserKind>(operation, "GetUser", name));
  wire::XmlWriter xml(false);
  xml.open("User");
  write_user(xml, *user);
  write_boundary(xml, user->boundary);
  if (!user->tags.empty()) write_tags(xml, user->tags);
  xml.close();
  return xml.finish();
}

AwsResult<std::string> list_users(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string prefix = arguments.path_prefix();
  RETURN_IF_ERROR(arguments.check());
  Page page(operation);
  RETURN_IF_ERROR(page.check());
  RETURN_IF_ERROR(operation.allow("ListUsers", operation.arn("user", prefix, "")));
  wire::XmlWriter xml(false);
  xml.open("Users");
  for (const auto& [key, user] : operation.directory.users()) {
    if (!user.path.starts_with(prefix) || !page.takes(key)) continue;
    xml.open("member");
    write_user(xml, user);
    xml.close();
  }
  xml.close();
  page.finish(xml);
  return xml.finish();
}

AwsResult<std::string> update_user(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string name = arguments.name("UserName", k_max_user_name);
  const std::string new_name = arguments.optional_name("NewUserName", k_max_user_name);
  const std::string new_path = operation.input.contains("NewPath") ? arguments.path("NewPath") : "";
  RETURN_IF_ERROR(arguments.check());
  ASSIGN_OR_RETURN(const User* user, allowed<UserKind>(operation, "UpdateUser", name));
  const User before = *user;
  User changed = before;
  if (!new_path.empty()) changed.path = new_path;
  if (!new_name.empty()) changed.name = new_name;
  changed.arn = operation.arn("user", changed.path, changed.name);
  // Who renames needs the permission on both names.
  if (changed.arn != before.arn) RETURN_IF_ERROR(operation.allow("UpdateUser", changed.arn));
  const bool other_name = ascii_lower(changed.name) != ascii_lower(before.name);
  if (other_name && operation.directory.find_user(changed.name) != nullptr) {
    return std::unexpected(already_exists("User", changed.name));
  }
  operation.directory.put(std::move(changed));
  if (other_name) operation.directory.erase(before);
  return std::string();
}

AwsResult<std::string> delete_user(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string name = arguments.name("UserName", k_max_user_name);
  RETURN_IF_ERROR(arguments.check());
  ASSIGN_OR_RETURN(const User* user, allowed<UserKind>(operation, "DeleteUser", name));
  if (!user->keys.empty()) {
    return std::unexpected(delete_conflict("Cannot delete entity, must delete access keys first."));
  }
  if (!user->groups.empty()) {
    return std::unexpected(delete_conflict("Cannot delete entity, must remove users from group first."));
  }
  if (!user->attached.empty()) {
    return std::unexpected(delete_conflict("Cannot delete entity, must detach all policies first."));
  }
  if (!user->inline_policies.empty()) {
    return std::unexpected(delete_conflict("Cannot delete entity, must delete policies first."));
  }
  if (!user->service_credentials.empty()) {
    return std::unexpected(delete_conflict("Cannot delete entity, must remove referenced objects first."));
  }
  operation.directory.erase(*user);
  return std::string();
}

// --- access keys

std::string_view status_of(const AccessKey& key) {
  return key.active ? "Active" : "Inactive";
}

AwsError no_such_key(const std::string& id) {
  return {404, "NoSuchEntity", fmt::format("The Access Key with id {} cannot be found.", id), {}};
}

AwsResult<std::string> create_access_key(Operation& operation) {
  ASSIGN_OR_RETURN(const std::string name, user_name(operation));
  ASSIGN_OR_RETURN(const User* user, allowed<UserKind>(operation, "CreateAccessKey", name));
  if (user->keys.size() >= k_max_keys) {
    return std::unexpected(limit_exceeded(fmt::format("Cannot exceed quota for AccessKeysPerUser: {}", k_max_keys)));
  }
  User changed = *user;
  const AccessKey key{Directory::make_id("AKIA", 16), Directory::make_secret(), true, operation.clock.now()};
  changed.keys.push_back(key);
  wire::XmlWriter xml(false);
  xml.open("AccessKey").element("UserName", user->name).element("AccessKeyId", key.id);
  xml.element("Status", status_of(key)).element("SecretAccessKey", key.secret);
  xml.element("CreateDate", wire::format_iso8601(key.created)).close();
  operation.directory.put(std::move(changed));
  return xml.finish();
}

AwsResult<std::string> list_access_keys(Operation& operation) {
  ASSIGN_OR_RETURN(const std::string name, user_name(operation));
  ASSIGN_OR_RETURN(const User* user, allowed<UserKind>(operation, "ListAccessKeys", name));
  wire::XmlWriter xml(false);
  xml.open("AccessKeyMetadata");
  for (const AccessKey& key : user->keys) {
    xml.open("member").element("UserName", user->name).element("AccessKeyId", key.id);
    xml.element("Status", status_of(key)).element("CreateDate", wire::format_iso8601(key.created)).close();
  }
  xml.close().element("IsTruncated", false);
  return xml.finish();
}

/// The user, changed by `change` at the key that `AccessKeyId` names.
template <class Change>
AwsResult<std::string> change_key(Operation& operation, std::string_view action, Change change) {
  Arguments arguments(operation.input);
  const std::string id = arguments.name("AccessKeyId", 128);
  RETURN_IF_ERROR(arguments.check());
  ASSIGN_OR_RETURN(const std::string name, user_name(operation));
  ASSIGN_OR_RETURN(const User* user, allowed<UserKind>(operation, action, name));
  User changed = *user;
  const auto key = std::ranges::find(changed.keys, id, &AccessKey::id);
  if (key == changed.keys.end()) return std::unexpected(no_such_key(id));
  change(changed, key);
  operation.directory.put(std::move(changed));
  return std::string();
}

AwsResult<std::string> update_access_key(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string status = arguments.choice("Status", {"Active", "Inactive"});
  RETURN_IF_ERROR(arguments.check());
  return change_key(operation, "UpdateAccessKey", [&](User&, auto key) { key->active = status == "Active"; });
}

AwsResult<std::string> delete_access_key(Operation& operation) {
  return change_key(operation, "DeleteAccessKey", [](User& user, auto key) { user.keys.erase(key); });
}

AwsResult<std::string> get_access_key_last_used(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string id = arguments.name("AccessKeyId", 128);
  RETURN_IF_ERROR(arguments.check());
  const User* owner = nullptr;
  for (const auto& [key, user] : operation.directory.users()) {
    if (std::ranges::find(user.keys, id, &AccessKey::id) != user.keys.end()) owner = &user;
  }
  RETURN_IF_ERROR(operation.allow("GetAccessKeyLastUsed", owner != nullptr ? owner->arn : "*"));
  if (owner == nullptr) return std::unexpected(no_such_key(id));
  const auto use = operation.access.last_uses().find(id);
  wire::XmlWriter xml(false);
  xml.element("UserName", owner->name).open("AccessKeyLastUsed");
  if (use) xml.element("LastUsedDate", wire::format_iso8601(use->time));
  xml.element("ServiceName", use ? use->service : "N/A").element("Region", use ? use->region : "N/A").close();
  return xml.finish();
}

constexpr Row k_operations[] = {
    {"CreateUser", create_user},
    {"GetUser", get_user},
    {"ListUsers", list_users},
    {"UpdateUser", update_user},
    {"DeleteUser", delete_user},
    {"CreateAccessKey", create_access_key},
    {"ListAccessKeys", list_access_keys},
    {"UpdateAccessKey", update_access_key},
    {"DeleteAccessKey", delete_access_key},
    {"GetAccessKeyLastUsed", get_access_key_last_used},
};

}  // namespace

std::span<const Row> user_operations() {
  return k_operations;
}

}  // namespace sortie::emulator::iam
