#include <fmt/format.h>

#include <boost/json.hpp>

#include "emulator/s3/operations.h"
#include "wire/xml.h"

/// A bucket's documents: policy, public access block, versioning, tags; and the answers that are always the same.
namespace sortie::emulator::s3 {
namespace {

namespace json = boost::json;

constexpr std::size_t k_max_policy = 20 * 1024;
/// S3 does not say which principal it was.
constexpr std::string_view k_invalid_principal = "Invalid principal in policy";
constexpr std::size_t k_max_bucket_tags = 50;
constexpr const char* k_block_names[] = {"BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy",
                                         "RestrictPublicBuckets"};
/// What AWS gives every new bucket.
constexpr std::string_view k_default_block = "1111";

Failure malformed_policy(std::string message) {
  return s3_fail(400, "MalformedPolicy", std::move(message));
}

const json::value* member(const json::object& object, std::string_view name) {
  return object.if_contains(name);
}

std::vector<std::string> texts(const json::value* value) {
  std::vector<std::string> found;
  if (value == nullptr) return found;
  if (const auto* text = value->if_string()) found.emplace_back(*text);
  if (const auto* list = value->if_array()) {
    for (const auto& one : *list) {
      if (const auto* text = one.if_string()) found.emplace_back(*text);
    }
  }
  return found;
}

std::vector<const json::object*> statements_of(const json::object& policy) {
  std::vector<const json::object*> found;
  const auto* statement = member(policy, "Statement");
  if (statement == nullptr) return found;
  if (const auto* one = statement->if_object()) found.push_back(one);
  if (const auto* list = statement->if_array()) {
    for (const auto& each : *list) found.push_back(each.if_object());
  }
  return found;
}

bool is_everyone(const json::value* principal) {
  if (principal == nullptr) return false;
  if (const auto* text = principal->if_string()) return *text == "*";
  const auto* kinds = principal->if_object();
  if (kinds == nullptr) return false;
  for (const auto& name : texts(member(*kinds, "AWS"))) {
    if (name == "*") return true;
  }
  return false;
}

/// A policy is public when it allows something to everyone without a condition.
bool is_public(const json::object& policy) {
  for (const auto* statement : statements_of(policy)) {
    if (statement == nullptr) continue;
    const auto* effect = member(*statement, "Effect");
    const bool allows = effect != nullptr && effect->is_string() && effect->get_string() == "Allow";
    if (allows && is_everyone(member(*statement, "Principal")) && member(*statement, "Condition") == nullptr)
      return true;
  }
  return false;
}

/// S3's own checks of a bucket policy; the policy language itself is IAM's.
AwsResult<json::object> read_policy(std::string_view text, std::string_view bucket) {
  if (!text.starts_with('{')) return malformed_policy("Policies must be valid JSON and the first byte must be '{'");
  boost::system::error_code wrong;
  json::value document = json::parse(text, wrong);
  if (wrong || !document.is_object()) return malformed_policy("This policy contains invalid Json");
  const auto statements = statements_of(document.get_object());
  if (statements.empty()) return malformed_policy("Missing required field Statement");
  for (const auto* statement : statements) {
    if (statement == nullptr) return malformed_policy("Statement must be an object");
    const auto* effect = member(*statement, "Effect");
    if (effect == nullptr) return malformed_policy("Missing required field Effect");
    if (!effect->is_string() || (effect->get_string() != "Allow" && effect->get_string() != "Deny")) {
      return malformed_policy("Invalid effect");
    }
    if (member(*statement, "Principal") == nullptr && member(*statement, "NotPrincipal") == nullptr) {
      return malformed_policy("Missing required field Principal");
    }
    auto actions = texts(member(*statement, "Action"));
    for (auto& action : texts(member(*statement, "NotAction"))) actions.push_back(std::move(action));
    if (actions.empty()) return malformed_policy("Missing required field Action");
    for (const auto& action : actions) {
      if (action != "*" && !action.starts_with("s3:") && !action.starts_with("S3:")) {
        return malformed_policy("Policy has invalid action");
      }
    }
    auto resources = texts(member(*statement, "Resource"));
    for (auto& resource : texts(member(*statement, "NotResource"))) resources.push_back(std::move(resource));
    if (resources.empty()) return malformed_policy("Missing required field Resource");
    const std::string arn = fmt::format("arn:aws:s3:::{}", bucket);
    for (const auto& resource : resources) {
      if (resource != arn && resource != "*" && !resource.starts_with(arn + "/") && !resource.starts_with(arn + "*")) {
        return malformed_policy("Policy has invalid resource");
      }
    }
  }
  return std::move(document.get_object());
}

}  // namespace

bool Operations::blocks(const Bucket& bucket, Block setting) {
  const std::string kept = catalog_.config(bucket, "publicAccessBlock").value_or(std::string(k_default_block));
  return kept.at(static_cast<std::size_t>(setting)) == '1';
}

bool Operations::has_public_policy(const Bucket& bucket) {
  const auto policy = catalog_.config(bucket, "policy");
  return policy && is_public(json::parse(*policy).as_object());
}

bool Operations::requester_pays(const Bucket& bucket) {
  return catalog_.config(bucket, "requestPayment").value_or("").contains("Requester");
}

Operations::Answer Operations::get_bucket_policy(const Request& request) {
  const auto bucket = allowed_bucket(request, "GetBucketPolicy");
  if (!bucket) return std::unexpected(bucket.error());
  const auto policy = catalog_.config(*bucket, "policy");
  if (!policy) {
    return s3_fail(404, "NoSuchBucketPolicy", "The bucket policy does not exist", {{"BucketName", bucket->name}});
  }
  http::Response response;
  response.headers.add("Content-Type", "application/json");
  response.body = authorizer_.shown_policy(*policy);
  return response;
}

Task<Operations::Answer> Operations::put_bucket_policy(Request& request) {
  auto body = co_await read_body(request, k_max_document);
  if (!body) co_return std::unexpected(body.error());
  const auto bucket = allowed_bucket(request, "PutBucketPolicy");
  if (!bucket) co_return std::unexpected(bucket.error());
  if (body->size() > k_max_policy) {
    co_return s3_fail(400, "PolicyTooLarge", "Your policy exceeds the maximum allowed document size.");
  }
  const auto policy = read_policy(*body, bucket->name);
  if (!policy) co_return std::unexpected(policy.error());
  // The whole grammar is IAM's: a policy that it cannot read would deny everyone but root.
  if (const auto readable = authorizer_.check_resource_policy(*body); !readable) {
    const bool principal = readable.error().message.starts_with(k_invalid_principal);
    co_return s3_fail(400, "MalformedPolicy", principal ? std::string(k_invalid_principal) : readable.error().message);
  }
  if (blocks(*bucket, Block::public_policy) && is_public(*policy)) {
    co_return s3_fail(
        403, "AccessDenied",
        fmt::format(
            "User: {} is not authorized to perform: s3:PutBucketPolicy on resource: \"arn:aws:s3:::{}\" because "
            "public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.",
            request.call.principal.arn, bucket->name));
  }
  catalog_.set_config(*bucket, "policy", authorizer_.stored_policy(*body));
  co_return empty_answer(204);
}

Operations::Answer Operations::delete_bucket_policy(const Request& request) {
  const auto bucket = allowed_bucket(request, "DeleteBucketPolicy");
  if (!bucket) return std::unexpected(bucket.error());
  catalog_.set_config(*bucket, "policy", std::nullopt);
  return empty_answer(204);
}

Operations::Answer Operations::get_bucket_policy_status(const Request& request) {
  const auto bucket = allowed_bucket(request, "GetBucketPolicyStatus");
  if (!bucket) return std::unexpected(bucket.error());
  const auto policy = catalog_.config(*bucket, "policy");
  if (!policy) {
    return s3_fail(404, "NoSuchBucketPolicy", "The bucket policy does not exist", {{"BucketName", bucket->name}});
  }
  wire::XmlWriter xml;
  xml.open("PolicyStatus", k_xmlns).element("IsPublic", is_public(json::parse(*policy).as_object()));
  return xml_answer(xml.finish());
}

Operations::Answer Operations::get_public_access_block(const Request& request) {
  const auto bucket = allowed_bucket(request, "GetBucketPublicAccessBlock");
  if (!bucket) return std::unexpected(bucket.error());
  const std::string block = catalog_.config(*bucket, "publicAccessBlock").value_or(std::string(k_default_block));
  if (block.empty() || block == "none") {
    return s3_fail(404, "NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found",
                   {{"BucketName", bucket->name}});
  }
  wire::XmlWriter xml;
  xml.open("PublicAccessBlockConfiguration", k_xmlns);
  for (std::size_t i = 0; i < 4; ++i) xml.element(k_block_names[i], block[i] == '1');
  return xml_answer(xml.finish());
}

Task<Operations::Answer> Operations::put_public_access_block(Request& request) {
  auto body = co_await read_body(request, k_max_document);
  if (!body) co_return std::unexpected(body.error());
  const auto bucket = allowed_bucket(request, "PutBucketPublicAccessBlock");
  if (!bucket) co_return std::unexpected(bucket.error());
  const auto document = wire::XmlDocument::parse(*body);
  if (!document || document->root().name() != "PublicAccessBlockConfiguration") co_return malformed_xml();
  std::string block = "0000";
  for (std::size_t i = 0; i < 4; ++i) {
    const std::string value = document->root().child_text(k_block_names[i]);
    if (value != "" && value != "true" && value != "false" && value != "TRUE" && value != "FALSE") {
      co_return malformed_xml();
    }
    if (value == "true" || value == "TRUE") block[i] = '1';
  }
  catalog_.set_config(*bucket, "publicAccessBlock", block);
  co_return empty_answer(200);
}

Operations::Answer Operations::delete_public_access_block(const Request& request) {
  const auto bucket = allowed_bucket(request, "PutBucketPublicAccessBlock");
  if (!bucket) return std::unexpected(bucket.error());
  catalog_.set_config(*bucket, "publicAccessBlock", "none");
  return empty_answer(204);
}

Operations::Answer Operations::get_bucket_versioning(const Request& request) {
  const auto bucket = allowed_bucket(request, "GetBucketVersioning");
  if (!bucket) return std::unexpected(bucket.error());
  wire::XmlWriter xml;
  xml.open("VersioningConfiguration", k_xmlns);
  if (bucket->versioning == Versioning::enabled) xml.element("Status", "Enabled");
  if (bucket->versioning == Versioning::suspended) xml.element("Status", "Suspended");
  return xml_answer(xml.finish());
}

Task<Operations::Answer> Operations::put_bucket_versioning(Request& request) {
  auto body = co_await read_body(request, k_max_document);
  if (!body) co_return std::unexpected(body.error());
  const auto bucket = allowed_bucket(request, "PutBucketVersioning");
  if (!bucket) co_return std::unexpected(bucket.error());
  const auto document = wire::XmlDocument::parse(*body);
  if (!document || document->root().name() != "VersioningConfiguration") co_return malformed_xml();
  const auto status = document->root().child("Status");
  if (!status) {
    co_return s3_fail(400, "IllegalVersioningConfigurationException", "The Versioning element must be specified");
  }
  if (document->root().child_text("MfaDelete") == "Enabled") co_return header_not_implemented("x-amz-mfa");
  if (status.text() != "Enabled" && status.text() != "Suspended") co_return malformed_xml();
  if (status.text() == "Suspended" && has_object_lock(*bucket)) {
    co_return s3_fail(409, "InvalidBucketState",
                      "An Object Lock configuration is present on this bucket, so the versioning state cannot be "
                      "changed.");
  }
  catalog_.set_versioning(*bucket, status.text() == "Enabled" ? Versioning::enabled : Versioning::suspended);
  co_return empty_answer(200);
}

Operations::Answer Operations::get_bucket_tagging(const Request& request) {
  const auto bucket = allowed_bucket(request, "GetBucketTagging");
  if (!bucket) return std::unexpected(bucket.error());
  const auto tags = catalog_.config(*bucket, "tagging");
  if (!tags) return s3_fail(404, "NoSuchTagSet", "The TagSet does not exist", {{"BucketName", bucket->name}});
  return xml_answer(*tags);
}

Task<Operations::Answer> Operations::put_bucket_tagging(Request& request) {
  auto body = co_await read_body(request, k_max_document);
  if (!body) co_return std::unexpected(body.error());
  const auto bucket = allowed_bucket(request, "PutBucketTagging");
  if (!bucket) co_return std::unexpected(bucket.error());
  const auto tags = read_tag_document(*body, k_max_bucket_tags, true);
  if (!tags) co_return std::unexpected(tags.error());
  catalog_.set_config(*bucket, "tagging",
                      tags->empty() ? std::optional<std::string>() : std::optional(tag_document(*tags)));
  co_return empty_answer(204);
}

Operations::Answer Operations::delete_bucket_tagging(const Request& request) {
  const auto bucket = allowed_bucket(request, "PutBucketTagging");
  if (!bucket) return std::unexpected(bucket.error());
  catalog_.set_config(*bucket, "tagging", std::nullopt);
  return empty_answer(204);
}

}  // namespace sortie::emulator::s3
