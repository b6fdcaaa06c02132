#include <fmt/format.h>

#include "emulator/s3/access/access_control.h"
#include "emulator/s3/protocol/answers.h"
#include "emulator/s3/protocol/errors.h"

/// The ACLs of buckets and objects, and those that uploads and new buckets ask for.
namespace sortie::emulator::s3 {
namespace {

Failure blocked_by_setting(const Request& request, std::string_view action, const Bucket& bucket) {
  if (request.call.principal.kind == Principal::Kind::anonymous) return access_denied();
  const std::string key = request.key.empty() ? "" : "/" + request.key;
  return s3_fail(403, "AccessDenied",
                 fmt::format("User: {} is not authorized to perform: s3:{} on resource: \"arn:aws:s3:::{}{}\" because "
                             "public ACLs are prevented by the BlockPublicAcls setting in S3 Block Public Access.",
                             request.call.principal.arn, action, bucket.name, key));
}

}  // namespace

bool AccessControl::acls_enabled(const Bucket& bucket) {
  return bucket.id != 0 && allows_acls(catalog_.config(bucket, "ownershipControls").value_or(""));
}

AccessList AccessControl::acl_of(const Request& request, const Bucket& bucket) {
  const auto kept = catalog_.config(bucket, "acl");
  return kept ? unpack_acl(*kept) : AccessList::owners_alone(owner_id(request.call.account));
}

AccessList AccessControl::acl_of(const Request& request, const Object& object) {
  const std::string kept = catalog_.protections().of(object).access_list;
  return kept.empty() ? AccessList::owners_alone(owner_id(request.call.account)) : unpack_acl(kept);
}

AwsResult<void> AccessControl::check_public_acl(const Request& request, const Bucket& bucket, const AccessList& list,
                                                std::string_view action) {
  if (list.is_public() && blocks(bucket, PublicAccessBlock::public_acls))
    return blocked_by_setting(request, action, bucket);
  return {};
}

std::string AccessControl::uploader(const Request& request, const Bucket& bucket) {
  const std::string account = owner_id(request.call.account);
  if (request.call.principal.kind != Principal::Kind::anonymous || !acls_enabled(bucket)) return account;
  const bool hands_over = request.header("x-amz-acl") == "bucket-owner-full-control" &&
                          catalog_.config(bucket, "ownershipControls").value_or("").contains("BucketOwnerPreferred");
  return hands_over ? account : std::string(k_anonymous_id);
}

AwsResult<std::string> AccessControl::requested_acl(const Request& request, const Bucket& bucket,
                                                    std::string_view action, const ContextKeys& context) {
  const std::string account = owner_id(request.call.account);
  const AclSubject subject{uploader(request, bucket), account};
  const AccessList initial = AccessList::owners_alone(subject.owner);
  const auto kept = [&](const AccessList& list) {
    return list == AccessList::owners_alone(account) ? std::string() : pack(list);
  };
  if (!has_acl_headers(request.headers())) return kept(initial);
  // An anonymous caller whom the bucket's ACL lets upload owns the object, and so may set its ACL.
  const bool anonymous = request.call.principal.kind == Principal::Kind::anonymous;
  AuthorizationRequest upload;
  upload.action = "s3:PutObject";
  if (!anonymous || !acls_enabled(bucket) || !granted(request, bucket, upload, request.key).to_everyone) {
    RETURN_IF_ERROR(allow(request, bucket, "PutObjectAcl", request.key, context));
  }
  ASSIGN_OR_RETURN(const auto asked, read_acl_headers(request.headers(), subject));
  if (!acls_enabled(bucket)) {
    const auto canned = request.headers().get("x-amz-acl");
    const bool says_nothing =
        canned ? *canned == "private" || *canned == "bucket-owner-full-control" : asked == initial;
    if (!says_nothing) return acls_not_supported();
    return std::string();
  }
  RETURN_IF_ERROR(check_public_acl(request, bucket, *asked, action));
  return kept(*asked);
}

AwsResult<std::string> AccessControl::requested_bucket_acl(const Request& request) {
  const std::string owner = owner_id(request.call.account);
  ASSIGN_OR_RETURN(const auto asked, read_acl_headers(request.headers(), {owner, owner}));
  if (!asked) return std::string();
  const bool plain = request.header("x-amz-acl") == "private";
  if (!plain && request.headers().get_or("x-amz-object-ownership", "BucketOwnerEnforced") == "BucketOwnerEnforced") {
    return s3_fail(400, "InvalidBucketAclWithObjectOwnership",
                   "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting");
  }
  if (asked->is_public()) {
    return s3_fail(400, "InvalidBucketAclWithBlockPublicAccessError",
                   "Bucket cannot have public ACLs set with BlockPublicAccess enabled");
  }
  return *asked == AccessList::owners_alone(owner) ? std::string() : pack(*asked);
}

AwsResult<void> AccessControl::check_ownership(const Request& request, const Bucket& bucket,
                                               std::string_view controls) {
  if (allows_acls(controls) || !acl_of(request, bucket).gives_to_others()) return {};
  return s3_fail(400, "InvalidBucketAclWithObjectOwnership",
                 "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting");
}

AwsResult<AccessList> AccessControl::sent_acl(const Request& request, const Bucket& bucket, const AclSubject& subject,
                                              std::string_view body, std::string_view action) {
  const bool in_headers = has_acl_headers(request.headers());
  if (in_headers && !body.empty()) {
    return s3_fail(400, "UnexpectedContent", "This request does not support content");
  }
  if (!acls_enabled(bucket)) return acls_not_supported();
  if (!in_headers && body.empty()) {
    return s3_fail(400, "MissingSecurityHeader", "Your request was missing a required header",
                   {{"MissingHeaderName", "x-amz-acl"}});
  }
  AccessList list;
  if (in_headers) {
    ASSIGN_OR_RETURN(auto named, read_acl_headers(request.headers(), subject));
    list = *std::move(named);
  } else {
    ASSIGN_OR_RETURN(list, read_acl_document(body, subject));
  }
  RETURN_IF_ERROR(check_public_acl(request, bucket, list, action));
  return list;
}

}  // namespace sortie::emulator::s3
