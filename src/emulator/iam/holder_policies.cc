// Inline and attached policies of roles, users and groups: the same operations for three kinds of holder.

#include <fmt/format.h>

#include <algorithm>

#include "emulator/iam/operation.h"
#include "emulator/iam/policy.h"

namespace sortie::emulator::iam {

namespace {

constexpr std::size_t k_max_policy_name = 128;
constexpr std::size_t k_max_attached = 20;

/// What differs between the three kinds.
struct RoleKind {
  using Holder = Role;
  static constexpr std::string_view k_name = "Role";
  static constexpr std::string_view k_lower = "role";
  static constexpr std::size_t k_max_name = 64;
  static constexpr std::size_t k_max_inline = 10'240;
  static AwsResult<const Role*> find(const Operation& operation, const std::string& name) {
    return need_role(operation, name);
  }
};

struct UserKind {
  using Holder = User;
  static constexpr std::string_view k_name = "User";
  static constexpr std::string_view k_lower = "user";
  static constexpr std::size_t k_max_name = 64;
  static constexpr std::size_t k_max_inline = 2048;
  static AwsResult<const User*> find(const Operation& operation, const std::string& name) {
    return need_user(operation, name);
  }
};

struct GroupKind {
  using Holder = Group;
  static constexpr std::string_view k_name = "Group";
  static constexpr std::string_view k_lower = "group";
  static constexpr std::size_t k_max_name = 128;
  static constexpr std::size_t k_max_inline = 5120;
  static AwsResult<const Group*> find(const Operation& operation, const std::string& name) {
    return need_group(operation, name);
  }
};

/// `PutRolePolicy` for `Put` and `Policy`.
template <class Kind>
std::string action(std::string_view verb, std::string_view noun) {
  return fmt::format("{}{}{}", verb, Kind::k_name, noun);
}

template <class Kind>
std::string holder_name(Arguments& arguments) {
  return arguments.name(fmt::format("{}Name", Kind::k_name), Kind::k_max_name);
}

template <class Kind>
AwsResult<const typename Kind::Holder*> allowed(const Operation& operation, const std::string& action_name,
                                                const std::string& name, ContextKeys context = {}) {
  const auto holder = Kind::find(operation, name);
  if constexpr (!std::is_same_v<Kind, GroupKind>) {
    if (holder) {
      for (auto& key : resource_tag_keys((*holder)->tags)) context.push_back(std::move(key));
      if (!(*holder)->boundary.empty()) context.emplace_back("iam:PermissionsBoundary", (*holder)->boundary);
    }
  }
  RETURN_IF_ERROR(operation.allow(action_name, holder ? (*holder)->arn : operation.arn(Kind::k_lower, "/", name),
                                  std::move(context)));
  return holder;
}

AwsError no_such_inline(std::string_view kind, std::string_view name) {
  return {404, "NoSuchEntity", fmt::format("The {} policy with name {} cannot be found.", kind, name), {}};
}

template <class Kind>
AwsResult<std::string> put_inline(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string name = holder_name<Kind>(arguments);
  const std::string policy_name = arguments.name("PolicyName", k_max_policy_name);
  const std::string document = arguments.document("PolicyDocument");
  RETURN_IF_ERROR(arguments.check());
  ASSIGN_OR_RETURN(const auto* holder, allowed<Kind>(operation, action<Kind>("Put", "Policy"), name));
  RETURN_IF_ERROR(parse_policy(document, PolicyKind::identity));
  auto changed = *holder;
  changed.inline_policies[policy_name] = document;
  std::size_t total = 0;
  for (const auto& [key, text] : changed.inline_policies) total += policy_size(text);
  if (total > Kind::k_max_inline) {
    return std::unexpected(limit_exceeded(fmt::format("Maximum policy size of {} bytes exceeded for {} {}",
                                                      Kind::k_max_inline, Kind::k_lower, holder->name)));
  }
  operation.directory.put(std::move(changed));
  return std::string();
}

template <class Kind>
AwsResult<std::string> get_inline(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string name = holder_name<Kind>(arguments);
  const std::string policy_name = arguments.name("PolicyName", k_max_policy_name);
  RETURN_IF_ERROR(arguments.check());
  ASSIGN_OR_RETURN(const auto* holder, allowed<Kind>(operation, action<Kind>("Get", "Policy"), name));
  const auto found = holder->inline_policies.find(policy_name);
  if (found == holder->inline_policies.end()) return std::unexpected(no_such_inline(Kind::k_lower, policy_name));
  wire::XmlWriter xml(false);
  xml.element(fmt::format("{}Name", Kind::k_name), holder->name).element("PolicyName", policy_name);
  xml.element("PolicyDocument", encoded_document(found->second));
  return xml.finish();
}

template <class Kind>
AwsResult<std::string> delete_inline(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string name = holder_name<Kind>(arguments);
  const std::string policy_name = arguments.name("PolicyName", k_max_policy_name);
  RETURN_IF_ERROR(arguments.check());
  ASSIGN_OR_RETURN(const auto* holder, allowed<Kind>(operation, action<Kind>("Delete", "Policy"), name));
  auto changed = *holder;
  if (changed.inline_policies.erase(policy_name) == 0) {
    return std::unexpected(no_such_inline(Kind::k_lower, policy_name));
  }
  operation.directory.put(std::move(changed));
  return std::string();
}

template <class Kind>
AwsResult<std::string> list_inline(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string name = holder_name<Kind>(arguments);
  RETURN_IF_ERROR(arguments.check());
  Page page(operation);
  RETURN_IF_ERROR(page.check());
  ASSIGN_OR_RETURN(const auto* holder, allowed<Kind>(operation, action<Kind>("List", "Policies"), name));
  wire::XmlWriter xml(false);
  xml.open("PolicyNames");
  for (const auto& [policy_name, document] : holder->inline_policies) {
    if (page.takes(policy_name)) xml.element("member", policy_name);
  }
  xml.close();
  page.finish(xml);
  return xml.finish();
}

template <class Kind>
AwsResult<std::string> attach(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string name = holder_name<Kind>(arguments);
  const std::string arn = arguments.arn("PolicyArn");
  RETURN_IF_ERROR(arguments.check());
  ASSIGN_OR_RETURN(const auto* holder,
                   allowed<Kind>(operation, action<Kind>("Attach", "Policy"), name, {{"iam:PolicyARN", arn}}));
  if (operation.directory.find_policy(arn) == nullptr) return std::unexpected(no_such_policy(arn));
  if (std::ranges::find(holder->attached, arn) != holder->attached.end()) return std::string();
  if (holder->attached.size() >= k_max_attached) {
    return std::unexpected(
        limit_exceeded(fmt::format("Cannot exceed quota for PoliciesPer{}: {}", Kind::k_name, k_max_attached)));
  }
  auto changed = *holder;
  changed.attached.push_back(arn);
  operation.directory.put(std::move(changed));
  return std::string();
}

template <class Kind>
AwsResult<std::string> detach(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string name = holder_name<Kind>(arguments);
  const std::string arn = arguments.arn("PolicyArn");
  RETURN_IF_ERROR(arguments.check());
  ASSIGN_OR_RETURN(const auto* holder,
                   allowed<Kind>(operation, action<Kind>("Detach", "Policy"), name, {{"iam:PolicyARN", arn}}));
  auto changed = *holder;
  if (std::erase(changed.attached, arn) == 0) {
    return aws_fail(404, "NoSuchEntity", fmt::format("Policy {} was not found.", arn));
  }
  operation.directory.put(std::move(changed));
  return std::string();
}

template <class Kind>
AwsResult<std::string> list_attached(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string name = holder_name<Kind>(arguments);
  const std::string prefix = arguments.path_prefix();
  RETURN_IF_ERROR(arguments.check());
  Page page(operation);
  RETURN_IF_ERROR(page.check());
  ASSIGN_OR_RETURN(const auto* holder,
                   allowed<Kind>(operation, fmt::format("ListAttached{}Policies", Kind::k_name), name));
  auto arns = holder->attached;
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

std::span<const Row> holder_policy_operations() {
  return k_operations;
}

}  // namespace sortie::emulator::iam
