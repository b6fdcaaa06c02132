#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "emulator/cloudformation/resources/iam_steps.h"
#include "wire/xml.h"

/// Inline and managed policies as resources, and the requests that all holders of policies share.
namespace sortie::emulator::cloudformation {
namespace iam {
namespace {

constexpr std::string_view k_version = "2010-05-08";

Step holder_policy(std::string_view verb, const IamEntity& entity, const std::string& name, const std::string& policy,
                   const std::string& document) {
  Form form(fmt::format("{}{}Policy", verb, entity.kind));
  form.add(entity.name_parameter, name).add("PolicyName", policy);
  if (!document.empty()) form.add("PolicyDocument", document);
  return form.step();
}

Step attachment(std::string_view verb, const IamEntity& entity, const std::string& name, const std::string& arn) {
  Form form(fmt::format("{}{}Policy", verb, entity.kind));
  form.add(entity.name_parameter, name).add("PolicyArn", arn);
  return form.step();
}

}  // namespace

Form::Form(std::string_view action) : form_(action, k_version) {}

Form& Form::add(std::string_view name, std::string_view value) {
  form_.add(name, value);
  return *this;
}

void Form::add_tags(const Tags& tags) {
  int number = 0;
  for (const auto& [key, value] : tags) {
    const std::string prefix = fmt::format("Tags.member.{}", ++number);
    form_.add(prefix + ".Key", key).add(prefix + ".Value", value);
  }
}

Step Form::step() {
  return Step{.service = "iam", .request = iam_request(std::move(form_))};
}

std::vector<std::string> missing(const std::vector<std::string>& some, const std::vector<std::string>& others) {
  std::vector<std::string> found;
  std::ranges::copy_if(some, std::back_inserter(found),
                       [&](const std::string& one) { return std::ranges::find(others, one) == others.end(); });
  return found;
}

void change_attachments(Plan& plan, const IamEntity& entity, const std::string& name,
                        const std::vector<std::string>& before, const std::vector<std::string>& after) {
  for (const std::string& arn : missing(before, after)) plan.push_back(attachment("Detach", entity, name, arn));
  for (const std::string& arn : missing(after, before)) plan.push_back(attachment("Attach", entity, name, arn));
}

AwsResult<void> change_inline_policies(Plan& plan, const IamEntity& entity, const std::string& name,
                                       const Properties& before, const Properties& after) {
  const auto old = objects_of(before, "Policies");
  const auto now = objects_of(after, "Policies");
  const auto names = [](const std::vector<Properties>& policies) {
    std::vector<std::string> found;
    for (const Properties& policy : policies) found.push_back(text_of(policy, "PolicyName"));
    return found;
  };
  for (const std::string& gone : missing(names(old), names(now))) {
    plan.push_back(holder_policy("Delete", entity, name, gone, {}));
  }
  for (const Properties& policy : now) {
    const std::string policy_name = text_of(policy, "PolicyName");
    const std::string document = document_of(policy, "PolicyDocument");
    if (policy_name.empty()) return refuse("Property PolicyName cannot be empty.");
    if (document.empty()) return refuse("Property PolicyDocument cannot be empty.");
    const bool same = std::ranges::any_of(old, [&](const Properties& one) {
      return text_of(one, "PolicyName") == policy_name && !differs(one, policy, "PolicyDocument");
    });
    if (!same) plan.push_back(holder_policy("Put", entity, name, policy_name, document));
  }
  return {};
}

void change_boundary(Plan& plan, const IamEntity& entity, const std::string& name, const Properties& before,
                     const Properties& after) {
  if (!differs(before, after, "PermissionsBoundary")) return;
  const std::string boundary = text_of(after, "PermissionsBoundary");
  Form form(fmt::format("{}{}PermissionsBoundary", boundary.empty() ? "Delete" : "Put", entity.kind));
  form.add(entity.name_parameter, name);
  if (!boundary.empty()) form.add("PermissionsBoundary", boundary);
  plan.push_back(form.step());
}

void change_tags(Plan& plan, const IamEntity& entity, const std::string& name, const Properties& before,
                 const Properties& after) {
  const TagChanges changes = tag_changes(before, after);
  if (!changes.gone.empty()) {
    Form form(fmt::format("Untag{}", entity.kind));
    form.add(entity.name_parameter, name);
    int number = 0;
    for (const std::string& key : changes.gone) form.add(fmt::format("TagKeys.member.{}", ++number), key);
    plan.push_back(form.step());
  }
  if (!changes.put.empty()) {
    Form form(fmt::format("Tag{}", entity.kind));
    form.add(entity.name_parameter, name);
    form.add_tags(changes.put);
    plan.push_back(form.step());
  }
}

void change_groups(Plan& plan, const std::string& user, const std::vector<std::string>& before,
                   const std::vector<std::string>& after) {
  const auto add = [&](const char* action, const std::string& group) {
    Form form(action);
    form.add("GroupName", group).add("UserName", user);
    plan.push_back(form.step());
  };
  for (const std::string& group : missing(before, after)) add("RemoveUserFromGroup", group);
  for (const std::string& group : missing(after, before)) add("AddUserToGroup", group);
}

}  // namespace iam

namespace {

using Change = Property::Change;
using iam::Form;

constexpr std::size_t k_policy_name_limit = 128;
constexpr std::size_t k_most_versions = 5;

struct HolderProperty {
  std::string_view property;
  iam::IamEntity entity;
};
constexpr std::array k_holders = {HolderProperty{"Groups", iam::k_group}, HolderProperty{"Roles", iam::k_role},
                                  HolderProperty{"Users", iam::k_user}};

constexpr std::array k_policy_properties = {
    Property{"Groups", Shape::texts},
    Property{"PolicyDocument", Shape::document, Change::in_place, true},
    Property{"PolicyName", Shape::text, Change::in_place, true},
    Property{"Roles", Shape::texts},
    Property{"Users", Shape::texts},
};
constexpr std::array<std::string_view, 1> k_policy_attributes = {"Id"};

constexpr std::array k_managed_properties = {
    Property{"Description", Shape::text, Change::replaces},
    Property{"Groups", Shape::texts},
    Property{"ManagedPolicyName", Shape::text, Change::replaces},
    Property{"Path", Shape::text, Change::replaces},
    Property{"PolicyDocument", Shape::document, Change::in_place, true},
    Property{"Roles", Shape::texts},
    Property{"Users", Shape::texts},
};
constexpr std::array<std::string_view, 3> k_managed_attributes = {"PolicyArn", "PolicyId", "DefaultVersionId"};

/// Puts the policy where it is wanted, takes it away where it is not any more.
void change_policy(Plan& plan, const Properties& before, const Properties& after) {
  const std::string old_name = text_of(before, "PolicyName");
  const std::string name = text_of(after, "PolicyName");
  for (const HolderProperty& one : k_holders) {
    for (const std::string& holder : texts_of(after, one.property)) {
      Form form(fmt::format("Put{}Policy", one.entity.kind));
      form.add(one.entity.name_parameter, holder).add("PolicyName", name);
      form.add("PolicyDocument", document_of(after, "PolicyDocument"));
      plan.push_back(form.step());
      plan.back().creates = true;
    }
    const auto old = texts_of(before, one.property);
    for (const std::string& holder : old_name == name ? iam::missing(old, texts_of(after, one.property)) : old) {
      Form form(fmt::format("Delete{}Policy", one.entity.kind));
      form.add(one.entity.name_parameter, holder).add("PolicyName", old_name);
      plan.push_back(form.step());
      plan.back().tolerated = {"NoSuchEntity"};
    }
  }
}

bool has_holder(const Properties& properties) {
  return std::ranges::any_of(k_holders,
                             [&](const HolderProperty& one) { return !texts_of(properties, one.property).empty(); });
}

/// An inline policy without a user, role or group to embed it in can be neither created nor, as on AWS, deleted.
std::unexpected<AwsError> needs_a_holder() {
  return refuse("At least one of [Groups,Roles,Users] must be non-empty.");
}

AwsResult<Plan> create_policy(const ResourceContext&, const Properties& properties, ResourceState& state) {
  state.exists = !has_holder(properties);
  if (state.exists) return needs_a_holder();
  Plan plan;
  change_policy(plan, {}, properties);
  state.attributes["Id"] = state.physical_id;
  return plan;
}

AwsResult<Plan> update_policy(const ResourceContext&, const Properties& before, const Properties& after,
                              ResourceState&) {
  if (!has_holder(after)) return needs_a_holder();
  Plan plan;
  change_policy(plan, before, after);
  return plan;
}

AwsResult<Plan> remove_policy(const ResourceContext&, const Resource& resource) {
  if (!has_holder(resource.properties)) return needs_a_holder();
  Plan plan;
  change_policy(plan, resource.properties, {});
  return plan;
}

/// `stack-Poli-RANDOM`: five and four characters, as AWS has it.
std::string policy_id(const ResourceContext& context, const Properties&) {
  ResourceContext brief = context;
  brief.stack_name.resize(std::min<std::size_t>(brief.stack_name.size(), 5));
  brief.logical_id.resize(std::min<std::size_t>(brief.logical_id.size(), 4));
  return generated_name(brief, k_policy_name_limit);
}

std::string managed_arn(const ResourceContext& context, const Properties& properties) {
  std::string name = text_of(properties, "ManagedPolicyName");
  if (name.empty()) name = generated_name(context, k_policy_name_limit);
  std::string path = text_of(properties, "Path");
  if (path.empty()) path = "/";
  return fmt::format("arn:{}:iam::{}:policy{}{}", context.partition, context.account, path, name);
}

AwsResult<Plan> create_managed(const ResourceContext&, const Properties& properties, ResourceState& state) {
  const std::string arn = state.physical_id;
  Form form("CreatePolicy");
  form.add("PolicyName", arn.substr(arn.rfind('/') + 1));
  form.add("PolicyDocument", document_of(properties, "PolicyDocument"));
  for (const char* name : {"Path", "Description"}) {
    if (const std::string text = text_of(properties, name); !text.empty()) form.add(name, text);
  }
  Plan plan;
  plan.push_back(form.step());
  plan.back().creates = true;
  plan.back().then = [](const Reply& reply, ResourceState& result) {
    result.attributes["PolicyArn"] = result.physical_id;
    result.attributes["PolicyId"] = reply.xml_text("PolicyId");
    result.attributes["DefaultVersionId"] = reply.xml_text("DefaultVersionId");
    return Plan();
  };
  for (const HolderProperty& one : k_holders) {
    for (const std::string& holder : texts_of(properties, one.property)) {
      iam::change_attachments(plan, one.entity, holder, {}, {arn});
    }
  }
  return plan;
}

struct Version {
  std::string id;
  bool is_default = false;
};

/// In the order of the answer: newest first.
std::vector<Version> versions_of(const Reply& reply) {
  std::vector<Version> versions;
  const auto document = wire::XmlDocument::parse(reply.body);
  if (!document) return versions;
  for (const auto& member : document->root().child("ListPolicyVersionsResult").child("Versions").children("member")) {
    versions.push_back({member.child_text("VersionId"), member.child_text("IsDefaultVersion") == "true"});
  }
  return versions;
}

Step delete_version(const std::string& arn, const std::string& version) {
  Form form("DeletePolicyVersion");
  form.add("PolicyArn", arn).add("VersionId", version);
  return form.step();
}

Step list_versions(const std::string& arn, std::function<Plan(const Reply&, ResourceState&)> then) {
  Form form("ListPolicyVersions");
  form.add("PolicyArn", arn);
  Step step = form.step();
  step.then = std::move(then);
  return step;
}

void change_holders(Plan& plan, const std::string& arn, const Properties& before, const Properties& after) {
  for (const HolderProperty& one : k_holders) {
    const auto old = texts_of(before, one.property);
    const auto now = texts_of(after, one.property);
    for (const std::string& holder : iam::missing(old, now))
      iam::change_attachments(plan, one.entity, holder, {arn}, {});
    for (const std::string& holder : iam::missing(now, old))
      iam::change_attachments(plan, one.entity, holder, {}, {arn});
  }
}

AwsResult<Plan> update_managed(const ResourceContext&, const Properties& before, const Properties& after,
                               ResourceState& state) {
  const std::string arn = state.physical_id;
  Plan plan;
  if (differs(before, after, "PolicyDocument")) {
    // A policy has five versions: the oldest makes room.
    plan.push_back(list_versions(arn, [arn](const Reply& reply, ResourceState&) {
      const auto versions = versions_of(reply);
      Plan more;
      if (versions.size() < k_most_versions) return more;
      const auto oldest = std::ranges::find(versions.rbegin(), versions.rend(), false, &Version::is_default);
      if (oldest != versions.rend()) more.push_back(delete_version(arn, oldest->id));
      return more;
    }));
    Form form("CreatePolicyVersion");
    form.add("PolicyArn", arn).add("PolicyDocument", document_of(after, "PolicyDocument")).add("SetAsDefault", "true");
    plan.push_back(form.step());
    plan.back().then = [](const Reply& reply, ResourceState& result) {
      result.attributes["DefaultVersionId"] = reply.xml_text("VersionId");
      return Plan();
    };
  }
  change_holders(plan, arn, before, after);
  return plan;
}

AwsResult<Plan> remove_managed(const ResourceContext&, const Resource& resource) {
  const std::string arn = resource.physical_id;
  Plan plan;
  change_holders(plan, arn, resource.properties, {});
  plan.push_back(list_versions(arn, [arn](const Reply& reply, ResourceState&) {
    Plan more;
    for (const Version& version : versions_of(reply)) {
      if (!version.is_default) more.push_back(delete_version(arn, version.id));
    }
    return more;
  }));
  Form form("DeletePolicy");
  form.add("PolicyArn", arn);
  plan.push_back(form.step());
  for (Step& step : plan) step.tolerated = {"NoSuchEntity"};
  return plan;
}

}  // namespace

ResourceType iam_policy_type() {
  return {.name = "AWS::IAM::Policy",
          .properties = k_policy_properties,
          .attributes = k_policy_attributes,
          .iam = true,
          .choose_id = policy_id,
          .create = create_policy,
          .update = update_policy,
          .remove = remove_policy};
}

ResourceType iam_managed_policy_type() {
  return {.name = "AWS::IAM::ManagedPolicy",
          .properties = k_managed_properties,
          .attributes = k_managed_attributes,
          .name_property = "ManagedPolicyName",
          .iam = true,
          .choose_id = managed_arn,
          .create = create_managed,
          .update = update_managed,
          .remove = remove_managed};
}

}  // namespace sortie::emulator::cloudformation
