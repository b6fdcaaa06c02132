#include <algorithm>

#include "emulator/core/validation.h"
#include "emulator/iam/operation.h"
#include "wire/date.h"

// GetAccountAuthorizationDetails: everything about users, groups, roles and policies in one listing.

namespace sortie::emulator::iam {

namespace {

void write_inline(wire::XmlWriter& xml, std::string_view list, const PolicyHolder& holder) {
  xml.open(list);
  for (const auto& [name, document] : holder.inline_policies) {
    xml.open("member").element("PolicyName", name).element("PolicyDocument", encoded_document(document)).close();
  }
  xml.close();
}

void write_attached(wire::XmlWriter& xml, const Directory& directory, const PolicyHolder& holder) {
  xml.open("AttachedManagedPolicies");
  for (const std::string& arn : holder.attached) {
    const ManagedPolicy* policy = directory.find_policy(arn);
    if (policy == nullptr) continue;
    xml.open("member").element("PolicyName", policy->name).element("PolicyArn", arn).close();
  }
  xml.close();
}

void write_user_detail(wire::XmlWriter& xml, const Directory& directory, const User& user) {
  xml.open("member");
  write_user(xml, user);
  write_inline(xml, "UserPolicyList", user);
  xml.open("GroupList");
  for (const std::string& group : user.groups) xml.element("member", group);
  xml.close();
  write_attached(xml, directory, user);
  write_boundary(xml, user.boundary);
  write_tags(xml, user.tags);
  xml.close();
}

void write_group_detail(wire::XmlWriter& xml, const Directory& directory, const Group& group) {
  xml.open("member");
  write_group(xml, group);
  write_inline(xml, "GroupPolicyList", group);
  write_attached(xml, directory, group);
  xml.close();
}

void write_role_detail(wire::XmlWriter& xml, const Operation& operation, const Role& role) {
  xml.open("member").element("Path", role.path).element("RoleName", role.name).element("RoleId", role.id);
  xml.element("Arn", role.arn).element("CreateDate", wire::format_iso8601(role.created));
  xml.element("AssumeRolePolicyDocument", encoded_document(operation.access.shown_policy(role.trust)));
  xml.open("InstanceProfileList");
  for (const auto& [key, profile] : operation.directory.profiles()) {
    if (profile.role != role.name) continue;
    xml.open("member").element("Path", profile.path).element("InstanceProfileName", profile.name);
    xml.element("InstanceProfileId", profile.id).element("Arn", profile.arn);
    xml.element("CreateDate", wire::format_iso8601(profile.created)).open("Roles").open("member");
    write_role(xml, operation.directory, role, false);
    xml.close().close().close();
  }
  xml.close();
  write_inline(xml, "RolePolicyList", role);
  write_attached(xml, operation.directory, role);
  write_boundary(xml, role.boundary);
  write_tags(xml, role.tags);
  write_last_used(xml, operation, role);
  xml.close();
}

void write_policy_detail(wire::XmlWriter& xml, const Directory& directory, const ManagedPolicy& policy) {
  xml.open("member");
  write_policy(xml, directory, policy);
  if (!policy.description.empty()) xml.element("Description", policy.description);
  xml.open("PolicyVersionList");
  for (const auto& [number, version] : policy.versions) {
    xml.open("member").element("Document", encoded_document(version.document));
    xml.element("VersionId", "v" + std::to_string(number));
    xml.element("IsDefaultVersion", number == policy.default_version);
    xml.element("CreateDate", wire::format_iso8601(version.created)).close();
  }
  xml.close().close();
}

/// One list of the answer: the entities of a page that is shared by all lists, keys made distinct by `order`.
template <class Map, class Write>
void write_list(wire::XmlWriter& xml, std::string_view name, bool wanted, const Map& map, Page& page, char order,
                const Write& write) {
  xml.open(name);
  for (const auto& [key, entity] : map) {
    if (wanted && page.takes(order + key)) write(entity);
  }
  xml.close();
}

AwsResult<std::string> get_account_authorization_details(Operation& operation) {
  RETURN_IF_ERROR(operation.allow("GetAccountAuthorizationDetails", "*"));
  const auto filters = operation.input.list("Filter");
  for (const std::string& filter : filters) {
    static constexpr std::string_view k_known[] = {"User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"};
    if (std::ranges::find(k_known, filter) == std::end(k_known)) {
      return aws_fail(400, "ValidationError", unshown_violation("filter", constraint::one_of(k_known)));
    }
  }
  const auto wanted = [&](std::string_view kind) {
    return filters.empty() || std::ranges::find(filters, kind) != filters.end();
  };
  Page page(operation);
  RETURN_IF_ERROR(page.check());
  const Directory& directory = operation.directory;
  const bool own = wanted("LocalManagedPolicy");
  const bool of_aws = wanted("AWSManagedPolicy");
  wire::XmlWriter xml(false);
  write_list(xml, "UserDetailList", wanted("User"), directory.users(), page, 'a',
             [&](const User& user) { write_user_detail(xml, directory, user); });
  write_list(xml, "GroupDetailList", wanted("Group"), directory.groups(), page, 'b',
             [&](const Group& group) { write_group_detail(xml, directory, group); });
  write_list(xml, "RoleDetailList", wanted("Role"), directory.roles(), page, 'c',
             [&](const Role& role) { write_role_detail(xml, operation, role); });
  xml.open("Policies");
  for (const auto& [arn, policy] : directory.policies()) {
    // Of AWS's own only those that are in use belong to the account.
    const bool belongs = policy.owned_by_aws ? of_aws && directory.attachment_count(arn) > 0 : own;
    if (belongs && page.takes('d' + arn)) write_policy_detail(xml, directory, policy);
  }
  xml.close();
  page.finish(xml);
  return xml.finish();
}

constexpr Row k_operations[] = {
    {"GetAccountAuthorizationDetails", get_account_authorization_details},
};

}  // namespace

std::span<const Row> details_operations() {
  return k_operations;
}

}  // namespace sortie::emulator::iam
