#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "emulator/core/call.h"
#include "emulator/core/store.h"

namespace sortie::emulator::iam {

using Tags = std::vector<std::pair<std::string, std::string>>;

/// What roles, users and groups have in common. Names compare without case but keep theirs.
struct PolicyHolder {
  std::string name;
  std::string path = "/";
  std::string id;  ///< `AROA…`, `AIDA…`, `AGPA…`
  std::string arn;
  SystemTime created{};
  std::map<std::string, std::string> inline_policies;  ///< name -> document
  std::vector<std::string> attached;                   ///< ARNs of managed policies, in order of attachment
};

struct Role : PolicyHolder {
  std::string trust;  ///< document
  std::string description;
  std::int64_t max_session_seconds = 3600;
  std::string boundary;  ///< ARN of a managed policy, or empty
  Tags tags;
};

struct AccessKey {
  std::string id;
  std::string secret;
  bool active = true;
  SystemTime created{};
};

/// A password for one AWS service alone (`codecommit.amazonaws.com`).
struct ServiceCredential {
  std::string id;  ///< `ACCA…`
  std::string service;
  std::string user_name;
  std::string password;
  bool active = true;
  SystemTime created{};
};

struct User : PolicyHolder {
  std::string boundary;
  Tags tags;
  std::vector<AccessKey> keys;
  std::vector<ServiceCredential> service_credentials;
  std::vector<std::string> groups;  ///< names
};

struct Group : PolicyHolder {};

struct PolicyVersion {
  std::string document;
  SystemTime created{};
};

struct ManagedPolicy {
  std::string name;
  std::string path = "/";
  std::string id;  ///< `ANPA…`
  std::string arn;
  std::string description;
  SystemTime created{};
  SystemTime updated{};
  int default_version = 1;
  int next_version = 2;
  std::map<int, PolicyVersion> versions;
  Tags tags;
  bool owned_by_aws = false;  ///< built in, not stored

  [[nodiscard]] const std::string& document() const { return versions.at(default_version).document; }
};

struct InstanceProfile {
  std::string name;
  std::string path = "/";
  std::string id;  ///< `AIPA…`
  std::string arn;
  SystemTime created{};
  std::string role;  ///< name, or empty
  Tags tags;
};

/// Everything IAM knows, in memory, each entity written to the store before a change is seen. Pointers are valid until
/// the entity changes. io_context thread only.
class Directory {
 public:
  template <class T>
  using Map = std::map<std::string, T, std::less<>>;  ///< by name in lower case; policies by ARN

  Directory(Store& store, std::string account);

  [[nodiscard]] const std::string& account() const { return account_; }
  /// Counts changes: what was derived from an older revision is stale.
  [[nodiscard]] std::uint64_t revision() const { return revision_; }

  [[nodiscard]] const Map<Role>& roles() const { return roles_; }
  [[nodiscard]] const Map<User>& users() const { return users_; }
  [[nodiscard]] const Map<Group>& groups() const { return groups_; }
  [[nodiscard]] const Map<ManagedPolicy>& policies() const { return policies_; }
  [[nodiscard]] const Map<InstanceProfile>& profiles() const { return profiles_; }

  [[nodiscard]] const Role* find_role(std::string_view name) const;
  [[nodiscard]] const Role* find_role_by_arn(std::string_view arn) const;
  [[nodiscard]] const User* find_user(std::string_view name) const;
  [[nodiscard]] const User* find_user_by_id(std::string_view id) const;
  [[nodiscard]] const Group* find_group(std::string_view name) const;
  [[nodiscard]] const ManagedPolicy* find_policy(std::string_view arn) const;
  [[nodiscard]] const InstanceProfile* find_profile(std::string_view name) const;

  /// Makes or replaces. Throws SQLite::Exception when the store cannot be written; nothing has changed then.
  void put(Role role);
  void put(User user);
  void put(Group group);
  void put(ManagedPolicy policy);
  void put(InstanceProfile profile);
  void erase(const Role& role);
  void erase(const User& user);
  void erase(const Group& group);
  void erase(const ManagedPolicy& policy);
  void erase(const InstanceProfile& profile);

  /// What the account itself has (`alias`, `password-policy`): text, empty when it is not there.
  [[nodiscard]] std::string setting(std::string_view name) const;
  /// An empty value removes it.
  void set_setting(const std::string& name, const std::string& value);

  /// How many roles, users and groups have the policy attached, and for how many it is the boundary.
  [[nodiscard]] int attachment_count(std::string_view policy_arn) const;
  [[nodiscard]] int boundary_count(std::string_view policy_arn) const;

  /// `AROA` and 17 random characters, as AWS makes unique ids.
  static std::string make_id(std::string_view prefix, std::size_t random_characters = 17);
  /// 40 random characters.
  static std::string make_secret();

 private:
  template <class T>
  void put_entity(Map<T>& map, std::string_view kind, std::string key, T&& entity);
  template <class T>
  void erase_entity(Map<T>& map, std::string_view kind, std::string_view key);
  void load();
  void add_aws_policies();

  Store& store_;
  std::string account_;
  std::uint64_t revision_ = 1;
  Map<Role> roles_;
  Map<User> users_;
  Map<Group> groups_;
  Map<ManagedPolicy> policies_;
  Map<InstanceProfile> profiles_;
  std::map<std::string, std::string, std::less<>> settings_;
};

}  // namespace sortie::emulator::iam
