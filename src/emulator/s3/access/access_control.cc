#include "emulator/s3/access/access_control.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "emulator/s3/access/bucket_policy.h"
#include "emulator/s3/protocol/errors.h"
#include "emulator/s3/protocol/object_lock.h"

namespace sortie::emulator::s3 {
namespace {

namespace json = boost::json;

/// S3 does not say which principal it was.
constexpr std::string_view k_invalid_principal = "Invalid principal in policy";

/// The actions whose policies may ask for the tags that the object has (`s3:ExistingObjectTag/KEY`).
/// An upload's own tags and list are for an object that is not there yet.
bool sees_existing_tags(const Request& request, std::string_view action) {
  const bool puts = action.starts_with("Put");
  if (puts && !request.parameter("tagging") && !request.parameter("acl")) return false;
  static constexpr std::string_view k_actions[] = {
      "GetObject",           "GetObjectVersion",          "GetObjectAttributes", "GetObjectVersionAttributes",
      "GetObjectAcl",        "GetObjectVersionAcl",       "PutObjectAcl",        "PutObjectVersionAcl",
      "GetObjectTagging",    "GetObjectVersionTagging",   "PutObjectTagging",    "PutObjectVersionTagging",
      "DeleteObjectTagging", "DeleteObjectVersionTagging"};
  return std::ranges::find(k_actions, action) != std::end(k_actions);
}

/// The actions that a bucket policy cannot deny to the account's root: a policy that denies everyone could never be
/// removed otherwise.
bool is_about_policy(std::string_view action) {
  return action == "GetBucketPolicy" || action == "PutBucketPolicy" || action == "DeleteBucketPolicy";
}

/// The bucket policy and a statement that allows everything to everyone: an ACL has allowed the request, and only what
/// a policy denies explicitly still counts.
std::string with_everyone_allowed(const std::string& policy) {
  json::array statements;
  if (!policy.empty()) {
    json::value document = json::parse(policy);
    json::value& own = document.get_object()["Statement"];
    if (own.is_array()) statements = own.get_array();
    if (own.is_object()) statements.push_back(own);
  }
  statements.push_back(json::object{{"Effect", "Allow"}, {"Principal", "*"}, {"Action", "s3:*"}, {"Resource", "*"}});
  return json::serialize(json::object{{"Version", "2012-10-17"}, {"Statement", std::move(statements)}});
}

}  // namespace

ContextKeys upload_context(const Request& request, const Tags& tags, SystemTime now) {
  ContextKeys context;
  if (const auto lock = read_lock_headers(request.headers(), now)) context = lock_context(*lock, now);
  for (const auto* name :
       {"x-amz-acl", "x-amz-grant-full-control", "x-amz-grant-read", "x-amz-grant-read-acp", "x-amz-grant-write",
        "x-amz-grant-write-acp", "x-amz-server-side-encryption", "x-amz-server-side-encryption-customer-algorithm",
        "x-amz-storage-class", "x-amz-copy-source", "x-amz-metadata-directive", "x-amz-website-redirect-location",
        "if-match", "if-none-match"}) {
    if (const auto value = request.headers().get(name)) context.emplace_back(fmt::format("s3:{}", name), *value);
  }
  for (const auto& [key, value] : tags) {
    context.emplace_back("s3:RequestObjectTag/" + key, value);
    context.emplace_back("s3:RequestObjectTagKeys", key);
  }
  return context;
}

AccessControl::AccessControl(const Clock& clock, Authorizer& authorizer, Catalog& catalog)
    : clock_(clock), authorizer_(authorizer), catalog_(catalog) {}

AwsResult<void> AccessControl::allow(const Request& request, const Bucket& bucket, std::string_view action,
                                     std::string_view key, ContextKeys context) {
  if (request.call.principal.kind == Principal::Kind::root && is_about_policy(action)) return {};
  const bool anonymous = request.call.principal.kind == Principal::Kind::anonymous;
  // A caller who is not known cannot be charged.
  if (anonymous && bucket.id != 0 && requester_pays(bucket)) return access_denied();
  return decide(request, bucket, make_question(request, bucket, action, key, std::move(context)), std::string(key));
}

AwsResult<void> AccessControl::allow_listing_buckets(const Request& request) {
  return authorizer_.authorize(request.call, {"s3:ListAllMyBuckets", "arn:aws:s3:::*", request.call.account, {}, {}});
}

AuthorizationRequest AccessControl::make_question(const Request& request, const Bucket& bucket, std::string_view action,
                                                  std::string_view key, ContextKeys context) {
  AuthorizationRequest question;
  question.action = fmt::format("s3:{}", action);
  question.resource =
      key.empty() ? fmt::format("arn:aws:s3:::{}", bucket.name) : fmt::format("arn:aws:s3:::{}/{}", bucket.name, key);
  question.resource_account = request.call.account;
  if (bucket.id != 0) question.resource_policy = catalog_.config(bucket, "policy").value_or("");
  question.context = std::move(context);
  auto add = [&](const char* name, std::string_view value) {
    if (!value.empty()) question.context.emplace_back(name, value);
  };
  const Call& call = request.call;
  if (call.signature == Call::Signature::header) add("s3:authType", "REST-HEADER");
  if (call.signature == Call::Signature::query) add("s3:authType", "REST-QUERY-STRING");
  if (call.signature == Call::Signature::form) add("s3:authType", "POST");
  add("s3:signatureversion", call.signature_version);
  if (call.signature != Call::Signature::none) {
    add("s3:signatureAge", fmt::to_string((clock_.now() - call.signed_at).count()));
  }
  add("s3:x-amz-content-sha256", request.header("x-amz-content-sha256"));
  add("s3:ResourceAccount", call.account);
  add("s3:VersionId", request.parameter_or("versionId"));
  if (bucket.id != 0 && sees_existing_tags(request, action)) add_existing_tags(question, bucket, std::string(key));
  return question;
}

void AccessControl::add_existing_tags(AuthorizationRequest& question, const Bucket& bucket, const std::string& key) {
  std::string version;
  for (const auto& [name, value] : question.context) {
    if (name == "s3:VersionId") version = value;
  }
  const auto object = catalog_.find_object(bucket, key, version);
  if (!object) return;
  for (const auto& [name, value] : object->traits.tags) {
    question.context.emplace_back("s3:ExistingObjectTag/" + name, value);
  }
}

AwsResult<void> AccessControl::decide(const Request& request, const Bucket& bucket, AuthorizationRequest question,
                                      const std::string& key) {
  const bool anonymous = request.call.principal.kind == Principal::Kind::anonymous;
  const bool restricted = anonymous && bucket.id != 0 && blocks(bucket, PublicAccessBlock::public_buckets);
  const auto by_policies = [&]() -> AwsResult<void> {
    if (restricted) return access_denied();
    return authorizer_.authorize(request.call, question);
  };
  if (!acls_enabled(bucket)) return by_policies();
  const AclVerdict by_list = granted(request, bucket, question, key);
  if (by_list.of_another && !by_list.to_everyone) {
    // Another account's object: policies cannot allow access to it, only deny what its ACL allows.
    if (!by_list.to_account) return access_denied();
    return by_policies();
  }
  AwsResult<void> answer = by_list.of_another ? AwsResult<void>(access_denied()) : by_policies();
  if (answer || !by_list.to_everyone) return answer;
  if (restricted && has_public_policy(bucket)) return answer;
  question.resource_policy = with_everyone_allowed(question.resource_policy);
  return authorizer_.authorize(request.call, question);
}

bool AccessControl::blocks(const Bucket& bucket, PublicAccessBlock setting) {
  const std::string kept =
      catalog_.config(bucket, "publicAccessBlock").value_or(std::string(k_default_public_access_block));
  return kept.at(static_cast<std::size_t>(setting)) == '1';
}

bool AccessControl::has_public_policy(const Bucket& bucket) {
  const auto policy = catalog_.config(bucket, "policy");
  return policy && is_public_policy(*policy);
}

bool AccessControl::requester_pays(const Bucket& bucket) {
  return catalog_.config(bucket, "requestPayment").value_or("").contains("Requester");
}

AwsResult<void> AccessControl::check_policy(const Request& request, const Bucket& bucket, std::string_view policy) {
  RETURN_IF_ERROR(check_bucket_policy(policy, bucket.name));
  // The whole grammar is IAM's: a policy that it cannot read would deny everyone but root.
  if (const auto readable = authorizer_.check_resource_policy(std::string(policy)); !readable) {
    const bool principal = readable.error().message.starts_with(k_invalid_principal);
    return s3_fail(400, "MalformedPolicy", principal ? std::string(k_invalid_principal) : readable.error().message);
  }
  if (!blocks(bucket, PublicAccessBlock::public_policy) || !is_public_policy(policy)) return {};
  return s3_fail(
      403, "AccessDenied",
      fmt::format("User: {} is not authorized to perform: s3:PutBucketPolicy on resource: \"arn:aws:s3:::{}\" because "
                  "public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.",
                  request.call.principal.arn, bucket.name));
}

std::string AccessControl::stored_policy(std::string_view policy) {
  return authorizer_.stored_policy(std::string(policy));
}

std::string AccessControl::shown_policy(std::string_view policy) {
  return authorizer_.shown_policy(std::string(policy));
}

}  // namespace sortie::emulator::s3
