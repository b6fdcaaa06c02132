#include "emulator/iam/evaluate.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"

namespace sortie::emulator::iam {

namespace {

bool contains(const std::vector<std::string>& list, std::string_view item) {
  return std::ranges::find(list, item) != list.end();
}

/// `AROAEXAMPLE` of `AROAEXAMPLE:session`.
std::string_view unique_id(const Principal& principal) {
  return std::string_view(principal.user_id).substr(0, principal.user_id.find(':'));
}

bool names_account(const PrincipalSet& set, const Principal& principal) {
  if (principal.account.empty()) return false;
  return std::ranges::any_of(set.aws, [&](std::string_view arn) {
    return arn.ends_with(":root") && arn.starts_with("arn:aws:iam::") && arn.substr(13, 12) == principal.account;
  });
}

Grant grant_for(const PrincipalSet& set, const Principal& principal) {
  if (principal.kind == Principal::Kind::service) {
    return set.everyone || contains(set.service, principal.name) ? Grant::direct : Grant::none;
  }
  if (contains(set.aws, principal.arn)) return Grant::direct;
  const bool session = principal.kind == Principal::Kind::assumed_role;
  if (!principal.user_id.empty() && contains(set.aws, unique_id(principal))) {
    return session ? Grant::role : Grant::direct;
  }
  if (session && contains(set.aws, principal.role_arn)) return Grant::role;
  if (set.everyone) return session ? Grant::role : Grant::direct;
  return names_account(set, principal) ? Grant::account : Grant::none;
}

bool any_matches(const std::vector<Pattern>& patterns, std::string_view value, const Context& context) {
  return std::ranges::any_of(patterns, [&](const Pattern& pattern) { return pattern.matches(value, context); });
}

/// How a statement applies to the request; Grant::none when it does not.
Grant applies(const Statement& statement, const AccessRequest& request, std::string_view lower_action) {
  if (any_matches(statement.actions, lower_action, request.context) == statement.not_action) return Grant::none;
  Grant grant = Grant::direct;
  if (statement.principal) {
    grant = grant_for(*statement.principal, request.principal);
    // Naming the account in NotPrincipal spares its root alone, not everyone in it.
    if (statement.not_principal) grant = grant >= Grant::role ? Grant::none : Grant::direct;
    if (grant == Grant::none) return Grant::none;
  }
  if (!statement.resources.empty() &&
      any_matches(statement.resources, request.resource, request.context) == statement.not_resource) {
    return Grant::none;
  }
  const auto holds = [&](const Condition& condition) { return condition.holds(request.context); };
  return std::ranges::all_of(statement.conditions, holds) ? grant : Grant::none;
}

PolicyAnswer ask(const Policy& policy, const AccessRequest& request, std::string_view lower_action) {
  PolicyAnswer answer;
  for (const Statement& statement : policy.statements) {
    if (statement.effect == Effect::allow && answer.allowed == Grant::direct) continue;
    const Grant grant = applies(statement, request, lower_action);
    if (grant == Grant::none) continue;
    if (statement.effect == Effect::deny) {
      answer.denied = true;
      return answer;
    }
    answer.allowed = std::max(answer.allowed, grant);
  }
  return answer;
}

/// Several policies of one kind: any deny denies, any allow allows.
PolicyAnswer ask(std::span<const PolicyPtr> policies, const AccessRequest& request, std::string_view lower_action) {
  PolicyAnswer all;
  for (const PolicyPtr& policy : policies) {
    const PolicyAnswer one = ask(*policy, request, lower_action);
    all.denied = all.denied || one.denied;
    all.allowed = std::max(all.allowed, one.allowed);
  }
  return all;
}

struct Answers {
  PolicyAnswer identity, boundary, session, resource;
};

/// The part of the decision that identity, boundary and session policies take together.
Verdict decide_identity(const Answers& answers, const ApplicablePolicies& policies, bool resource_allows_role) {
  if (answers.identity.allowed == Grant::none && !resource_allows_role) return Verdict::not_allowed_by_identity;
  if (policies.boundary != nullptr && answers.boundary.allowed == Grant::none) return Verdict::not_allowed_by_boundary;
  if (!policies.session.empty() && answers.session.allowed == Grant::none) return Verdict::not_allowed_by_session;
  return Verdict::allowed;
}

Verdict explicit_deny(const Answers& answers) {
  if (answers.identity.denied) return Verdict::denied_by_identity;
  if (answers.resource.denied) return Verdict::denied_by_resource;
  if (answers.boundary.denied) return Verdict::denied_by_boundary;
  if (answers.session.denied) return Verdict::denied_by_session;
  return Verdict::allowed;
}

}  // namespace

PolicyAnswer ask(const Policy& policy, const AccessRequest& request) {
  return ask(policy, request, ascii_lower(request.action));
}

Verdict decide(const AccessRequest& request, const ApplicablePolicies& policies) {
  const std::string lower_action = ascii_lower(request.action);
  Answers answers;
  answers.identity = ask(policies.identity, request, lower_action);
  if (policies.boundary != nullptr) answers.boundary = ask(*policies.boundary, request, lower_action);
  answers.session = ask(policies.session, request, lower_action);
  if (policies.resource != nullptr) answers.resource = ask(*policies.resource, request, lower_action);
  if (const Verdict denied = explicit_deny(answers); denied != Verdict::allowed) return denied;

  using Kind = Principal::Kind;
  const Kind kind = request.principal.kind;
  const Grant by_resource = answers.resource.allowed;
  if (kind == Kind::anonymous || kind == Kind::service) {
    return by_resource >= Grant::role ? Verdict::allowed : Verdict::not_allowed_by_resource;
  }
  const bool own_account = request.principal.account == request.resource_account;
  if (policies.resource_is_trust || !own_account) {
    if (by_resource == Grant::none) return Verdict::not_allowed_by_resource;
    if (kind == Kind::root) return Verdict::allowed;
    const bool identity_is_asked = !own_account || by_resource == Grant::account;
    if (!identity_is_asked && by_resource == Grant::direct) return Verdict::allowed;
    return decide_identity(answers, policies, !identity_is_asked);
  }
  if (kind == Kind::root || by_resource == Grant::direct) return Verdict::allowed;
  return decide_identity(answers, policies, by_resource == Grant::role);
}

std::string denial_sentence(const AccessRequest& request, Verdict verdict) {
  std::string_view service = request.action.substr(0, request.action.find(':'));
  const char* quote = service == "s3" ? "\"" : "";
  const std::string who = request.principal.arn.empty() ? "anonymous" : request.principal.arn;
  std::string text = fmt::format("User: {} is not authorized to perform: {} on resource: {}{}{}", who, request.action,
                                 quote, request.resource, quote);
  const auto because = [&](std::string_view kind) {
    return text + fmt::format(" because no {} allows the {} action", kind, request.action);
  };
  switch (verdict) {
    case Verdict::allowed: break;
    case Verdict::denied_by_identity: return text + " with an explicit deny in an identity-based policy";
    case Verdict::denied_by_boundary: return text + " with an explicit deny in a permissions boundary";
    case Verdict::denied_by_session: return text + " with an explicit deny in a session policy";
    case Verdict::denied_by_resource: return text + " with an explicit deny in a resource-based policy";
    case Verdict::not_allowed_by_identity: return because("identity-based policy");
    case Verdict::not_allowed_by_boundary: return because("permissions boundary");
    case Verdict::not_allowed_by_session: return because("session policy");
    case Verdict::not_allowed_by_resource: return because("resource-based policy");
  }
  return text;
}

}  // namespace sortie::emulator::iam
