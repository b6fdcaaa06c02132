#include <fmt/format.h>

#include <algorithm>

#include "emulator/core/protocol.h"
#include "emulator/s3/documents.h"
#include "emulator/s3/operations.h"
#include "wire/xml.h"

/// Access control lists. As in every new bucket of AWS they are off (BucketOwnerEnforced): buckets and objects belong
/// to the bucket's owner alone. Where ownership controls turn them on, the canned lists that give nothing to others are
/// taken; those that are public need what Block Public Access forbids by default.
namespace sortie::emulator::s3 {
namespace {

constexpr std::string_view k_private_lists[] = {"private", "bucket-owner-read", "bucket-owner-full-control",
                                                "aws-exec-read"};
constexpr std::string_view k_public_lists[] = {"public-read", "public-read-write", "authenticated-read"};

bool is_in(std::string_view name, std::span<const std::string_view> lists) {
  return std::ranges::find(lists, name) != lists.end();
}

Failure acls_not_supported() {
  return s3_fail(400, "AccessControlListNotSupported", "The bucket does not allow ACLs");
}

/// Whether a `<AccessControlPolicy>` gives full control to the owner and nothing to anyone else.
Outcome<bool> is_owners_alone(std::string_view xml, std::string_view owner) {
  const auto malformed = [] {
    return s3_fail(400, "MalformedACLError",
                   "The XML you provided was not well-formed or did not validate against our published schema");
  };
  const auto document = wire::XmlDocument::parse(xml);
  if (!document || document->root().name() != "AccessControlPolicy") return malformed();
  if (document->root().child("Owner").child_text("ID").empty()) return malformed();
  const auto list = document->root().child("AccessControlList");
  if (!list) return malformed();
  for (const auto& grant : list.children("Grant")) {
    const auto grantee = grant.child("Grantee");
    const std::string permission = grant.child_text("Permission");
    if (!grantee || permission.empty()) return malformed();
    if (grantee.child_text("ID") != owner || permission != "FULL_CONTROL") return false;
  }
  return true;
}

}  // namespace

Outcome<void> Operations::check_canned_acl(const Request& request, const Bucket& bucket) {
  const auto acl = request.headers().get("x-amz-acl");
  if (!acl) return {};
  const bool is_public = is_in(*acl, k_public_lists);
  if (!is_public && !is_in(*acl, k_private_lists)) {
    return s3_fail(400, "InvalidArgument", "", {{"ArgumentName", "x-amz-acl"}, {"ArgumentValue", std::string(*acl)}});
  }
  const bool enabled = acls_enabled(catalog_.config(bucket, "ownershipControls").value_or(""));
  if (!enabled) {
    if (*acl == "private" || *acl == "bucket-owner-full-control") return {};
    return acls_not_supported();
  }
  if (!is_public) return {};
  const auto block = catalog_.config(bucket, "publicAccessBlock");
  if (!block || block->starts_with('1')) return access_denied();
  return Failure(not_implemented("s3", fmt::format("the canned ACL {}", *acl)));
}

Operations::Answer Operations::get_acl(const Request& request) {
  const bool of_object = !request.key.empty();
  const auto bucket = of_object ? allowed_key(request, "GetObjectAcl") : allowed_bucket(request, "GetBucketAcl");
  if (!bucket) return std::unexpected(bucket.error());
  if (of_object) {
    const auto object = existing_object(request, *bucket, request.key, request.parameter_or("versionId"));
    if (!object) return std::unexpected(object.error());
  }
  const std::string owner = owner_id(request.call.account);
  wire::XmlWriter xml;
  xml.open("AccessControlPolicy", k_xmlns).open("Owner").element("ID", owner).close();
  xml.open("AccessControlList").open("Grant").open("Grantee");
  xml.attribute("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance").attribute("xsi:type", "CanonicalUser");
  xml.element("ID", owner).close().element("Permission", "FULL_CONTROL");
  return xml_answer(xml.finish());
}

Task<Operations::Answer> Operations::put_acl(Request& request) {
  auto body = co_await read_body(request, k_max_document);
  if (!body) co_return std::unexpected(body.error());
  const bool of_object = !request.key.empty();
  const auto bucket = of_object ? allowed_key(request, "PutObjectAcl", upload_context(request, {}))
                                : allowed_bucket(request, "PutBucketAcl", upload_context(request, {}));
  if (!bucket) co_return std::unexpected(bucket.error());
  if (of_object) {
    const auto object = existing_object(request, *bucket, request.key, request.parameter_or("versionId"));
    if (!object) co_return std::unexpected(object.error());
  }
  const bool canned = request.headers().contains("x-amz-acl");
  if (canned && !body->empty()) co_return s3_fail(400, "UnexpectedContent", "This request does not support content");
  if (!acls_enabled(catalog_.config(*bucket, "ownershipControls").value_or(""))) co_return acls_not_supported();
  if (auto known = refuse_unknown_features(request.headers()); !known) co_return std::unexpected(known.error());
  if (canned) {
    if (auto allowed = check_canned_acl(request, *bucket); !allowed) co_return std::unexpected(allowed.error());
    co_return empty_answer(200);
  }
  if (body->empty()) {
    co_return s3_fail(400, "MissingSecurityHeader", "Your request was missing a required header",
                      {{"MissingHeaderName", "x-amz-acl"}});
  }
  const auto alone = is_owners_alone(*body, owner_id(request.call.account));
  if (!alone) co_return std::unexpected(alone.error());
  if (!*alone) {
    co_return Failure(not_implemented("s3", of_object ? "PutObjectAcl with grants" : "PutBucketAcl with grants"));
  }
  co_return empty_answer(200);
}

}  // namespace sortie::emulator::s3
