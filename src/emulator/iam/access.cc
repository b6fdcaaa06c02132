#include "emulator/iam/access.h"

#include "emulator/iam/principal_names.h"
#include "emulator/iam/request_context.h"

namespace sortie::emulator::iam {

namespace {

constexpr std::size_t k_max_parsed = 1024;

AwsError denied(std::string message) {
  return {403, "AccessDenied", std::move(message), {}};
}

}  // namespace

Access::Access(const Clock& clock, Store& store, Directory& directory)
    : clock_(clock), store_(store), directory_(directory), last_uses_(store) {
  store_.db().exec("CREATE TABLE IF NOT EXISTS iam_root (id TEXT NOT NULL, secret TEXT NOT NULL)");
  store_.db().exec(
      "CREATE TABLE IF NOT EXISTS iam_sessions (id TEXT PRIMARY KEY, expires INTEGER NOT NULL, body TEXT NOT NULL) "
      "WITHOUT ROWID");
  load_root();
  load_sessions();
}

AwsResult<void> Access::authorize(const Call& call, const AuthorizationRequest& request) {
  PolicyPtr resource;
  if (!request.resource_policy.empty()) {
    resource = parsed(request.resource_policy, PolicyKind::resource);
    // A policy that nobody can read may contain a deny.
    if (!resource && call.principal.kind != Principal::Kind::root) return std::unexpected(denied("Access Denied"));
  }
  const Verdict verdict = decide_for(call, call.principal, request, resource.get(), false);
  if (verdict == Verdict::allowed) return {};
  if (call.principal.kind == Principal::Kind::anonymous) return std::unexpected(denied("Access Denied"));
  const std::string account = request.resource_account.empty() ? call.account : request.resource_account;
  const RequestContext context(call, call.principal, request, nullptr, clock_.now());
  return std::unexpected(
      denied(denial_sentence({call.principal, request.action, request.resource, account, context}, verdict)));
}

Verdict Access::decide_for(const Call& call, const Principal& principal, const AuthorizationRequest& request,
                           const Policy* resource, bool is_trust) {
  const Tags* tags = nullptr;
  ApplicablePolicies policies;
  if (principal.kind == Principal::Kind::user) {
    if (const User* user = directory_.find_user(principal.name)) tags = &user->tags;
  } else if (principal.kind == Principal::Kind::assumed_role) {
    if (const Role* role = directory_.find_role_by_arn(principal.role_arn)) tags = &role->tags;
  }
  if (principal.kind == Principal::Kind::user || principal.kind == Principal::Kind::assumed_role) {
    const Effective& effective = effective_policies(principal);
    policies.identity = effective.identity;
    policies.boundary = effective.boundary.get();
  }
  std::vector<PolicyPtr> session;
  for (const std::string& document : principal.session_policies) {
    PolicyPtr policy = parsed(document, PolicyKind::identity);
    // One that cannot be read allows nothing; leaving it out would widen the session.
    session.push_back(policy ? std::move(policy) : std::make_shared<const Policy>());
  }
  policies.session = session;
  policies.resource = resource;
  policies.resource_is_trust = is_trust;
  const std::string_view account =
      request.resource_account.empty() ? std::string_view(call.account) : std::string_view(request.resource_account);
  const RequestContext context(call, principal, request, tags, clock_.now());
  return decide({principal, request.action, request.resource, account, context}, policies);
}

AwsResult<void> Access::check_resource_policy(std::string_view document) {
  const auto policy = parse_policy(document, PolicyKind::resource);
  if (!policy) return std::unexpected(policy.error());
  return check_principals(directory_, **policy);
}

std::string Access::stored_policy(const std::string& document) {
  return with_principal_ids(directory_, document);
}

std::string Access::shown_policy(const std::string& document) {
  return with_principal_names(directory_, document);
}

void Access::note_use(const Call& call) {
  const Principal& principal = call.principal;
  if (principal.kind == Principal::Kind::assumed_role) {
    last_uses_.note(std::string_view(principal.user_id).substr(0, principal.user_id.find(':')), clock_.now(),
                    call.region, call.service);
  } else if (!principal.temporary) {
    last_uses_.note(principal.access_key_id, clock_.now(), call.region, call.service);
  }
}

void Access::forget_stale() {
  if (revision_ == directory_.revision()) return;
  revision_ = directory_.revision();
  effective_.clear();
  keys_.clear();
}

const Access::Effective& Access::effective_policies(const Principal& principal) {
  forget_stale();
  const std::string& arn = principal.kind == Principal::Kind::assumed_role ? principal.role_arn : principal.arn;
  if (const auto known = effective_.find(arn); known != effective_.end()) return known->second;
  Effective effective;
  if (principal.kind == Principal::Kind::assumed_role) {
    if (const Role* role = directory_.find_role_by_arn(arn)) effective = collect(*role, role->boundary);
  } else if (const User* user = directory_.find_user(principal.name)) {
    effective = collect(*user, user->boundary);
    for (const std::string& name : user->groups) {
      if (const Group* group = directory_.find_group(name)) add_policies(*group, effective.identity);
    }
  }
  return effective_.emplace(arn, std::move(effective)).first->second;
}

Access::Effective Access::collect(const PolicyHolder& holder, const std::string& boundary) {
  Effective effective;
  add_policies(holder, effective.identity);
  if (!boundary.empty()) {
    const ManagedPolicy* policy = directory_.find_policy(boundary);
    effective.boundary = policy == nullptr ? nullptr : parsed(policy->document(), PolicyKind::identity);
    // A boundary that is gone allows nothing; it does not stop being a boundary.
    if (!effective.boundary) effective.boundary = std::make_shared<const Policy>();
  }
  return effective;
}

void Access::add_policies(const PolicyHolder& holder, std::vector<PolicyPtr>& to) {
  for (const auto& [name, document] : holder.inline_policies) {
    if (PolicyPtr policy = parsed(document, PolicyKind::identity)) to.push_back(std::move(policy));
  }
  for (const std::string& arn : holder.attached) {
    const ManagedPolicy* managed = directory_.find_policy(arn);
    if (managed == nullptr) continue;
    if (PolicyPtr policy = parsed(managed->document(), PolicyKind::identity)) to.push_back(std::move(policy));
  }
}

PolicyPtr Access::parsed(const std::string& document, PolicyKind kind) {
  auto& known = parsed_[static_cast<std::size_t>(kind)];
  if (const auto it = known.find(document); it != known.end()) return it->second;
  if (known.size() >= k_max_parsed) known.clear();
  auto policy = parse_policy(document, kind);
  PolicyPtr result = policy ? *std::move(policy) : nullptr;
  known.emplace(document, result);
  return result;
}

}  // namespace sortie::emulator::iam
