#include <fmt/format.h>

#include <algorithm>

#include "emulator/iam/access.h"
#include "emulator/iam/session_json.h"

// The keys that `Access` knows and the sessions that it gives out.

namespace sortie::emulator::iam {

namespace {

constexpr std::size_t k_session_token_characters = 256;
/// So long is the use of an expired session answered with ExpiredToken, after a restart too, and not as unknown.
constexpr auto k_expired_sessions_known = std::chrono::hours(24);

/// Characters that policies and tags of a session may take together; AWS packs them in a way it does not publish.
constexpr std::size_t k_packed_limit = 4096;

AwsError denied(std::string message) {
  return {403, "AccessDenied", std::move(message), {}};
}

/// What AWS says to every failed AssumeRole: it does not tell whether the role exists.
AwsError not_assumable(const Principal& caller, std::string_view action, std::string_view role_arn) {
  return denied(fmt::format("User: {} is not authorized to perform: {} on resource: {}", caller.arn, action, role_arn));
}

}  // namespace

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

std::optional<Identities::Key> Access::find_key(std::string_view access_key_id) {
  forget_stale();
  const std::string id(access_key_id);
  if (const auto session = sessions_.find(id); session != sessions_.end()) {
    const Principal& principal = session->second.principal;
    if (principal.kind == Principal::Kind::assumed_role) {
      const Role* role = directory_.find_role_by_arn(principal.role_arn);
      if (role == nullptr || !principal.user_id.starts_with(role->id)) return std::nullopt;
    } else if (principal.kind == Principal::Kind::user) {
      const User* user = directory_.find_user_by_id(principal.user_id);
      if (user == nullptr) return std::nullopt;
      Key key = session->second;
      key.principal.arn = user->arn;  // it may have been renamed since
      key.principal.name = user->name;
      return key;
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

void Access::load_sessions() {
  forget_sessions_before(clock_.now() - k_expired_sessions_known);
  SQLite::Statement rows(store_.db(), "SELECT id, body FROM iam_sessions");
  while (rows.executeStep()) {
    sessions_.emplace(rows.getColumn(0).getString(), session_from_json(rows.getColumn(1).getString()));
  }
}

void Access::forget_sessions_before(SystemTime limit) {
  std::erase_if(sessions_, [&](const auto& entry) { return entry.second.expires && *entry.second.expires < limit; });
  SQLite::Statement remove(store_.db(), "DELETE FROM iam_sessions WHERE expires < ?");
  remove.bind(1, static_cast<std::int64_t>(limit.time_since_epoch().count()));
  remove.exec();
}

void Access::drop_expired() {
  if (sessions_.size() < sweep_at_) return;
  forget_sessions_before(clock_.now() - k_expired_sessions_known);
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

AwsResult<void> Access::check_assumable(const std::string& role_arn, const std::string& service_principal) {
  const Role* role = directory_.find_role_by_arn(role_arn);
  if (role == nullptr) {
    const std::string name = role_arn.substr(role_arn.rfind('/') + 1);
    return aws_fail(404, "NoSuchEntity", fmt::format("The role with name {} cannot be found.", name));
  }
  Call call;
  call.account = directory_.account();
  call.principal.kind = Principal::Kind::service;
  call.principal.name = service_principal;
  AuthorizationRequest authorization;
  authorization.action = "sts:AssumeRole";
  authorization.resource = role->arn;
  authorization.context.emplace_back("aws:SourceAccount", directory_.account());
  const PolicyPtr trust = parsed(role->trust, PolicyKind::trust);
  if (trust && decide_for(call, call.principal, authorization, trust.get(), true) == Verdict::allowed) return {};
  return std::unexpected(denied(
      fmt::format("{} is not authorized to perform: sts:AssumeRole on resource: {}", service_principal, role_arn)));
}

std::optional<SystemTime> Access::role_created(const std::string& role_arn) {
  const Role* role = directory_.find_role_by_arn(role_arn);
  return role == nullptr ? std::nullopt : std::optional(role->created);
}

AwsResult<SessionCredentials> Access::assume_for_service(const std::string& role_arn,
                                                         const std::string& service_principal,
                                                         const std::string& session_name,
                                                         std::chrono::seconds duration) {
  if (auto allowed = check_assumable(role_arn, service_principal); !allowed) return std::unexpected(allowed.error());
  return issue(assumed(*directory_.find_role_by_arn(role_arn), session_name), duration);
}

AwsResult<Access::SessionTags> Access::session_tags(const Principal& caller, const AssumeRoleRequest& request) {
  SessionTags result{request.tags, request.transitive_tags};
  for (const std::string& key : caller.transitive_tags) {
    const auto same = [&](const auto& tag) { return http::iequals(tag.first, key); };
    if (std::ranges::any_of(request.tags, same)) {
      return aws_fail(
          400, "InvalidParameterValue",
          "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag "
          "key from the calling session.");
    }
    const auto inherited = std::ranges::find_if(caller.session_tags, same);
    if (inherited == caller.session_tags.end()) continue;
    result.tags.push_back(*inherited);
    result.transitive.push_back(key);
  }
  return result;
}

AwsResult<void> Access::check_trust(const Call& call, const Role& role, const AssumeRoleRequest& request,
                                    const SessionTags& tags) {
  AuthorizationRequest authorization;
  authorization.resource = role.arn;
  authorization.context.emplace_back("sts:RoleSessionName", request.session_name);
  if (!request.external_id.empty()) authorization.context.emplace_back("sts:ExternalId", request.external_id);
  if (!request.source_identity.empty())
    authorization.context.emplace_back("sts:SourceIdentity", request.source_identity);
  for (const auto& [key, value] : tags.tags) {
    authorization.context.emplace_back("aws:RequestTag/" + key, value);
    authorization.context.emplace_back("aws:TagKeys", key);
  }
  for (const std::string& key : tags.transitive) authorization.context.emplace_back("sts:TransitiveTagKeys", key);
  for (const auto& [key, value] : role.tags) authorization.context.emplace_back("aws:ResourceTag/" + key, value);

  std::vector<std::string> actions{"sts:AssumeRole"};
  if (!tags.tags.empty()) actions.emplace_back("sts:TagSession");
  if (!request.source_identity.empty()) actions.emplace_back("sts:SetSourceIdentity");
  const PolicyPtr trust = parsed(role.trust, PolicyKind::trust);
  for (std::string& action : actions) {
    authorization.action = std::move(action);
    if (!trust || decide_for(call, call.principal, authorization, trust.get(), true) != Verdict::allowed) {
      return std::unexpected(not_assumable(call.principal, authorization.action, request.role_arn));
    }
  }
  return {};
}

AwsResult<int> Access::narrow(Principal& principal, const AssumeRoleRequest& request) const {
  std::size_t packed = 0;
  if (!request.policy.empty()) {
    RETURN_IF_ERROR(parse_policy(request.policy, PolicyKind::identity));
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
  const auto percent = static_cast<int>((packed * 100 + k_packed_limit - 1) / k_packed_limit);
  if (percent <= 100) return percent;
  return aws_fail(400, "PackedPolicyTooLarge",
                  fmt::format("Packed policy consumes {}% of allotted space, please use smaller policy.", percent));
}

AwsResult<AssumedRole> Access::assume_role(const Call& call, const AssumeRoleRequest& request) {
  if (call.principal.kind == Principal::Kind::root) {
    return std::unexpected(denied("Roles may not be assumed by root accounts."));
  }
  const Role* role = directory_.find_role_by_arn(request.role_arn);
  if (role == nullptr) return std::unexpected(not_assumable(call.principal, "sts:AssumeRole", request.role_arn));
  ASSIGN_OR_RETURN(const SessionTags tags, session_tags(call.principal, request));
  RETURN_IF_ERROR(check_trust(call, *role, request, tags));

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
  AssumedRole result;
  result.principal = assumed(*role, request.session_name);
  result.principal.session_tags = tags.tags;
  result.principal.transitive_tags = tags.transitive;
  result.principal.source_identity = request.source_identity;
  ASSIGN_OR_RETURN(result.packed_policy_percent, narrow(result.principal, request));
  result.credentials = issue(result.principal, request.duration);
  result.principal.access_key_id = result.credentials.access_key_id;
  return result;
}

AwsResult<SessionCredentials> Access::session_token(const Call& call, std::chrono::seconds duration) {
  if (call.principal.temporary ||
      (call.principal.kind != Principal::Kind::user && call.principal.kind != Principal::Kind::root)) {
    return std::unexpected(denied("Cannot call GetSessionToken with session credentials"));
  }
  return issue(call.principal, duration);
}

}  // namespace sortie::emulator::iam
