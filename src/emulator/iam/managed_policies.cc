#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"
#include "base/number.h"
#include "emulator/core/validation.h"
#include "emulator/iam/operation.h"
#include "emulator/iam/pattern.h"
#include "emulator/iam/policy.h"
#include "wire/date.h"

namespace sortie::emulator::iam {

void write_policy(wire::XmlWriter& xml, const Directory& directory, const ManagedPolicy& policy) {
  xml.element("PolicyName", policy.name).element("PolicyId", policy.id).element("Arn", policy.arn);
  xml.element("Path", policy.path).element("DefaultVersionId", fmt::format("v{}", policy.default_version));
  xml.element("AttachmentCount", static_cast<long long>(directory.attachment_count(policy.arn)));
  xml.element("PermissionsBoundaryUsageCount", static_cast<long long>(directory.boundary_count(policy.arn)));
  xml.element("IsAttachable", true);
  xml.element("CreateDate", wire::format_iso8601(policy.created));
  xml.element("UpdateDate", wire::format_iso8601(policy.updated));
}

namespace {

constexpr std::size_t k_max_policy_name = 128;
constexpr std::size_t k_max_document = 6144;
constexpr std::size_t k_max_versions = 5;

void write_version(wire::XmlWriter& xml, const ManagedPolicy& policy, int number, bool with_document) {
  const PolicyVersion& version = policy.versions.at(number);
  if (with_document) xml.element("Document", encoded_document(version.document));
  xml.element("VersionId", fmt::format("v{}", number)).element("IsDefaultVersion", number == policy.default_version);
  xml.element("CreateDate", wire::format_iso8601(version.created));
}

AwsResult<void> check_document(const std::string& document) {
  RETURN_IF_ERROR(parse_policy(document, PolicyKind::identity));
  if (policy_size(document) <= k_max_document) return {};
  return std::unexpected(limit_exceeded(fmt::format("Cannot exceed quota for PolicySize: {}", k_max_document)));
}

/// Authorizes `action` on the policy that `PolicyArn` names, and finds it.
AwsResult<const ManagedPolicy*> allowed_policy(const Operation& operation, std::string_view action) {
  Arguments arguments(operation.input);
  const std::string arn = arguments.arn("PolicyArn");
  RETURN_IF_ERROR(arguments.check());
  RETURN_IF_ERROR(operation.allow(action, arn));
  return need_policy(operation, arn);
}

/// The same for operations that change it: AWS's own policies cannot be.
AwsResult<const ManagedPolicy*> own_policy(const Operation& operation, std::string_view action) {
  ASSIGN_OR_RETURN(const ManagedPolicy* policy, allowed_policy(operation, action));
  if (!policy->owned_by_aws) return policy;
  return aws_fail(403, "AccessDenied", fmt::format("Policy {} is owned by AWS and cannot be changed.", policy->arn));
}

AwsResult<int> version_number(const Operation& operation, const ManagedPolicy& policy) {
  const std::string_view text = operation.input.get_or("VersionId", "");
  const auto number = text.starts_with('v') ? parse_number<int>(text.substr(1)) : std::nullopt;
  if (!number) {
    return aws_fail(400, "ValidationError",
                    unshown_violation("versionId", constraint::pattern(R"(v[1-9][0-9]*(\.[A-Za-z0-9-]*)?)")));
  }
  if (policy.versions.contains(*number)) return *number;
  return aws_fail(404, "NoSuchEntity",
                  fmt::format("Policy {} version {} does not exist or is not attachable.", policy.arn, text));
}

AwsResult<std::string> create_policy(Operation& operation) {
  Arguments arguments(operation.input);
  ManagedPolicy policy;
  policy.name = arguments.name("PolicyName", k_max_policy_name);
  policy.path = arguments.path();
  policy.description = arguments.optional_text("Description", 1000);
  policy.tags = arguments.tags();
  const std::string document = arguments.document("PolicyDocument");
  RETURN_IF_ERROR(arguments.check());
  policy.arn = operation.arn("policy", policy.path, policy.name);
  RETURN_IF_ERROR(operation.allow("CreatePolicy", policy.arn, request_tag_keys(policy.tags)));
  const auto same_name = [&](const auto& entry) {
    return !entry.second.owned_by_aws && ascii_lower(entry.second.name) == ascii_lower(policy.name);
  };
  if (std::ranges::any_of(operation.directory.policies(), same_name)) {
    return aws_fail(409, "EntityAlreadyExists",
                    fmt::format("A policy called {} already exists. Duplicate names are not allowed.", policy.name));
  }
  RETURN_IF_ERROR(check_document(document));
  policy.id = Directory::make_id("ANPA");
  policy.created = policy.updated = operation.clock.now();
  policy.versions[1] = {document, policy.created};
  wire::XmlWriter xml(false);
  xml.open("Policy");
  write_policy(xml, operation.directory, policy);
  if (!policy.tags.empty()) write_tags(xml, policy.tags);
  xml.close();
  operation.directory.put(std::move(policy));
  return xml.finish();
}

AwsResult<std::string> get_policy(Operation& operation) {
  ASSIGN_OR_RETURN(const ManagedPolicy* policy, allowed_policy(operation, "GetPolicy"));
  wire::XmlWriter xml(false);
  xml.open("Policy");
  write_policy(xml, operation.directory, *policy);
  if (!policy->description.empty()) xml.element("Description", policy->description);
  write_tags(xml, policy->tags);
  xml.close();
  return xml.finish();
}

AwsResult<std::string> list_policies(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string prefix = arguments.path_prefix();
  const std::string scope = arguments.choice("Scope", {"All", "AWS", "Local"}, "All");
  const bool only_attached = arguments.flag("OnlyAttached");
  RETURN_IF_ERROR(arguments.check());
  Page page(operation);
  RETURN_IF_ERROR(page.check());
  RETURN_IF_ERROR(operation.allow("ListPolicies", operation.arn("policy", prefix, "")));
  wire::XmlWriter xml(false);
  xml.open("Policies");
  for (const auto& [arn, policy] : operation.directory.policies()) {
    const bool in_scope = scope == "All" || (scope == "AWS") == policy.owned_by_aws;
    const bool attached = !only_attached || operation.directory.attachment_count(arn) > 0;
    if (!in_scope || !attached || !policy.path.starts_with(prefix) || !page.takes(arn)) continue;
    xml.open("member");
    write_policy(xml, operation.directory, policy);
    xml.close();
  }
  xml.close();
  page.finish(xml);
  return xml.finish();
}

AwsResult<std::string> delete_policy(Operation& operation) {
  ASSIGN_OR_RETURN(const ManagedPolicy* policy, own_policy(operation, "DeletePolicy"));
  if (operation.directory.attachment_count(policy->arn) > 0 || operation.directory.boundary_count(policy->arn) > 0) {
    return std::unexpected(delete_conflict("Cannot delete a policy attached to entities."));
  }
  if (policy->versions.size() > 1) {
    return std::unexpected(
        delete_conflict("This policy has more than one version. Before you delete a policy, you must delete the "
                        "policy's versions. The default version is deleted with the policy."));
  }
  operation.directory.erase(*policy);
  return std::string();
}

AwsResult<std::string> create_policy_version(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string document = arguments.document("PolicyDocument");
  const bool set_default = arguments.flag("SetAsDefault");
  RETURN_IF_ERROR(arguments.check());
  ASSIGN_OR_RETURN(const ManagedPolicy* policy, own_policy(operation, "CreatePolicyVersion"));
  RETURN_IF_ERROR(check_document(document));
  if (policy->versions.size() >= k_max_versions) {
    return std::unexpected(
        limit_exceeded("A managed policy can have up to 5 versions. Before you create a new version, you must delete "
                       "an existing version."));
  }
  ManagedPolicy changed = *policy;
  const int number = changed.next_version++;
  changed.versions[number] = {document, operation.clock.now()};
  changed.updated = operation.clock.now();
  if (set_default) changed.default_version = number;
  wire::XmlWriter xml(false);
  xml.open("PolicyVersion");
  write_version(xml, changed, number, false);
  xml.close();
  operation.directory.put(std::move(changed));
  return xml.finish();
}

AwsResult<std::string> get_policy_version(Operation& operation) {
  ASSIGN_OR_RETURN(const ManagedPolicy* policy, allowed_policy(operation, "GetPolicyVersion"));
  ASSIGN_OR_RETURN(const int number, version_number(operation, *policy));
  wire::XmlWriter xml(false);
  xml.open("PolicyVersion");
  write_version(xml, *policy, number, true);
  xml.close();
  return xml.finish();
}

AwsResult<std::string> list_policy_versions(Operation& operation) {
  ASSIGN_OR_RETURN(const ManagedPolicy* policy, allowed_policy(operation, "ListPolicyVersions"));
  wire::XmlWriter xml(false);
  xml.open("Versions");
  for (auto it = policy->versions.rbegin(); it != policy->versions.rend(); ++it) {
    xml.open("member");
    write_version(xml, *policy, it->first, false);
    xml.close();
  }
  xml.close().element("IsTruncated", false);
  return xml.finish();
}

AwsResult<std::string> set_default_policy_version(Operation& operation) {
  ASSIGN_OR_RETURN(const ManagedPolicy* policy, own_policy(operation, "SetDefaultPolicyVersion"));
  ASSIGN_OR_RETURN(const int number, version_number(operation, *policy));
  ManagedPolicy changed = *policy;
  changed.default_version = number;
  changed.updated = operation.clock.now();
  operation.directory.put(std::move(changed));
  return std::string();
}

AwsResult<std::string> delete_policy_version(Operation& operation) {
  ASSIGN_OR_RETURN(const ManagedPolicy* policy, own_policy(operation, "DeletePolicyVersion"));
  ASSIGN_OR_RETURN(const int number, version_number(operation, *policy));
  if (number == policy->default_version) {
    return std::unexpected(delete_conflict("Cannot delete the default version of a policy."));
  }
  ManagedPolicy changed = *policy;
  changed.versions.erase(number);
  operation.directory.put(std::move(changed));
  return std::string();
}

template <class T>
void write_entities(wire::XmlWriter& xml, std::string_view list, std::string_view kind, const Directory::Map<T>& map,
                    const std::string& arn) {
  xml.open(list);
  for (const auto& [key, holder] : map) {
    if (std::ranges::find(holder.attached, arn) == holder.attached.end()) continue;
    xml.open("member").element(fmt::format("{}Name", kind), holder.name);
    xml.element(fmt::format("{}Id", kind), holder.id).close();
  }
  xml.close();
}

AwsResult<std::string> list_entities_for_policy(Operation& operation) {
  ASSIGN_OR_RETURN(const ManagedPolicy* policy, allowed_policy(operation, "ListEntitiesForPolicy"));
  wire::XmlWriter xml(false);
  write_entities(xml, "PolicyGroups", "Group", operation.directory.groups(), policy->arn);
  write_entities(xml, "PolicyUsers", "User", operation.directory.users(), policy->arn);
  write_entities(xml, "PolicyRoles", "Role", operation.directory.roles(), policy->arn);
  xml.element("IsTruncated", false);
  return xml.finish();
}

AwsResult<std::string> tag_policy(Operation& operation) {
  Arguments arguments(operation.input);
  const Tags tags = arguments.tags();
  RETURN_IF_ERROR(arguments.check());
  ASSIGN_OR_RETURN(const ManagedPolicy* policy, own_policy(operation, "TagPolicy"));
  ManagedPolicy changed = *policy;
  RETURN_IF_ERROR(merge_tags(changed.tags, tags));
  operation.directory.put(std::move(changed));
  return std::string();
}

AwsResult<std::string> untag_policy(Operation& operation) {
  ASSIGN_OR_RETURN(const ManagedPolicy* policy, own_policy(operation, "UntagPolicy"));
  ManagedPolicy changed = *policy;
  remove_tags(changed.tags, operation.input.list("TagKeys"));
  operation.directory.put(std::move(changed));
  return std::string();
}

AwsResult<std::string> list_policy_tags(Operation& operation) {
  ASSIGN_OR_RETURN(const ManagedPolicy* policy, allowed_policy(operation, "ListPolicyTags"));
  return tag_listing(policy->tags);
}

constexpr Row k_operations[] = {
    {"CreatePolicy", create_policy},
    {"GetPolicy", get_policy},
    {"ListPolicies", list_policies},
    {"DeletePolicy", delete_policy},
    {"CreatePolicyVersion", create_policy_version},
    {"GetPolicyVersion", get_policy_version},
    {"ListPolicyVersions", list_policy_versions},
    {"SetDefaultPolicyVersion", set_default_policy_version},
    {"DeletePolicyVersion", delete_policy_version},
    {"ListEntitiesForPolicy", list_entities_for_policy},
    {"TagPolicy", tag_policy},
    {"UntagPolicy", untag_policy},
    {"ListPolicyTags", list_policy_tags},
};

}  // namespace

std::span<const Row> managed_policy_operations() {
  return k_operations;
}

}  // namespace sortie::emulator::iam
