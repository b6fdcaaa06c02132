#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "emulator/core/ports.h"
#include "emulator/core/store.h"
#include "emulator/iam/directory.h"
#include "emulator/iam/evaluate.h"
#include "emulator/iam/last_used.h"
#include "emulator/iam/policy.h"

namespace sortie::emulator::iam {

/// Who has which keys and what they may do: the decisions over what `Directory` holds. Keeps parsed policies and keys
/// of the current revision, so that a warm decision costs microseconds. io_context thread only.
class Access final : public Authorizer, public Identities, public Sessions {
 public:
  /// Makes the account's root key when the store has none. The arguments must outlive it.
  Access(const Clock& clock, Store& store, Directory& directory);

  struct RootKey {
    std::string access_key_id;
    std::string secret_access_key;
  };
  [[nodiscard]] const RootKey& root_key() const { return root_; }

  AwsResult<void> authorize(const Call& call, const AuthorizationRequest& request) override;
  AwsResult<void> check_resource_policy(std::string_view document) override;
  std::string stored_policy(const std::string& document) override;
  std::string shown_policy(const std::string& document) override;

  std::optional<Key> find_key(std::string_view access_key_id) override;
  AwsResult<void> check_assumable(const std::string& role_arn, const std::string& service_principal) override;
  std::optional<SystemTime> role_created(const std::string& role_arn) override;
  AwsResult<SessionCredentials> assume_for_service(const std::string& role_arn, const std::string& service_principal,
                                                   const std::string& session_name,
                                                   std::chrono::seconds duration) override;

  AwsResult<AssumedRole> assume_role(const Call& call, const AssumeRoleRequest& request) override;
  AwsResult<SessionCredentials> session_token(const Call& call, std::chrono::seconds duration) override;

  void note_use(const Call& call) override;
  [[nodiscard]] const LastUses& last_uses() const { return last_uses_; }

 private:
  struct Effective {
    std::vector<PolicyPtr> identity;
    PolicyPtr boundary;
  };

  Verdict decide_for(const Call& call, const Principal& principal, const AuthorizationRequest& request,
                     const Policy* resource, bool is_trust);
  const Effective& effective_policies(const Principal& principal);
  Effective collect(const PolicyHolder& holder, const std::string& boundary);
  void add_policies(const PolicyHolder& holder, std::vector<PolicyPtr>& to);
  /// Parsed, remembered by its text. Null when it cannot be parsed.
  PolicyPtr parsed(const std::string& document, PolicyKind kind);
  void forget_stale();

  std::optional<Key> make_key(std::string_view access_key_id);
  SessionCredentials issue(Principal principal, std::chrono::seconds duration);
  void load_sessions();
  void drop_expired();
  void forget_sessions_before(SystemTime limit);
  void load_root();
  [[nodiscard]] Principal assumed(const Role& role, const std::string& session_name) const;
  /// The tags of a session, those inherited among them.
  struct SessionTags {
    std::vector<std::pair<std::string, std::string>> tags;
    std::vector<std::string> transitive;  ///< keys
  };
  /// What `request` asks for and what the caller's session hands on. The latter cannot be set anew.
  static AwsResult<SessionTags> session_tags(const Principal& caller, const AssumeRoleRequest& request);
  /// Whether the role's trust policy and the caller's own let it be assumed as `request` asks.
  AwsResult<void> check_trust(const Call& call, const Role& role, const AssumeRoleRequest& request,
                              const SessionTags& tags);
  /// Puts the session policies on the principal; answers how much of the limit they and the tags take, in percent.
  AwsResult<int> narrow(Principal& principal, const AssumeRoleRequest& request) const;

  const Clock& clock_;
  Store& store_;
  Directory& directory_;
  LastUses last_uses_;
  RootKey root_;
  std::uint64_t revision_ = 0;
  std::unordered_map<std::string, Effective> effective_;  ///< by ARN of the user or role
  std::unordered_map<std::string, Key> keys_;             ///< long-term keys looked up in this revision
  std::unordered_map<std::string, Key> sessions_;
  std::size_t sweep_at_ = 256;                            ///< sessions that make us look for expired ones
  std::unordered_map<std::string, PolicyPtr> parsed_[3];  ///< by PolicyKind and text
};

}  // namespace sortie::emulator::iam
