#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "emulator/core/call.h"
#include "emulator/core/validation.h"
#include "emulator/iam/access.h"
#include "emulator/iam/directory.h"
#include "wire/query_protocol.h"
#include "wire/xml.h"

/// What every IAM operation has in common.
namespace sortie::emulator::iam {

using ContextKeys = std::vector<std::pair<std::string, std::string>>;

/// One request to IAM and what it works on.
struct Operation {
  const Clock& clock;
  Directory& directory;
  Access& access;
  const Call& call;
  const wire::QueryInput& input;

  /// 403 AccessDenied when the caller may not do `action` (`GetRole`) on `arn`.
  AwsResult<void> allow(std::string_view action, const std::string& arn, ContextKeys context = {}) const;
  /// `arn:aws:iam::ACCOUNT:KIND/path/name`.
  [[nodiscard]] std::string arn(std::string_view kind, std::string_view path, std::string_view name) const;
};

/// The answer is the content of the operation's result element; empty for an operation without one.
using Row = OperationRow<Operation, AwsResult<std::string>>;

std::span<const Row> role_operations();
std::span<const Row> user_operations();
std::span<const Row> group_operations();
std::span<const Row> entity_policy_operations();
std::span<const Row> tag_operations();
std::span<const Row> boundary_operations();
std::span<const Row> managed_policy_operations();
std::span<const Row> profile_operations();
std::span<const Row> account_operations();
std::span<const Row> simulation_operations();
std::span<const Row> details_operations();
std::span<const Row> service_linked_operations();
std::span<const Row> service_credential_operations();
std::span<const Row> unsupported_operations();

/// 400 UnmodifiableEntity for what only AWS may do to the role of one of its services.
AwsResult<void> check_unprotected(const Operation& operation, std::string_view action);

/// Reads parameters and collects what is wrong with them. `check` gives AWS's ValidationError with all of it.
class Arguments {
 public:
  explicit Arguments(const wire::QueryInput& input) : input_(input) {}

  /// A name of at most `most` characters of `A-Z a-z 0-9 + = , . @ _ -`.
  std::string name(std::string_view parameter, std::size_t most);
  std::string optional_name(std::string_view parameter, std::size_t most);
  /// Letters, digits and underscores.
  std::string word(std::string_view parameter, std::size_t least, std::size_t most);
  /// `/`, or `/…/` of at most 512 characters; `/` when absent.
  std::string path(std::string_view parameter = "Path");
  /// A prefix of paths.
  std::string path_prefix();
  std::string document(std::string_view parameter);
  std::string arn(std::string_view parameter);
  std::string optional_text(std::string_view parameter, std::size_t most);
  std::int64_t number(std::string_view parameter, std::int64_t least, std::int64_t most, std::int64_t fallback);
  bool flag(std::string_view parameter);
  /// `parameter` must be one of `choices`; absent: the fallback, or a violation when that is empty.
  std::string choice(std::string_view parameter, std::initializer_list<std::string_view> choices,
                     std::string_view fallback = {});
  /// `Tags.member.N`, at most 50, keys unique without case.
  Tags tags();
  std::vector<std::string> tag_keys();

  [[nodiscard]] AwsResult<void> check() const;

 private:
  void violate(std::string_view parameter, std::string_view constraint);
  std::string required(std::string_view parameter);

  const wire::QueryInput& input_;
  Violations violations_;
  std::string other_;  ///< a violation that AWS words in a sentence of its own
};

/// One page of a listing: starts behind `Marker`, has at most `MaxItems` (100) items.
class Page {
 public:
  explicit Page(const Operation& operation);
  [[nodiscard]] AwsResult<void> check() const;
  /// Whether the item with this key belongs to the page. Keys must come in ascending order.
  bool takes(std::string_view key);
  /// `IsTruncated`, and `Marker` when there is more.
  void finish(wire::XmlWriter& xml) const;

 private:
  std::string after_;
  std::string last_;
  std::int64_t room_ = 100;
  bool truncated_ = false;
  AwsResult<void> error_;
};

AwsError no_such_entity(std::string_view kind, std::string_view name);
AwsError already_exists(std::string_view kind, std::string_view name);
AwsError delete_conflict(std::string message);
/// 404 for a managed policy.
AwsError no_such_policy(std::string_view arn);
AwsError limit_exceeded(std::string message);

AwsResult<const Role*> need_role(const Operation& operation, const std::string& name);
AwsResult<const User*> need_user(const Operation& operation, const std::string& name);
AwsResult<const Group*> need_group(const Operation& operation, const std::string& name);
/// ValidationError for what is not an ARN, NoSuchEntity for what is not there.
AwsResult<const ManagedPolicy*> need_policy(const Operation& operation, const std::string& arn);

/// NoSuchEntity for a permissions boundary that is not there; an empty one is none.
AwsResult<void> check_boundary(const Operation& operation, const std::string& arn);

/// Policy documents travel percent-encoded in answers.
std::string encoded_document(std::string_view document);
void write_tags(wire::XmlWriter& xml, const Tags& tags);
void write_boundary(wire::XmlWriter& xml, const std::string& boundary);
void write_role(wire::XmlWriter& xml, const Directory& directory, const Role& role, bool with_session_duration);
/// `RoleLastUsed`, empty for a role that was never used.
void write_last_used(wire::XmlWriter& xml, const Operation& operation, const Role& role);
void write_policy(wire::XmlWriter& xml, const Directory& directory, const ManagedPolicy& policy);
/// Name, path, id, ARN and date of a user or a group.
void write_user(wire::XmlWriter& xml, const User& user);
void write_group(wire::XmlWriter& xml, const Group& group);
/// `IsTruncated` and the tags.
std::string tag_listing(const Tags& tags);

/// Adds or replaces; AWS allows 50.
AwsResult<void> merge_tags(Tags& tags, const Tags& more);
void remove_tags(Tags& tags, const std::vector<std::string>& keys);
/// `aws:ResourceTag/…` and `iam:ResourceTag/…`
ContextKeys resource_tag_keys(const Tags& tags);
/// `aws:RequestTag/…` and `aws:TagKeys`
ContextKeys request_tag_keys(const Tags& tags);

}  // namespace sortie::emulator::iam
