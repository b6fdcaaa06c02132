#include "emulator/iam/access.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "emulator/core/protocol.h"
#include "emulator/iam/request_context.h"
#include "emulator/iam/session_json.h"

namespace sortie::emulator::iam {

namespace {

constexpr std::size_t k_max_parsed = 1024;
constexpr std::size_t k_session_token_characters = 256;

/// Characters that policies and tags of a session may take together, packed by AWS in a way it does not publish.
constexpr std::size_t k_packed_limit = 2048;

AwsError denied(std::string message) {
  return AwsError{403, "AccessDenied", std::move(message), {}};
}

Question trust_question(std::string action, const Role& role) {
  Question question;
  question.action = std::move(action);
  question.resource = role.arn;
  return question;
}

}  // namespace

Access::Access(const Clock& clock, Store& store, Directory& directory)
    : clock_(clock), store_(store), directory_(directory) {
  store_.db().exec("CREATE TABLE IF NOT EXISTS iam_root (id TEXT NOT NULL, secret TEXT NOT NULL)");
  store_.db().exec(
      "CREATE TABLE IF NOT EXISTS iam_sessions (id TEXT PRIMARY KEY, expires INTEGER NOT NULL, body TEXT NOT NULL) "
      "WITHOUT ROWID");
  load_root();
  load_sessions();
}

void Access::load_root() {
  SQLite::Statement row(store_.db(), "SELECT id, secret FROM iam_root");
  if (row.executeStep()) {
    root_ = {row.getColumn(0).getString(), row.getColumn(1).getString()};
    return;
  }
  root_ = {Directory::make_id("AKIA", 16), Directory::make_secret()};
  SQLite::Statement write(store_.db(), "INSERT INTO iam_root (id, secret) VALUES (?, ?)");
  write.bind(1, root_.access_key_id);
  write.bind(2, root_.secret_access_key);
  write.exec();
}

// --- decisions

Outcome<void> Access::authorize(const Call& call, const Question& question) {
  PolicyPtr resource;
  if (!question.resource_policy.empty()) {
    resource = parsed(question.resource_policy, PolicyKind::resource);
    // A policy that nobody can read may contain a deny.
    if (!resource && call.principal.kind != Principal::Kind::root) return std::unexpected(denied("Access Denied"));
  }
  const Verdict verdict = decide_for(call, call.principal, question, resource.get(), false);
  if (verdict == Verdict::allowed) return {};
  if (call.principal.kind == Principal::Kind::anonymous) return std::unexpected(denied("Access Denied"));
  const std::string account = question.resource_account.empty() ? call.account : question.resource_account;
  const RequestContext context(call, call.principal, question, nullptr, clock_.now());
  return std::unexpected(
      denied(denial_sentence({call.principal, question.action, question.resource, account, context}, verdict)));
}

Verdict Access::simulate(const Call& call, const Principal& principal, const Question& question) {
  PolicyPtr resource;
  if (!question.resource_policy.empty()) resource = parsed(question.resource_policy, PolicyKind::resource);
  return decide_for(call, principal, question, resource.get(), false);
}

Verdict Access::decide_for(const Call& call, const Principal& principal, const Question& question,
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
    if (PolicyPtr policy = parsed(document, PolicyKind::identity)) session.push_back(std::move(policy));
  }
  policies.session = session;
  policies.resource = resource;
  policies.resource_is_trust = is_trust;
  const std::string_view account =
      question.resource_account.empty() ? std::string_view(call.account) : std::string_view(question.resource_account);
  const RequestContext context(call, principal, question, tags, clock_.now());
  return decide({principal, question.action, question.resource, account, context}, policies);
}

