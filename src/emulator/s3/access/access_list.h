#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/core/call.h"

/// Access control lists as values. "Access control list (ACL) overview", S3 user guide.
namespace sortie::emulator::s3 {

inline constexpr std::string_view k_all_users = "http://acs.amazonaws.com/groups/global/AllUsers";
inline constexpr std::string_view k_authenticated_users = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";
inline constexpr std::string_view k_log_delivery = "http://acs.amazonaws.com/groups/s3/LogDelivery";
/// The canonical user id of whoever does not sign requests.
inline constexpr std::string_view k_anonymous_id = "65a011a29cdf8ec533ec3d1ccaae921c";

enum class Permission : std::uint8_t { full_control, read, write, read_acp, write_acp };
std::string_view to_string(Permission permission);

struct Grant {
  std::string grantee;  ///< a canonical user id, or a group's URI
  Permission permission = Permission::full_control;
  bool operator==(const Grant&) const = default;
};

struct AccessList {
  std::string owner;  ///< a canonical user id
  std::vector<Grant> grants;
  bool operator==(const AccessList&) const = default;

  /// What a new bucket or object has.
  static AccessList owners_alone(std::string_view owner);
  /// Whether a grant gives the grantee the permission, or full control.
  [[nodiscard]] bool grants_to(std::string_view grantee, Permission permission) const;
  /// A group that anyone can be in has a grant.
  [[nodiscard]] bool is_public() const;
  /// Gives something to another than the owner.
  [[nodiscard]] bool gives_to_others() const;
};

/// The owners that canned ACLs and the check of a document's owner refer to.
struct AclSubject {
  std::string owner;         ///< of the bucket or object
  std::string bucket_owner;  ///< the same for a bucket
};

/// `x-amz-acl` or `x-amz-grant-…`.
bool has_acl_headers(const http::Headers& headers);
/// The list that headers ask for; nothing when there are none. InvalidRequest for both kinds of headers at once,
/// InvalidArgument for names and grantees that do not exist, MethodNotAllowed for grantees by e-mail address, which S3
/// no longer takes.
AwsResult<std::optional<AccessList>> read_acl_headers(const http::Headers& headers, const AclSubject& subject);
/// `<AccessControlPolicy>`. MalformedACLError against the schema or for more than 100 grants; another owner:
/// AccessDenied.
AwsResult<AccessList> read_acl_document(std::string_view xml, const AclSubject& subject);
/// Whether a bucket's kept ownership controls, or none, let access control lists mean anything.
bool allows_acls(std::string_view ownership_controls);

std::string acl_document(const AccessList& list);

/// As it is kept, a line each: the owner, then `PERMISSION GRANTEE`.
std::string pack(const AccessList& list);
/// The inverse, for what `pack` made.
AccessList unpack_acl(std::string_view text);

}  // namespace sortie::emulator::s3
