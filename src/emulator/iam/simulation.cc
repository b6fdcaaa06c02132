#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"
#include "emulator/core/validation.h"
#include "emulator/iam/context_keys.h"
#include "emulator/iam/evaluate.h"
#include "emulator/iam/operation.h"
#include "emulator/iam/policy.h"
#include "emulator/iam/request_context.h"
#include "emulator/iam/statement_places.h"

// The policy simulator: what `Access::authorize` would decide, for policies that are given or those of a user, group or
// role.

namespace sortie::emulator::iam {

namespace {

constexpr std::size_t k_max_simulated = 10'000;

struct NamedPolicy {
  std::string id;  ///< as `SourcePolicyId` shows it
  std::string document;
  PolicyPtr policy;
  std::vector<StatementPlace> places;  ///< of its statements in the document
};

/// What takes part in a simulation.
struct Subject {
  Principal principal;
  bool principal_given = false;  ///< a user, group or role with its own policies
  const Tags* tags = nullptr;    ///< of the principal
  std::vector<NamedPolicy> identity;
  std::vector<NamedPolicy> boundary;
  std::vector<NamedPolicy> resource;
};

AwsResult<void> add(std::vector<NamedPolicy>& to, std::string id, const std::string& document, PolicyKind kind) {
  ASSIGN_OR_RETURN(PolicyPtr policy, parse_policy(document, kind));
  to.push_back({std::move(id), document, std::move(policy), statement_places(document)});
  return {};
}

/// The documents of a list parameter, called `PARAMETER.1` and so on.
AwsResult<void> add_list(const Operation& operation, std::string_view parameter, std::vector<NamedPolicy>& to) {
  std::size_t number = 0;
  for (const std::string& document : operation.input.list(parameter)) {
    const auto added = add(to, fmt::format("{}.{}", parameter, ++number), document, PolicyKind::identity);
    if (!added) return aws_fail(400, "InvalidInput", added.error().message);
  }
  return {};
}

void add_holder(const Directory& directory, std::string_view kind, const PolicyHolder& holder, Subject& subject) {
  for (const auto& [name, document] : holder.inline_policies) {
    (void)add(subject.identity, fmt::format("{}_{}_{}", kind, holder.name, name), document, PolicyKind::identity);
  }
  for (const std::string& arn : holder.attached) {
    const ManagedPolicy* policy = directory.find_policy(arn);
    if (policy != nullptr) (void)add(subject.identity, policy->name, policy->document(), PolicyKind::identity);
  }
}

void add_boundary(const Directory& directory, const std::string& arn, Subject& subject) {
  const ManagedPolicy* policy = arn.empty() ? nullptr : directory.find_policy(arn);
  if (policy != nullptr) (void)add(subject.boundary, policy->name, policy->document(), PolicyKind::identity);
}

/// The user, group or role of an ARN as if it called, with all its policies.
AwsResult<Subject> subject_of(const Directory& directory, const std::string& arn) {
  Subject subject;
  subject.principal_given = true;
  Principal& principal = subject.principal;
  principal.account = directory.account();
  principal.kind = Principal::Kind::user;
  const std::string name = arn.substr(arn.rfind('/') + 1);
  if (const User* user = directory.find_user(name); user != nullptr && user->arn == arn) {
    principal.arn = user->arn;
    principal.user_id = user->id;
    principal.name = user->name;
    subject.tags = &user->tags;
    add_holder(directory, "user", *user, subject);
    for (const std::string& of : user->groups) {
      if (const Group* group = directory.find_group(of)) add_holder(directory, "group", *group, subject);
    }
    add_boundary(directory, user->boundary, subject);
    return subject;
  }
  if (const Role* role = directory.find_role_by_arn(arn)) {
    principal.kind = Principal::Kind::assumed_role;
    principal.arn = fmt::format("arn:aws:sts::{}:assumed-role/{}/simulated", principal.account, role->name);
    principal.user_id = role->id + ":simulated";
    principal.name = role->name;
    principal.role_arn = role->arn;
    subject.tags = &role->tags;
    add_holder(directory, "role", *role, subject);
    add_boundary(directory, role->boundary, subject);
    return subject;
  }
  if (const Group* group = directory.find_group(name); group != nullptr && group->arn == arn) {
    principal.arn = group->arn;
    add_holder(directory, "group", *group, subject);
    return subject;
  }
  return aws_fail(404, "NoSuchEntity", fmt::format("The entity with ARN {} cannot be found.", arn));
}

/// Puts the caller that is to be simulated in place of the subject: a user's ARN.
AwsResult<void> set_caller(const Operation& operation, Subject& subject) {
  const std::string caller(operation.input.get_or("CallerArn", ""));
  if (caller.empty()) return {};
  const User* user = operation.directory.find_user(caller.substr(caller.rfind('/') + 1));
  if (user == nullptr || user->arn != caller) {
    return aws_fail(400, "InvalidInput", fmt::format("Invalid CallerArn: {} is not a user of this account.", caller));
  }
  subject.principal.kind = Principal::Kind::user;
  subject.principal.arn = user->arn;
  subject.principal.user_id = user->id;
  subject.principal.name = user->name;
  subject.tags = &user->tags;
  return {};
}

ContextKeys simulated_context(const Operation& operation) {
  ContextKeys keys;
  for (const wire::QueryInput& entry : operation.input.structures("ContextEntries")) {
    const std::string key(entry.get_or("ContextKeyName", ""));
    for (std::string& value : entry.list("ContextKeyValues")) keys.emplace_back(key, std::move(value));
  }
  return keys;
}

std::string_view decision_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::allowed: return "allowed";
    case Verdict::denied_by_identity:
    case Verdict::denied_by_boundary:
    case Verdict::denied_by_session:
    case Verdict::denied_by_resource: return "explicitDeny";
    default: return "implicitDeny";
  }
}

