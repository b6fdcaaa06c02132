#include <fmt/format.h>

#include <algorithm>

#include "emulator/s3/access_list.h"
#include "emulator/s3/documents.h"
#include "emulator/s3/operations.h"

/// GetBucketAcl, PutBucketAcl, GetObjectAcl, PutObjectAcl, and the lists that uploads and new buckets ask for. As in
/// every new bucket of AWS lists are off (BucketOwnerEnforced): buckets and objects belong to the bucket's owner alone.
/// What lists allow is in listed_access.cc.
namespace sortie::emulator::s3 {
namespace {

Failure acls_not_supported() {
  return s3_fail(400, "AccessControlListNotSupported", "The bucket does not allow ACLs");
}

Failure blocked_by_setting(const Request& request, std::string_view action, const Bucket& bucket) {
  if (request.call.principal.kind == Principal::Kind::anonymous) return access_denied();
  const std::string key = request.key.empty() ? "" : "/" + request.key;
  return s3_fail(403, "AccessDenied",
                 fmt::format("User: {} is not authorized to perform: s3:{} on resource: \"arn:aws:s3:::{}{}\" because "
                             "public ACLs are prevented by the BlockPublicAcls setting in S3 Block Public Access.",
                             request.call.principal.arn, action, bucket.name, key));
}

std::string_view of_version(const Request& request, std::string_view plain, std::string_view versioned) {
  return request.parameter("versionId") ? versioned : plain;
}

}  // namespace

bool Operations::acls_count(const Bucket& bucket) {
  return bucket.id != 0 && acls_enabled(catalog_.config(bucket, "ownershipControls").value_or(""));
}

AccessList Operations::list_of(const Request& request, const Bucket& bucket) {
  const auto kept = catalog_.config(bucket, "acl");
  return kept ? unpack_list(*kept) : AccessList::owners_alone(owner_id(request.call.account));
}

AccessList Operations::list_of(const Request& request, const Object& object) {
  const std::string kept = catalog_.guard(object).access_list;
  return kept.empty() ? AccessList::owners_alone(owner_id(request.call.account)) : unpack_list(kept);
}

AwsResult<void> Operations::check_public_list(const Request& request, const Bucket& bucket, const AccessList& list,
                                              std::string_view action) {
  if (list.is_public() && blocks(bucket, Block::public_acls)) return blocked_by_setting(request, action, bucket);
  return {};
}

// Uploads and new buckets ---------------------------------------------------------------------------------------------

std::string Operations::uploader(const Request& request, const Bucket& bucket) {
  const std::string account = owner_id(request.call.account);
  if (request.call.principal.kind != Principal::Kind::anonymous || !acls_count(bucket)) return account;
  const bool hands_over = request.header("x-amz-acl") == "bucket-owner-full-control" &&
                          catalog_.config(bucket, "ownershipControls").value_or("").contains("BucketOwnerPreferred");
  return hands_over ? account : std::string(k_anonymous_id);
}

AwsResult<std::string> Operations::asked_list(const Request& request, const Bucket& bucket, std::string_view action,
                                              const Context& context) {
  const std::string account = owner_id(request.call.account);
  const ListSubject subject{uploader(request, bucket), account};
  const AccessList initial = AccessList::owners_alone(subject.owner);
  const auto kept = [&](const AccessList& list) {
    return list == AccessList::owners_alone(account) ? std::string() : pack(list);
  };
  if (!has_list_headers(request.headers())) return kept(initial);
  // Whom the bucket's list lets upload without signing owns what they upload, and so its list.
  const bool anonymous = request.call.principal.kind == Principal::Kind::anonymous;
  AuthorizationRequest upload;
  upload.action = "s3:PutObject";
  if (!anonymous || !acls_count(bucket) || !listed(request, bucket, upload, request.key).to_everyone) {
    if (auto allowed = allow(request, bucket, "PutObjectAcl", request.key, context); !allowed) {
      return std::unexpected(allowed.error());
    }
  }
  const auto asked = read_list_headers(request.headers(), subject);
  if (!asked) return std::unexpected(asked.error());
  if (!acls_count(bucket)) {
    const auto canned = request.headers().get("x-amz-acl");
    const bool says_nothing =
        canned ? *canned == "private" || *canned == "bucket-owner-full-control" : *asked == initial;
    if (!says_nothing) return acls_not_supported();
    return std::string();
  }
  if (auto free = check_public_list(request, bucket, **asked, action); !free) return std::unexpected(free.error());
  return kept(**asked);
}

AwsResult<std::string> Operations::asked_bucket_list(const Request& request) {
  const std::string owner = owner_id(request.call.account);
  const auto asked = read_list_headers(request.headers(), {owner, owner});
  if (!asked) return std::unexpected(asked.error());
  if (!*asked) return std::string();
  const bool plain = request.header("x-amz-acl") == "private";
  if (!plain && request.headers().get_or("x-amz-object-ownership", "BucketOwnerEnforced") == "BucketOwnerEnforced") {
    return s3_fail(400, "InvalidBucketAclWithObjectOwnership",
                   "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting");
  }
  if ((*asked)->is_public()) {
    return s3_fail(400, "InvalidBucketAclWithBlockPublicAccessError",
                   "Bucket cannot have public ACLs set with BlockPublicAccess enabled");
  }
  return **asked == AccessList::owners_alone(owner) ? std::string() : pack(**asked);
}

AwsResult<void> Operations::check_ownership(const Request& request, const Bucket& bucket, std::string_view controls) {
  if (acls_enabled(controls) || !list_of(request, bucket).gives_to_others()) return {};
  return s3_fail(400, "InvalidBucketAclWithObjectOwnership",
                 "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting");
}

// The operations ------------------------------------------------------------------------------------------------------

Operations::Answer Operations::get_acl(const Request& request) {
  if (request.key.empty()) {
    const auto bucket = allowed_bucket(request, "GetBucketAcl");
    if (!bucket) return std::unexpected(bucket.error());
    return xml_answer(list_document(list_of(request, *bucket)));
  }
  const auto bucket = allowed_key(request, of_version(request, "GetObjectAcl", "GetObjectVersionAcl"));
  if (!bucket) return std::unexpected(bucket.error());
  const auto object = existing_object(request, *bucket, request.key, request.parameter_or("versionId"));
  if (!object) return std::unexpected(object.error());
  // While lists are off everything is the bucket owner's; they are there again when they are turned on.
  const auto list =
      acls_count(*bucket) ? list_of(request, *object) : AccessList::owners_alone(owner_id(request.call.account));
  return xml_answer(list_document(list));
}

AwsResult<AccessList> Operations::sent_list(const Request& request, const Bucket& bucket, const ListSubject& subject,
                                            std::string_view body) {
  const bool in_headers = has_list_headers(request.headers());
  if (in_headers && !body.empty()) {
    return s3_fail(400, "UnexpectedContent", "This request does not support content");
  }
  if (!acls_count(bucket)) return acls_not_supported();
  if (!in_headers && body.empty()) {
    return s3_fail(400, "MissingSecurityHeader", "Your request was missing a required header",
                   {{"MissingHeaderName", "x-amz-acl"}});
  }
  if (!in_headers) return read_list_document(body, subject);
  auto list = read_list_headers(request.headers(), subject);
  if (!list) return std::unexpected(list.error());
  return **std::move(list);
}

Task<Operations::Answer> Operations::put_acl(Request& request) {
  auto body = co_await read_body(request, k_max_document);
  if (!body) co_return std::unexpected(body.error());
  const bool of_object = !request.key.empty();
  const auto action = of_object ? of_version(request, "PutObjectAcl", "PutObjectVersionAcl") : "PutBucketAcl";
  const auto bucket = of_object ? allowed_key(request, action, upload_context(request, {}))
                                : allowed_bucket(request, action, upload_context(request, {}));
  if (!bucket) co_return std::unexpected(bucket.error());
  ListSubject subject{owner_id(request.call.account), owner_id(request.call.account)};
  std::optional<Object> object;
  if (of_object) {
    auto found = existing_object(request, *bucket, request.key, request.parameter_or("versionId"));
    if (!found) co_return std::unexpected(found.error());
    object = *std::move(found);
    subject.owner = list_of(request, *object).owner;
  }
  const auto list = sent_list(request, *bucket, subject, *body);
  if (!list) co_return std::unexpected(list.error());
  if (auto free = check_public_list(request, *bucket, *list, action); !free) co_return std::unexpected(free.error());
  if (object) {
    Guard guard = catalog_.guard(*object);
    guard.access_list = pack(*list);
    ContentStore::Change change(contents_);
    catalog_.set_guard(*object, guard);
    notify(request, *bucket, "ObjectAcl:Put", *object);
    change.commit();
  } else {
    catalog_.set_config(*bucket, "acl", pack(*list));
  }
  co_return empty_answer(200);
}

}  // namespace sortie::emulator::s3
