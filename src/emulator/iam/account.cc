#include <fmt/format.h>

#include <algorithm>

#include "emulator/iam/operation.h"
#include "wire/arn.h"

namespace sortie::emulator::iam {

namespace {

constexpr std::size_t k_max_simulated = 10'000;

Outcome<std::string> get_account_summary(Operation& operation) {
  RETURN_IF_ERROR(operation.allow("GetAccountSummary", "*"));
  const Directory& directory = operation.directory;
  const auto own = [](const auto& entry) { return !entry.second.owned_by_aws; };
  const std::pair<std::string_view, std::size_t> entries[] = {
      {"Users", directory.users().size()},
      {"Groups", directory.groups().size()},
      {"Roles", directory.roles().size()},
      {"InstanceProfiles", directory.profiles().size()},
      {"Policies", static_cast<std::size_t>(std::ranges::count_if(directory.policies(), own))},
      {"AccessKeysPerUserQuota", 2},
      {"PolicySizeQuota", 6144},
      {"VersionsPerPolicyQuota", 5},
      {"RolesQuota", 5000},
  };
  wire::XmlWriter xml(false);
  xml.open("SummaryMap");
  for (const auto& [name, count] : entries) {
    xml.open("entry").element("key", name).element("value", static_cast<long long>(count)).close();
  }
  xml.close();
  return xml.finish();
}

Outcome<std::string> list_account_aliases(Operation& operation) {
  RETURN_IF_ERROR(operation.allow("ListAccountAliases", "*"));
  wire::XmlWriter xml(false);
  xml.open("AccountAliases").close().element("IsTruncated", false);
  return xml.finish();
}

/// The user or role of `PolicySourceArn`, as if it called.
Outcome<Principal> simulated_principal(const Operation& operation, const std::string& arn) {
  Principal principal;
  principal.account = operation.directory.account();
  const std::string name = arn.substr(arn.rfind('/') + 1);
  if (const User* user = operation.directory.find_user(name); user != nullptr && user->arn == arn) {
    principal.kind = Principal::Kind::user;
    principal.arn = user->arn;
    principal.user_id = user->id;
    principal.name = user->name;
    return principal;
  }
  if (const Role* role = operation.directory.find_role_by_arn(arn)) {
    principal.kind = Principal::Kind::assumed_role;
    principal.arn = fmt::format("arn:aws:sts::{}:assumed-role/{}/simulated", principal.account, role->name);
    principal.user_id = role->id + ":simulated";
    principal.name = role->name;
    principal.role_arn = role->arn;
    return principal;
  }
  return aws_fail(404, "NoSuchEntity", fmt::format("The user or role with ARN {} cannot be found.", arn));
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

ContextKeys simulated_context(const Operation& operation) {
  ContextKeys keys;
  for (const wire::QueryInput& entry : operation.input.structures("ContextEntries")) {
    const std::string key(entry.get_or("ContextKeyName", ""));
    for (std::string& value : entry.list("ContextKeyValues")) keys.emplace_back(key, std::move(value));
  }
  return keys;
}

Outcome<std::string> simulate_principal_policy(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string source = arguments.arn("PolicySourceArn");
  RETURN_IF_ERROR(arguments.check());
  RETURN_IF_ERROR(operation.allow("SimulatePrincipalPolicy", source));
  ASSIGN_OR_RETURN(const Principal principal, simulated_principal(operation, source));
  const auto actions = operation.input.list("ActionNames");
  auto resources = operation.input.list("ResourceArns");
  if (resources.empty()) resources.emplace_back("*");
  if (actions.empty() || actions.size() * resources.size() > k_max_simulated) {
    return aws_fail(400, "InvalidInput", "ActionNames must name at least one action, and not too many.");
  }
  Question question;
  question.context = simulated_context(operation);
  question.resource_policy = std::string(operation.input.get_or("ResourcePolicy", ""));
  wire::XmlWriter xml(false);
  xml.open("EvaluationResults");
  for (const std::string& action : actions) {
    for (const std::string& resource : resources) {
      question.action = action;
      question.resource = resource;
      const Verdict verdict = operation.access.simulate(operation.call, principal, question);
      xml.open("member").element("EvalActionName", action).element("EvalResourceName", resource);
      xml.element("EvalDecision", decision_of(verdict));
      xml.open("MatchedStatements").close().open("MissingContextValues").close().close();
    }
  }
  xml.close().element("IsTruncated", false);
  return xml.finish();
}

constexpr std::pair<std::string_view, Handler> k_handlers[] = {
    {"GetAccountSummary", get_account_summary},
    {"ListAccountAliases", list_account_aliases},
    {"SimulatePrincipalPolicy", simulate_principal_policy},
};

}  // namespace

HandlerTable account_handlers() {
  return k_handlers;
}

}  // namespace sortie::emulator::iam