Outcome<void> Access::check_resource_policy(std::string_view document) {
  const auto policy = parse_policy(document, PolicyKind::resource);
  if (!policy) return std::unexpected(policy.error());
  return {};
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

// --- keys

std::optional<Identities::Key> Access::find_key(std::string_view access_key_id) {
  forget_stale();
  const std::string id(access_key_id);
  if (const auto session = sessions_.find(id); session != sessions_.end()) {
    const Principal& principal = session->second.principal;
    if (principal.kind == Principal::Kind::assumed_role) {
      const Role* role = directory_.find_role_by_arn(principal.role_arn);
      if (role == nullptr || !principal.user_id.starts_with(role->id)) return std::nullopt;
    } else if (principal.kind == Principal::Kind::user) {
      const User* user = directory_.find_user(principal.name);
      if (user == nullptr || user->id != principal.user_id) return std::nullopt;
    }
    return session->second;
  }
  if (const auto known = keys_.find(id); known != keys_.end()) return known->second;
  auto key = make_key(access_key_id);
  if (key) keys_.emplace(id, *key);
  return key;
}

std::optional<Identities::Key> Access::make_key(std::string_view access_key_id) {
  const std::string& account = directory_.account();
  Key key;
  key.principal.account = account;
  key.principal.access_key_id = std::string(access_key_id);
  if (access_key_id == root_.access_key_id) {
    key.secret_access_key = root_.secret_access_key;
    key.principal.kind = Principal::Kind::root;
    key.principal.arn = "arn:aws:iam::" + account + ":root";
    key.principal.user_id = account;
    key.principal.name = "root";
    return key;
  }
  for (const auto& [name, user] : directory_.users()) {
    const auto found = std::ranges::find(user.keys, access_key_id, &AccessKey::id);
    if (found == user.keys.end()) continue;
    key.secret_access_key = found->secret;
    key.active = found->active;
    key.principal.kind = Principal::Kind::user;
    key.principal.arn = user.arn;
    key.principal.user_id = user.id;
    key.principal.name = user.name;
    return key;
  }
  return std::nullopt;
}

// --- sessions

void Access::load_sessions() {
  const std::int64_t now = clock_.now().time_since_epoch().count();
  SQLite::Statement expired(store_.db(), "DELETE FROM iam_sessions WHERE expires < ?");
  expired.bind(1, now);
  expired.exec();
  SQLite::Statement rows(store_.db(), "SELECT id, body FROM iam_sessions");
  while (rows.executeStep()) {
    sessions_.emplace(rows.getColumn(0).getString(), session_from_json(rows.getColumn(1).getString()));
  }
}

/// Expired sessions stay known for a day, so that their use is answered with ExpiredToken and not as unknown.
void Access::drop_expired() {
  if (sessions_.size() < sweep_at_) return;
  const SystemTime limit = clock_.now() - std::chrono::hours(24);
  std::erase_if(sessions_, [&](const auto& entry) { return entry.second.expires && *entry.second.expires < limit; });
  SQLite::Statement remove(store_.db(), "DELETE FROM iam_sessions WHERE expires < ?");
  remove.bind(1, static_cast<std::int64_t>(limit.time_since_epoch().count()));
  remove.exec();
  sweep_at_ = std::max<std::size_t>(256, sessions_.size() * 2);
}

SessionCredentials Access::issue(Principal principal, std::chrono::seconds duration) {
  drop_expired();
  const SystemTime now = clock_.now();
  Key key;
  key.secret_access_key = Directory::make_secret();
  key.session_token = Directory::make_id("IQoJ", k_session_token_characters);
  key.expires = std::chrono::floor<std::chrono::seconds>(now) + duration;
  principal.access_key_id = Directory::make_id("ASIA", 16);
  principal.temporary = true;
  principal.token_issued = now;
  key.principal = std::move(principal);
  const std::string id = key.principal.access_key_id;

  SQLite::Statement write(store_.db(), "INSERT INTO iam_sessions (id, expires, body) VALUES (?, ?, ?)");
  write.bind(1, id);
  write.bind(2, static_cast<std::int64_t>(key.expires->time_since_epoch().count()));
  write.bind(3, session_to_json(key));
  write.exec();
  SessionCredentials credentials{id, key.secret_access_key, key.session_token, *key.expires};
  sessions_.emplace(id, std::move(key));
  return credentials;
}

Principal Access::assumed(const Role& role, const std::string& session_name) const {
  Principal principal;
  principal.kind = Principal::Kind::assumed_role;
  principal.account = directory_.account();
  principal.arn = fmt::format("arn:aws:sts::{}:assumed-role/{}/{}", directory_.account(), role.name, session_name);
  principal.user_id = role.id + ":" + session_name;
  principal.name = role.name;
  principal.role_arn = role.arn;
  return principal;
}

Outcome<void> Access::check_assumable(const std::string& role_arn, const std::string& service_principal) {
  const Role* role = directory_.find_role_by_arn(role_arn);
  if (role == nullptr) {
    const std::string name = role_arn.substr(role_arn.rfind('/') + 1);
    return aws_fail(404, "NoSuchEntity", fmt::format("The role with name {} cannot be found.", name));
  }
  Call call;
  call.account = directory_.account();
  call.principal.kind = Principal::Kind::service;
  call.principal.name = service_principal;
  Question question = trust_question("sts:AssumeRole", *role);
  question.context.emplace_back("aws:SourceAccount", directory_.account());
  const PolicyPtr trust = parsed(role->trust, PolicyKind::trust);
  if (trust && decide_for(call, call.principal, question, trust.get(), true) == Verdict::allowed) return {};
  return std::unexpected(denied(
      fmt::format("{} is not authorized to perform: sts:AssumeRole on resource: {}", service_principal, role_arn)));
}

Outcome<SessionCredentials> Access::assume_for_service(const std::string& role_arn,
                                                       const std::string& service_principal,
                                                       const std::string& session_name, std::chrono::seconds duration) {
  if (auto allowed = check_assumable(role_arn, service_principal); !allowed) return std::unexpected(allowed.error());
  return issue(assumed(*directory_.find_role_by_arn(role_arn), session_name), duration);
}

Outcome<AssumedRole> Access::assume_role(const Call& call, const AssumeRoleRequest& request) {
  if (call.principal.kind == Principal::Kind::root) {
    return std::unexpected(denied("Roles may not be assumed by root accounts."));
  }
  const Role* role = directory_.find_role_by_arn(request.role_arn);
  const auto refused = [&](std::string_view action) {
    return std::unexpected(denied(fmt::format("User: {} is not authorized to perform: {} on resource: {}",
                                              call.principal.arn, action, request.role_arn)));
  };
  if (role == nullptr) return refused("sts:AssumeRole");

  Question question = trust_question("sts:AssumeRole", *role);
  question.context.emplace_back("sts:RoleSessionName", request.session_name);
  if (!request.external_id.empty()) question.context.emplace_back("sts:ExternalId", request.external_id);
  if (!request.source_identity.empty()) question.context.emplace_back("sts:SourceIdentity", request.source_identity);
  for (const auto& [key, value] : request.tags) {
    question.context.emplace_back("aws:RequestTag/" + key, value);
    question.context.emplace_back("aws:TagKeys", key);
  }
  for (const auto& [key, value] : role->tags) question.context.emplace_back("aws:ResourceTag/" + key, value);

  const PolicyPtr trust = parsed(role->trust, PolicyKind::trust);
  if (!trust) return refused("sts:AssumeRole");
  std::vector<std::string> actions{"sts:AssumeRole"};
  if (!request.tags.empty()) actions.emplace_back("sts:TagSession");
  if (!request.source_identity.empty()) actions.emplace_back("sts:SetSourceIdentity");
  for (const std::string& action : actions) {
    question.action = action;
    if (decide_for(call, call.principal, question, trust.get(), true) != Verdict::allowed) return refused(action);
  }

  const bool chained = call.principal.kind == Principal::Kind::assumed_role;
  if (chained && request.duration > std::chrono::hours(1)) {
    return aws_fail(
        400, "ValidationError",
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining");
  }
  if (request.duration.count() > role->max_session_seconds) {
    return aws_fail(400, "ValidationError",
                    "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
  }

  Principal principal = assumed(*role, request.session_name);
  principal.session_tags = request.tags;
  principal.source_identity = request.source_identity;
  std::size_t packed = 0;
  if (!request.policy.empty()) {
    if (const auto policy = parse_policy(request.policy, PolicyKind::identity); !policy) {
      return std::unexpected(policy.error());
    }
    packed += request.policy.size();
    principal.session_policies.push_back(request.policy);
  }
  for (const std::string& arn : request.policy_arns) {
    const ManagedPolicy* policy = directory_.find_policy(arn);
    if (policy == nullptr) {
      return aws_fail(404, "NoSuchEntity", fmt::format("Policy {} does not exist or is not attachable.", arn));
    }
    packed += arn.size();
    principal.session_policies.push_back(policy->document());
  }
  for (const auto& [key, value] : request.tags) packed += key.size() + value.size();
  if (packed > k_packed_limit * 2) {
    return aws_fail(400, "PackedPolicyTooLarge",
                    fmt::format("Packed policy consumes {}% of allotted space, please use smaller policy.",
                                packed * 100 / (k_packed_limit * 2)));
  }
  AssumedRole result;
  result.packed_policy_percent = static_cast<int>((packed * 100 + k_packed_limit * 2 - 1) / (k_packed_limit * 2));
  result.principal = principal;
  result.credentials = issue(std::move(principal), request.duration);
  return result;
}

Outcome<SessionCredentials> Access::session_token(const Call& call, std::chrono::seconds duration) {
  if (call.principal.temporary ||
      (call.principal.kind != Principal::Kind::user && call.principal.kind != Principal::Kind::root)) {
    return std::unexpected(denied("Cannot call GetSessionToken with session credentials"));
  }
  return issue(call.principal, duration);
}

}  // namespace sortie::emulator::iam