std::vector<PolicyPtr> policies_of(const std::vector<NamedPolicy>& named) {
  std::vector<PolicyPtr> policies;
  for (const NamedPolicy& one : named) policies.push_back(one.policy);
  return policies;
}

void write_position(wire::XmlWriter& xml, std::string_view name, TextPosition position) {
  xml.open(name).element("Line", static_cast<long long>(position.line));
  xml.element("Column", static_cast<long long>(position.column)).close();
}

/// Which statements had a say in the verdict: those that deny, or, where none does, those that allow.
void write_matches(wire::XmlWriter& xml, const Subject& subject, const AccessRequest& request, Verdict verdict) {
  const bool denies = decision_of(verdict) == "explicitDeny";
  xml.open("MatchedStatements");
  const std::pair<const std::vector<NamedPolicy>*, std::string_view> kinds[] = {
      {&subject.identity, "IAM Policy"},
      {&subject.boundary, "IAM Permissions Boundary Policy"},
      {&subject.resource, "Resource Policy"}};
  for (const auto& [policies, type] : kinds) {
    for (const NamedPolicy& named : *policies) {
      for (std::size_t i = 0; i < named.policy->statements.size(); ++i) {
        const PolicyAnswer answer = ask(Policy{{}, {}, {named.policy->statements[i]}}, request);
        if (denies ? !answer.denied : answer.allowed == Grant::none) continue;
        xml.open("member").element("SourcePolicyId", named.id).element("SourcePolicyType", type);
        if (i < named.places.size()) {
          write_position(xml, "StartPosition", named.places[i].start);
          write_position(xml, "EndPosition", named.places[i].end);
        }
        xml.close();
      }
    }
  }
  xml.close();
}

void write_missing(wire::XmlWriter& xml, const Subject& subject, const Context& context) {
  std::vector<std::string> keys;
  for (const auto* policies : {&subject.identity, &subject.boundary, &subject.resource}) {
    for (const NamedPolicy& named : *policies) add_context_keys(named.document, keys);
  }
  xml.open("MissingContextValues");
  for (const std::string& key : keys) {
    std::vector<std::string> values;
    if (!context.find(ascii_lower(key), values)) xml.element("member", key);
  }
  xml.close();
}

/// One action on one resource.
void simulate_one(wire::XmlWriter& xml, const Operation& operation, const Subject& subject,
                  const AuthorizationRequest& simulated) {
  Call call;  // the simulated request is not the one that asks: it has no address, no scheme, no headers
  call.request.scheme.clear();
  call.account = operation.call.account;
  call.region = operation.call.region;
  call.principal = subject.principal;
  const RequestContext context(call, subject.principal, simulated, subject.tags, operation.clock.now());
  const auto identity = policies_of(subject.identity);
  Policy boundary;
  for (const NamedPolicy& named : subject.boundary) {
    boundary.statements.insert(boundary.statements.end(), named.policy->statements.begin(),
                               named.policy->statements.end());
  }
  ApplicablePolicies policies;
  policies.identity = identity;
  if (!subject.boundary.empty()) policies.boundary = &boundary;
  if (!subject.resource.empty()) policies.resource = subject.resource.front().policy.get();
  const std::string& account = simulated.resource_account;
  const AccessRequest request{subject.principal, simulated.action, simulated.resource,
                              account.empty() ? std::string_view(call.account) : std::string_view(account), context};
  const Verdict verdict = decide(request, policies);
  xml.open("member").element("EvalActionName", simulated.action).element("EvalResourceName", simulated.resource);
  xml.element("EvalDecision", decision_of(verdict));
  write_matches(xml, subject, request, verdict);
  write_missing(xml, subject, context);
  if (subject.principal_given) {
    xml.open("OrganizationsDecisionDetail").element("AllowedByOrganizations", true).close();
  }
  if (operation.input.contains("ResourceArns.member.1")) {
    xml.open("EvalDecisionDetails").close();
    xml.open("ResourceSpecificResults").open("member").element("EvalResourceName", simulated.resource);
    xml.element("EvalResourceDecision", decision_of(verdict));
    write_matches(xml, subject, request, verdict);
    write_missing(xml, subject, context);
    xml.close().close();
  }
  if (policies.boundary != nullptr) {
    const bool allows = ask(boundary, request).allowed != Grant::none;
    xml.open("PermissionsBoundaryDecisionDetail").element("AllowedByPermissionsBoundary", allows).close();
  }
  xml.close();
}

