#include <fmt/format.h>

#include <algorithm>

#include "emulator/iam/entity_kind.h"
#include "emulator/iam/policy.h"

/// Inline and attached policies of roles, users and groups: the same operations for three kinds of entity.
namespace sortie::emulator::iam {

namespace {

constexpr std::size_t k_max_policy_name = 128;
constexpr std::size_t k_max_attached = 20;

/// With the boundary that the entity has beside its tags.
template <class Kind>
AwsResult<const typename Kind::Entity*> allowed_with_boundary(const Operation& operation, std::string_view action,
                                                              const std::string& name, ContextKeys context = {}) {
  const auto* entity = Kind::find(operation.directory, name);
  if constexpr (requires { entity->boundary; }) {
    if (entity != nullptr && !entity->boundary.empty()) {
      context.emplace_back("iam:PermissionsBoundary", entity->boundary);
    }
  }
  return allowed<Kind>(operation, action, name, std::move(context));
}

AwsError no_such_inline(std::string_view kind, std::string_view name) {
  return {404, "NoSuchEntity", fmt::format("The {} policy with name {} cannot be found.", kind, name), {}};
}

template <class Kind>
AwsResult<std::string> put_inline(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string name = entity_name<Kind>(arguments);
  const std::string policy_name = arguments.name("PolicyName", k_max_policy_name);
  const std::string document = arguments.document("PolicyDocument");
  RETURN_IF_ERROR(arguments.check());
  ASSIGN_OR_RETURN(const auto* entity, allowed_with_boundary<Kind>(operation, action_of<Kind>("Put", "Policy"), name));
  RETURN_IF_ERROR(parse_policy(document, PolicyKind::identity));
  auto changed = *entity;
  changed.inline_policies[policy_name] = document;
  std::size_t total = 0;
  for (const auto& [key, text] : changed.inline_policies) total += policy_size(text);
  if (total > Kind::k_max_inline) {
    return std::unexpected(limit_exceeded(fmt::format("Maximum policy size of {} bytes exceeded for {} {}",
                                                      Kind::k_max_inline, Kind::k_arn_kind, entity->name)));
  }
  operation.directory.put(std::move(changed));
  return std::string();
}

template <class Kind>
AwsResult<std::string> get_inline(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string name = entity_name<Kind>(arguments);
  const std::string policy_name = arguments.name("PolicyName", k_max_policy_name);
  RETURN_IF_ERROR(arguments.check());
  ASSIGN_OR_RETURN(const auto* entity, allowed_with_boundary<Kind>(operation, action_of<Kind>("Get", "Policy"), name));
  const auto found = entity->inline_policies.find(policy_name);
  if (found == entity->inline_policies.end()) return std::unexpected(no_such_inline(Kind::k_arn_kind, policy_name));
  wire::XmlWriter xml(false);
  xml.element(fmt::format("{}Name", Kind::k_name), entity->name).element("PolicyName", policy_name);
  xml.element("PolicyDocument", encoded_document(found->second));
  return xml.finish();
}

template <class Kind>
AwsResult<std::string> delete_inline(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string name = entity_name<Kind>(arguments);
  const std::string policy_name = arguments.name("PolicyName", k_max_policy_name);
  RETURN_IF_ERROR(arguments.check());
  ASSIGN_OR_RETURN(const auto* entity,
                   allowed_with_boundary<Kind>(operation, action_of<Kind>("Delete", "Policy"), name));
  auto changed = *entity;
  if (changed.inline_policies.erase(policy_name) == 0) {
    return std::unexpected(no_such_inline(Kind::k_arn_kind, policy_name));
  }
  operation.directory.put(std::move(changed));
  return std::string();
}

template <class Kind>
AwsResult<std::string> list_inline(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string name = entity_name<Kind>(arguments);
  RETURN_IF_ERROR(arguments.check());
  Page page(operation);
  RETURN_IF_ERROR(page.check());
  ASSIGN_OR_RETURN(const auto* entity,
                   allowed_with_boundary<Kind>(operation, action_of<Kind>("List", "Policies"), name));
  wire::XmlWriter xml(false);
  xml.open("PolicyNames");
  for (const auto& [policy_name, document] : entity->inline_policies) {
    if (page.takes(policy_name)) xml.element("member", policy_name);
  }
  xml.close();
  page.finish(xml);
  return xml.finish();
}

template <class Kind>
AwsResult<std::string> attach(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string name = entity_name<Kind>(arguments);
  const std::string arn = arguments.arn("PolicyArn");
  RETURN_IF_ERROR(arguments.check());
  ASSIGN_OR_RETURN(const auto* entity, allowed_with_boundary<Kind>(operation, action_of<Kind>("Attach", "Policy"), name,
                                                                   {{"iam:PolicyARN", arn}}));
  if (operation.directory.find_policy(arn) == nullptr) return std::unexpected(no_such_policy(arn));
  if (std::ranges::find(entity->attached, arn) != entity->attached.end()) return std::string();
  if (entity->attached.size() >= k_max_attached) {
    return std::unexpected(
        limit_exceeded(fmt::format("Cannot exceed quota for PoliciesPer{}: {}", Kind::k_name, k_max_attached)));
  }
  auto changed = *entity;
  changed.attached.push_back(arn);
  operation.directory.put(std::move(changed));
  return std::string();
}

template <class Kind>
AwsResult<std::string> detach(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string name = entity_name<Kind>(arguments);
  const std::string arn = arguments.arn("PolicyArn");
  RETURN_IF_ERROR(arguments.check());
  ASSIGN_OR_RETURN(const auto* entity, allowed_with_boundary<Kind>(operation, action_of<Kind>("Detach", "Policy"), name,
                                                                   {{"iam:PolicyARN", arn}}));
  auto changed = *entity;
  if (std::erase(changed.attached, arn) == 0) {
    return aws_fail(404, "NoSuchEntity", fmt::format("Policy {} was not found.", arn));
  }
  operation.directory.put(std::move(changed));
  return std::string();
}

template <class Kind>
AwsResult<std::string> list_attached(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string name = entity_name<Kind>(arguments);
  const std::string prefix = arguments.path_prefix();
  RETURN_IF_ERROR(arguments.check());
  Page page(operation);
  RETURN_IF_ERROR(page.check());
  ASSIGN_OR_RETURN(const auto* entity,
                   allowed_with_boundary<Kind>(operation, action_of<Kind>("ListAttached", "Policies"), name));
  auto arns = entity->attached;
  std::ranges::sort(arns);
  wire::XmlWriter xml(false);
  xml.open("AttachedPolicies");
  for (const std::string& arn : arns) {
    // By its ARN alone: the policies of service-linked roles are known by name only.
    const auto path_and_name = std::string_view(arn).substr(arn.find('/'));
    if (!path_and_name.starts_with(prefix) || !page.takes(arn)) continue;
    xml.open("member").element("PolicyName", path_and_name.substr(path_and_name.rfind('/') + 1));
    xml.element("PolicyArn", arn).close();
  }
  xml.close();
  page.finish(xml);
  return xml.finish();
}

constexpr Row k_operations[] = {
    {"PutRolePolicy", put_inline<RoleKind>},
    {"GetRolePolicy", get_inline<RoleKind>},
    {"DeleteRolePolicy", delete_inline<RoleKind>},
    {"ListRolePolicies", list_inline<RoleKind>},
    {"AttachRolePolicy", attach<RoleKind>},
    {"DetachRolePolicy", detach<RoleKind>},
    {"ListAttachedRolePolicies", list_attached<RoleKind>},
    {"PutUserPolicy", put_inline<UserKind>},
    {"GetUserPolicy", get_inline<UserKind>},
    {"DeleteUserPolicy", delete_inline<UserKind>},
    {"ListUserPolicies", list_inline<UserKind>},
    {"AttachUserPolicy", attach<UserKind>},
    {"DetachUserPolicy", detach<UserKind>},
    {"ListAttachedUserPolicies", list_attached<UserKind>},
    {"PutGroupPolicy", put_inline<GroupKind>},
    {"GetGroupPolicy", get_inline<GroupKind>},
    {"DeleteGroupPolicy", delete_inline<GroupKind>},
    {"ListGroupPolicies", list_inline<GroupKind>},
    {"AttachGroupPolicy", attach<GroupKind>},
    {"DetachGroupPolicy", detach<GroupKind>},
    {"ListAttachedGroupPolicies", list_attached<GroupKind>},
};

}  // namespace

std::span<const Row> entity_policy_operations() {
  return k_operations;
}

}  // namespace sortie::emulator::iam
