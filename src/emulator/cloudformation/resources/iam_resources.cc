#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "emulator/cloudformation/resources/iam_steps.h"
#include "emulator/cloudformation/resources/resource_type.h"

/// Roles, users, groups, instance profiles, access keys; policies are in iam_policy_resources.cc.
namespace sortie::emulator::cloudformation {
namespace {

using Change = Property::Change;
using iam::Form;

constexpr std::size_t k_name_limit = 64;
constexpr std::size_t k_profile_name_limit = 128;

constexpr std::array k_role_properties = {
    Property{"AssumeRolePolicyDocument", Shape::document, Change::in_place, true},
    Property{"Description"},
    Property{"ManagedPolicyArns", Shape::texts},
    Property{"MaxSessionDuration", Shape::number},
    Property{"Path", Shape::text, Change::replaces},
    Property{"PermissionsBoundary"},
    Property{"Policies", Shape::list},
    Property{"RoleName", Shape::text, Change::replaces},
    Property{"Tags", Shape::list},
};
constexpr std::array<std::string_view, 2> k_role_attributes = {"Arn", "RoleId"};

constexpr std::array k_user_properties = {
    Property{"Groups", Shape::texts},
    Property{"LoginProfile", Shape::object, Change::in_place, false, true},
    Property{"ManagedPolicyArns", Shape::texts},
    Property{"Path", Shape::text, Change::replaces},
    Property{"PermissionsBoundary"},
    Property{"Policies", Shape::list},
    Property{"Tags", Shape::list},
    Property{"UserName", Shape::text, Change::replaces},
};
constexpr std::array<std::string_view, 1> k_arn_attribute = {"Arn"};

constexpr std::array k_group_properties = {
    Property{"GroupName", Shape::text, Change::replaces},
    Property{"ManagedPolicyArns", Shape::texts},
    Property{"Path", Shape::text, Change::replaces},
    Property{"Policies", Shape::list},
};

constexpr std::array k_profile_properties = {
    Property{"InstanceProfileName", Shape::text, Change::replaces},
    Property{"Path", Shape::text, Change::replaces},
    Property{"Roles", Shape::texts, Change::in_place, true},
};

constexpr std::array k_access_key_properties = {
    Property{"Serial", Shape::number, Change::replaces},
    Property{"Status"},
    Property{"UserName", Shape::text, Change::replaces, true},
};
constexpr std::array<std::string_view, 1> k_access_key_attributes = {"SecretAccessKey"};

constexpr std::array k_membership_properties = {
    Property{"GroupName", Shape::text, Change::in_place, true},
    Property{"Users", Shape::texts, Change::in_place, true},
};

std::string named(const ResourceContext& context, const Properties& properties, std::string_view property,
                  std::size_t limit) {
  std::string name = text_of(properties, property);
  return name.empty() ? generated_name(context, limit) : name;
}

void add_if_there(Form& form, const Properties& properties, std::string_view property) {
  if (const std::string text = text_of(properties, property); !text.empty()) form.add(property, text);
}

/// Remembers `element` of the answer as attribute `name`.
std::function<Plan(const Reply&, ResourceState&)> keep(std::string name, std::string element) {
  return [name = std::move(name), element = std::move(element)](const Reply& reply, ResourceState& state) {
    state.attributes[name] = reply.xml_text(element);
    return Plan();
  };
}

// Roles

AwsResult<Plan> create_role(const ResourceContext&, const Properties& properties, ResourceState& state) {
  Form form("CreateRole");
  form.add("RoleName", state.physical_id);
  form.add("AssumeRolePolicyDocument", document_of(properties, "AssumeRolePolicyDocument"));
  for (const char* name : {"Description", "MaxSessionDuration", "Path", "PermissionsBoundary"}) {
    add_if_there(form, properties, name);
  }
  form.add_tags(tags_of(properties));
  Plan plan;
  Step create = form.step();
  create.creates = true;
  create.then = [](const Reply& reply, ResourceState& result) {
    result.attributes["Arn"] = reply.xml_text("Arn");
    result.attributes["RoleId"] = reply.xml_text("RoleId");
    return Plan();
  };
  plan.push_back(std::move(create));
  iam::change_attachments(plan, iam::k_role, state.physical_id, {}, texts_of(properties, "ManagedPolicyArns"));
  RETURN_IF_ERROR(iam::change_inline_policies(plan, iam::k_role, state.physical_id, {}, properties));
  return plan;
}

AwsResult<Plan> update_role(const ResourceContext&, const Properties& before, const Properties& after,
                            ResourceState& state) {
  const std::string& name = state.physical_id;
  Plan plan;
  if (differs(before, after, "AssumeRolePolicyDocument")) {
    Form form("UpdateAssumeRolePolicy");
    form.add("RoleName", name).add("PolicyDocument", document_of(after, "AssumeRolePolicyDocument"));
    plan.push_back(form.step());
  }
  if (differs(before, after, "Description") || differs(before, after, "MaxSessionDuration")) {
    Form form("UpdateRole");
    const std::string seconds = text_of(after, "MaxSessionDuration");
    form.add("RoleName", name).add("Description", text_of(after, "Description"));
    form.add("MaxSessionDuration", seconds.empty() ? "3600" : seconds);
    plan.push_back(form.step());
  }
  iam::change_boundary(plan, iam::k_role, name, before, after);
  iam::change_attachments(plan, iam::k_role, name, texts_of(before, "ManagedPolicyArns"),
                          texts_of(after, "ManagedPolicyArns"));
  RETURN_IF_ERROR(iam::change_inline_policies(plan, iam::k_role, name, before, after));
  iam::change_tags(plan, iam::k_role, name, before, after);
  return plan;
}

/// What the resource itself attached goes first; what others attached is in the way, as on AWS.
AwsResult<Plan> remove_holder(const iam::IamEntity& entity, const Resource& resource) {
  Plan plan;
  const std::string& name = resource.physical_id;
  iam::change_attachments(plan, entity, name, texts_of(resource.properties, "ManagedPolicyArns"), {});
  RETURN_IF_ERROR(iam::change_inline_policies(plan, entity, name, resource.properties, {}));
  if (entity.kind == iam::k_user.kind) iam::change_groups(plan, name, texts_of(resource.properties, "Groups"), {});
  Form form(fmt::format("Delete{}", entity.kind));
  form.add(entity.name_parameter, name);
  plan.push_back(form.step());
  for (Step& step : plan) step.tolerated = {"NoSuchEntity"};
  return plan;
}

// Users and groups

AwsResult<Plan> create_user(const ResourceContext&, const Properties& properties, ResourceState& state) {
  Form form("CreateUser");
  form.add("UserName", state.physical_id);
  add_if_there(form, properties, "Path");
  add_if_there(form, properties, "PermissionsBoundary");
  form.add_tags(tags_of(properties));
  Plan plan;
  Step create = form.step();
  create.creates = true;
  create.then = keep("Arn", "Arn");
  plan.push_back(std::move(create));
  iam::change_attachments(plan, iam::k_user, state.physical_id, {}, texts_of(properties, "ManagedPolicyArns"));
  RETURN_IF_ERROR(iam::change_inline_policies(plan, iam::k_user, state.physical_id, {}, properties));
  iam::change_groups(plan, state.physical_id, {}, texts_of(properties, "Groups"));
  return plan;
}

AwsResult<Plan> update_user(const ResourceContext&, const Properties& before, const Properties& after,
                            ResourceState& state) {
  const std::string& name = state.physical_id;
  Plan plan;
  iam::change_boundary(plan, iam::k_user, name, before, after);
  iam::change_attachments(plan, iam::k_user, name, texts_of(before, "ManagedPolicyArns"),
                          texts_of(after, "ManagedPolicyArns"));
  RETURN_IF_ERROR(iam::change_inline_policies(plan, iam::k_user, name, before, after));
  iam::change_groups(plan, name, texts_of(before, "Groups"), texts_of(after, "Groups"));
  iam::change_tags(plan, iam::k_user, name, before, after);
  return plan;
}

AwsResult<Plan> create_group(const ResourceContext&, const Properties& properties, ResourceState& state) {
  Form form("CreateGroup");
  form.add("GroupName", state.physical_id);
  add_if_there(form, properties, "Path");
  Plan plan;
  Step create = form.step();
  create.creates = true;
  create.then = keep("Arn", "Arn");
  plan.push_back(std::move(create));
  iam::change_attachments(plan, iam::k_group, state.physical_id, {}, texts_of(properties, "ManagedPolicyArns"));
  RETURN_IF_ERROR(iam::change_inline_policies(plan, iam::k_group, state.physical_id, {}, properties));
  return plan;
}

AwsResult<Plan> update_group(const ResourceContext&, const Properties& before, const Properties& after,
                             ResourceState& state) {
  Plan plan;
  iam::change_attachments(plan, iam::k_group, state.physical_id, texts_of(before, "ManagedPolicyArns"),
                          texts_of(after, "ManagedPolicyArns"));
  RETURN_IF_ERROR(iam::change_inline_policies(plan, iam::k_group, state.physical_id, before, after));
  return plan;
}

// Instance profiles

void change_profile_roles(Plan& plan, const std::string& profile, const std::vector<std::string>& before,
                          const std::vector<std::string>& after) {
  const auto add = [&](const char* action, const std::string& role) {
    Form form(action);
    form.add("InstanceProfileName", profile).add("RoleName", role);
    plan.push_back(form.step());
  };
  for (const std::string& role : iam::missing(before, after)) add("RemoveRoleFromInstanceProfile", role);
  for (const std::string& role : iam::missing(after, before)) add("AddRoleToInstanceProfile", role);
}

AwsResult<Plan> create_profile(const ResourceContext&, const Properties& properties, ResourceState& state) {
  Form form("CreateInstanceProfile");
  form.add("InstanceProfileName", state.physical_id);
  add_if_there(form, properties, "Path");
  Plan plan;
  Step create = form.step();
  create.creates = true;
  create.then = keep("Arn", "Arn");
  plan.push_back(std::move(create));
  change_profile_roles(plan, state.physical_id, {}, texts_of(properties, "Roles"));
  return plan;
}

AwsResult<Plan> update_profile(const ResourceContext&, const Properties& before, const Properties& after,
                               ResourceState& state) {
  Plan plan;
  change_profile_roles(plan, state.physical_id, texts_of(before, "Roles"), texts_of(after, "Roles"));
  return plan;
}

AwsResult<Plan> remove_profile(const ResourceContext&, const Resource& resource) {
  Plan plan;
  change_profile_roles(plan, resource.physical_id, texts_of(resource.properties, "Roles"), {});
  Form form("DeleteInstanceProfile");
  form.add("InstanceProfileName", resource.physical_id);
  plan.push_back(form.step());
  for (Step& step : plan) step.tolerated = {"NoSuchEntity"};
  return plan;
}

// Access keys

Step set_key_status(const std::string& user, const std::string& key, const std::string& status) {
  Form form("UpdateAccessKey");
  form.add("UserName", user).add("AccessKeyId", key).add("Status", status);
  return form.step();
}

AwsResult<Plan> create_access_key(const ResourceContext&, const Properties& properties, ResourceState&) {
  Form form("CreateAccessKey");
  const std::string user = text_of(properties, "UserName");
  form.add("UserName", user);
  Step create = form.step();
  create.creates = true;
  create.then = [user, status = text_of(properties, "Status")](const Reply& reply, ResourceState& state) {
    state.physical_id = reply.xml_text("AccessKeyId");
    state.attributes["SecretAccessKey"] = reply.xml_text("SecretAccessKey");
    Plan more;
    if (status == "Inactive") more.push_back(set_key_status(user, state.physical_id, status));
    return more;
  };
  Plan plan;
  plan.push_back(std::move(create));
  return plan;
}

AwsResult<Plan> update_access_key(const ResourceContext&, const Properties&, const Properties& after,
                                  ResourceState& state) {
  const std::string status = text_of(after, "Status");
  Plan plan;
  plan.push_back(set_key_status(text_of(after, "UserName"), state.physical_id, status.empty() ? "Active" : status));
  return plan;
}

AwsResult<Plan> remove_access_key(const ResourceContext&, const Resource& resource) {
  Form form("DeleteAccessKey");
  form.add("UserName", text_of(resource.properties, "UserName")).add("AccessKeyId", resource.physical_id);
  Plan plan;
  plan.push_back(form.step());
  plan.back().tolerated = {"NoSuchEntity"};
  return plan;
}

// Memberships

void change_members(Plan& plan, const Properties& before, const Properties& after) {
  const bool same_group = text_of(before, "GroupName") == text_of(after, "GroupName");
  const auto old = texts_of(before, "Users");
  const auto now = texts_of(after, "Users");
  const auto add = [&](const char* action, const Properties& side, const std::string& user) {
    Form form(action);
    form.add("GroupName", text_of(side, "GroupName")).add("UserName", user);
    plan.push_back(form.step());
  };
  for (const std::string& user : same_group ? iam::missing(old, now) : old) add("RemoveUserFromGroup", before, user);
  for (const std::string& user : same_group ? iam::missing(now, old) : now) add("AddUserToGroup", after, user);
}

AwsResult<Plan> create_membership(const ResourceContext&, const Properties& properties, ResourceState&) {
  Plan plan;
  change_members(plan, {}, properties);
  for (Step& step : plan) step.creates = true;
  return plan;
}

AwsResult<Plan> update_membership(const ResourceContext&, const Properties& before, const Properties& after,
                                  ResourceState&) {
  Plan plan;
  change_members(plan, before, after);
  return plan;
}

AwsResult<Plan> remove_membership(const ResourceContext&, const Resource& resource) {
  Plan plan;
  change_members(plan, resource.properties, {});
  for (Step& step : plan) step.tolerated = {"NoSuchEntity"};
  return plan;
}

const std::array k_types = {
    ResourceType{.name = "AWS::IAM::Role",
                 .properties = k_role_properties,
                 .attributes = k_role_attributes,
                 .name_property = "RoleName",
                 .iam = true,
                 .choose_id = [](const ResourceContext& o,
                                 const Properties& p) { return named(o, p, "RoleName", k_name_limit); },
                 .create = create_role,
                 .update = update_role,
                 .remove = [](const ResourceContext&, const Resource& r) { return remove_holder(iam::k_role, r); }},
    ResourceType{.name = "AWS::IAM::User",
                 .properties = k_user_properties,
                 .attributes = k_arn_attribute,
                 .name_property = "UserName",
                 .iam = true,
                 .choose_id = [](const ResourceContext& o,
                                 const Properties& p) { return named(o, p, "UserName", k_name_limit); },
                 .create = create_user,
                 .update = update_user,
                 .remove = [](const ResourceContext&, const Resource& r) { return remove_holder(iam::k_user, r); }},
    ResourceType{.name = "AWS::IAM::Group",
                 .properties = k_group_properties,
                 .attributes = k_arn_attribute,
                 .name_property = "GroupName",
                 .iam = true,
                 .choose_id = [](const ResourceContext& o,
                                 const Properties& p) { return named(o, p, "GroupName", k_profile_name_limit); },
                 .create = create_group,
                 .update = update_group,
                 .remove = [](const ResourceContext&, const Resource& r) { return remove_holder(iam::k_group, r); }},
    ResourceType{
        .name = "AWS::IAM::InstanceProfile",
        .properties = k_profile_properties,
        .attributes = k_arn_attribute,
        .name_property = "InstanceProfileName",
        .iam = true,
        .choose_id = [](const ResourceContext& o,
                        const Properties& p) { return named(o, p, "InstanceProfileName", k_profile_name_limit); },
        .create = create_profile,
        .update = update_profile,
        .remove = remove_profile},
    ResourceType{.name = "AWS::IAM::AccessKey",
                 .properties = k_access_key_properties,
                 .attributes = k_access_key_attributes,
                 .iam = true,
                 .choose_id = [](const ResourceContext&, const Properties&) { return std::string(); },
                 .create = create_access_key,
                 .update = update_access_key,
                 .remove = remove_access_key},
    ResourceType{
        .name = "AWS::IAM::UserToGroupAddition",
        .properties = k_membership_properties,
        .iam = true,
        .choose_id = [](const ResourceContext& o, const Properties&) { return generated_name(o, k_name_limit); },
        .create = create_membership,
        .update = update_membership,
        .remove = remove_membership},
    iam_policy_type(),
    iam_managed_policy_type(),
};

}  // namespace

std::span<const ResourceType> iam_resource_types() {
  return k_types;
}

}  // namespace sortie::emulator::cloudformation
