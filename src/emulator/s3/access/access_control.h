#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "emulator/core/ports.h"
#include "emulator/s3/access/access_list.h"
#include "emulator/s3/protocol/request.h"
#include "emulator/s3/store/catalog.h"

namespace sortie::emulator::s3 {

/// Condition keys of a request beside those that IAM knows: `s3:prefix`, `s3:VersionId`.
using ContextKeys = std::vector<std::pair<std::string, std::string>>;

/// The condition keys that say what an upload asks for.
ContextKeys upload_context(const Request& request, const Tags& tags, SystemTime now);

/// The settings of S3 Block Public Access, in the order in which they are kept.
enum class PublicAccessBlock : std::uint8_t { public_acls, ignored_acls, public_policy, public_buckets };
/// What AWS gives every new bucket: a digit for each setting.
inline constexpr std::string_view k_default_public_access_block = "1111";

/// Decides who may do what in S3: by the policies of IAM and of the bucket, access control lists (ACLs) and Block
/// Public Access. It reads the catalog and changes nothing. The references must outlive it; io_context thread only.
class AccessControl {
 public:
  AccessControl(const Clock& clock, Authorizer& authorizer, Catalog& catalog);

  /// 403 AccessDenied when the caller may not do `action` (without `s3:`) on the bucket, or on `key` in it. A bucket
  /// without id is one that is still to be made.
  AwsResult<void> allow(const Request& request, const Bucket& bucket, std::string_view action,
                        std::string_view key = {}, ContextKeys context = {});
  /// s3:ListAllMyBuckets, the one action that is not about a bucket.
  AwsResult<void> allow_listing_buckets(const Request& request);
  [[nodiscard]] bool blocks(const Bucket& bucket, PublicAccessBlock setting);

  /// Whether ACLs mean anything in the bucket. As in every new bucket of AWS they do not (BucketOwnerEnforced): buckets
  /// and objects belong to the bucket's owner alone.
  [[nodiscard]] bool acls_enabled(const Bucket& bucket);
  [[nodiscard]] AccessList acl_of(const Request& request, const Bucket& bucket);
  [[nodiscard]] AccessList acl_of(const Request& request, const Object& object);
  /// ACLs cannot be turned off while the bucket's gives something to others.
  AwsResult<void> check_ownership(const Request& request, const Bucket& bucket, std::string_view controls);
  /// The ACL that an upload's headers ask for, allowed, as it is kept; `action` is what a denial names.
  AwsResult<std::string> requested_acl(const Request& request, const Bucket& bucket, std::string_view action,
                                       const ContextKeys& context);
  /// The ACL that the headers of CreateBucket ask for, as it is kept.
  AwsResult<std::string> requested_bucket_acl(const Request& request);

  /// The ACL that PutBucketAcl or PutObjectAcl sends, in headers or in the body, checked against BlockPublicAcls.
  /// `action` is what a denial names.
  AwsResult<AccessList> sent_acl(const Request& request, const Bucket& bucket, const AclSubject& subject,
                                 std::string_view body, std::string_view action);

  /// S3's own checks of a policy, IAM's grammar, and BlockPublicPolicy.
  AwsResult<void> check_policy(const Request& request, const Bucket& bucket, std::string_view policy);
  /// A policy as it is kept, and as it is shown: IAM keeps principals by their unique ids.
  [[nodiscard]] std::string stored_policy(std::string_view policy);
  [[nodiscard]] std::string shown_policy(std::string_view policy);

 private:
  /// What an ACL says to the caller about an action.
  struct AclVerdict {
    bool to_account = false;   ///< it is granted to the caller's account
    bool to_everyone = false;  ///< it is granted to a group that the caller is in, or to who does not sign
    bool of_another = false;   ///< the object belongs to another account
  };

  AuthorizationRequest make_question(const Request& request, const Bucket& bucket, std::string_view action,
                                     std::string_view key, ContextKeys context);
  void add_existing_tags(AuthorizationRequest& question, const Bucket& bucket, const std::string& key);
  AwsResult<void> decide(const Request& request, const Bucket& bucket, AuthorizationRequest question,
                         const std::string& key);
  AclVerdict granted(const Request& request, const Bucket& bucket, const AuthorizationRequest& question,
                     const std::string& key);
  /// BlockPublicAcls; `action` is what the denial names.
  AwsResult<void> check_public_acl(const Request& request, const Bucket& bucket, const AccessList& list,
                                   std::string_view action);
  /// The canonical id of who will own what the request uploads.
  std::string uploader(const Request& request, const Bucket& bucket);
  bool has_public_policy(const Bucket& bucket);
  bool requester_pays(const Bucket& bucket);

  const Clock& clock_;
  Authorizer& authorizer_;
  Catalog& catalog_;
};

}  // namespace sortie::emulator::s3