/// `arn:aws:iam::123456789012:root` or a bare account.
std::string account_in(std::string_view owner) {
  if (owner.starts_with("arn:aws:iam::")) owner = owner.substr(13, 12);
  return std::string(owner);
}

AwsResult<std::string> simulate(Operation& operation, Subject subject) {
  RETURN_IF_ERROR(set_caller(operation, subject));
  std::vector<NamedPolicy> boundaries;
  RETURN_IF_ERROR(add_list(operation, "PermissionsBoundaryPolicyInputList", boundaries));
  if (!boundaries.empty()) subject.boundary = std::move(boundaries);
  if (const std::string document(operation.input.get_or("ResourcePolicy", "")); !document.empty()) {
    if (subject.principal.arn.empty()) {
      return aws_fail(400, "InvalidInput", "CallerArn must be specified when a ResourcePolicy is.");
    }
    const auto added = add(subject.resource, "ResourcePolicy", document, PolicyKind::resource);
    if (!added) return aws_fail(400, "InvalidInput", added.error().message);
  }
  const auto actions = operation.input.list("ActionNames");
  auto resources = operation.input.list("ResourceArns");
  if (resources.empty()) resources.emplace_back("*");
  if (actions.empty() || actions.size() * resources.size() > k_max_simulated) {
    return aws_fail(400, "InvalidInput", "ActionNames must name at least one action, and not too many.");
  }
  AuthorizationRequest simulated;
  simulated.context = simulated_context(operation);
  simulated.resource_account = account_in(operation.input.get_or("ResourceOwner", ""));
  wire::XmlWriter xml(false);
  xml.open("EvaluationResults");
  for (const std::string& action : actions) {
    if (action.find(':') == std::string::npos) {
      return aws_fail(400, "InvalidInput", fmt::format("Invalid Entry for Action Name: {}", action));
    }
    for (const std::string& resource : resources) {
      simulated.action = action;
      simulated.resource = resource;
      simulate_one(xml, operation, subject, simulated);
    }
  }
  xml.close().element("IsTruncated", false);
  return xml.finish();
}

AwsResult<std::string> simulate_principal_policy(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string source = arguments.arn("PolicySourceArn");
  RETURN_IF_ERROR(arguments.check());
  RETURN_IF_ERROR(operation.allow("SimulatePrincipalPolicy", source));
  ASSIGN_OR_RETURN(Subject subject, subject_of(operation.directory, source));
  RETURN_IF_ERROR(add_list(operation, "PolicyInputList", subject.identity));
  return simulate(operation, std::move(subject));
}

AwsResult<std::string> simulate_custom_policy(Operation& operation) {
  RETURN_IF_ERROR(operation.allow("SimulateCustomPolicy", "*"));
  Subject subject;
  subject.principal.kind = Principal::Kind::user;
  subject.principal.account = operation.directory.account();
  RETURN_IF_ERROR(add_list(operation, "PolicyInputList", subject.identity));
  if (subject.identity.empty()) {
    return aws_fail(400, "ValidationError", missing_violation("policyInputList"));
  }
  return simulate(operation, std::move(subject));
}

std::string key_listing(const std::vector<NamedPolicy>& policies) {
  std::vector<std::string> keys;
  for (const NamedPolicy& named : policies) add_context_keys(named.document, keys);
  wire::XmlWriter xml(false);
  xml.open("ContextKeyNames");
  for (const std::string& key : keys) xml.element("member", key);
  xml.close();
  return xml.finish();
}

AwsResult<std::string> context_keys_for_custom_policy(Operation& operation) {
  RETURN_IF_ERROR(operation.allow("GetContextKeysForCustomPolicy", "*"));
  std::vector<NamedPolicy> policies;
  RETURN_IF_ERROR(add_list(operation, "PolicyInputList", policies));
  return key_listing(policies);
}

AwsResult<std::string> context_keys_for_principal_policy(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string source = arguments.arn("PolicySourceArn");
  RETURN_IF_ERROR(arguments.check());
  RETURN_IF_ERROR(operation.allow("GetContextKeysForPrincipalPolicy", source));
  ASSIGN_OR_RETURN(Subject subject, subject_of(operation.directory, source));
  RETURN_IF_ERROR(add_list(operation, "PolicyInputList", subject.identity));
  return key_listing(subject.identity);
}

constexpr Row k_operations[] = {
    {"SimulatePrincipalPolicy", simulate_principal_policy},
    {"SimulateCustomPolicy", simulate_custom_policy},
    {"GetContextKeysForCustomPolicy", context_keys_for_custom_policy},
    {"GetContextKeysForPrincipalPolicy", context_keys_for_principal_policy},
};

}  // namespace

std::span<const Row> simulation_operations() {
  return k_operations;
}

}  // namespace sortie::emulator::iam
