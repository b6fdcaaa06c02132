#include "emulator/s3/documents.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "emulator/core/protocol.h"
#include "emulator/s3/errors.h"
#include "emulator/s3/lifecycle.h"
#include "emulator/s3/metadata.h"
#include "emulator/s3/object_lock.h"
#include "emulator/s3/operations.h"
#include "emulator/s3/website.h"

namespace sortie::emulator::s3 {
namespace {

constexpr std::size_t k_max_cors_rules = 100;
constexpr std::size_t k_max_website = 128 * 1024;
constexpr std::string_view k_default_encryption =
    "<Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm>"
    "</ApplyServerSideEncryptionByDefault><BucketKeyEnabled>false</BucketKeyEnabled></Rule>";
constexpr std::string_view k_default_ownership = "<Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule>";

template <class... Names>
bool is_one_of(std::string_view text, Names... names) {
  return ((text == names) || ...);
}

/// The children, all of that name; MalformedXML for another one, or for a number of them outside 1 to `most`.
AwsResult<std::vector<wire::XmlNode>> rules_of(const wire::XmlNode& root, std::string_view name, std::size_t most) {
  const auto all = root.children();
  const auto rules = root.children(name);
  if (rules.empty() || rules.size() > most || rules.size() != all.size()) return malformed_xml();
  return rules;
}

// Cross-origin resource sharing ---------------------------------------------------------------------------------------

bool is_whole_number(const std::string& text) {
  std::int32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() && number >= 0;
}

AwsResult<std::string> read_cors(const wire::XmlNode& root) {
  const auto rules = rules_of(root, "CORSRule", k_max_cors_rules);
  if (!rules) return std::unexpected(rules.error());
  for (const auto& rule : *rules) {
    const auto methods = rule.children("AllowedMethod");
    const auto origins = rule.children("AllowedOrigin");
    if (methods.empty() || origins.empty()) return malformed_xml();
    for (const auto& method : methods) {
      if (is_one_of(method.text(), "GET", "PUT", "HEAD", "POST", "DELETE")) continue;
      return invalid_request(
          fmt::format("Found unsupported HTTP method in CORS config. Unsupported method is {}", method.text()));
    }
    if (const auto age = rule.child("MaxAgeSeconds"); age && !is_whole_number(age.text())) return malformed_xml();
    for (const auto& node : rule.children("ExposeHeader")) {
      if (node.text().contains('*')) {
        return invalid_request(
            fmt::format("ExposeHeader \"{}\" contains wildcard. We currently do not support wildcard for ExposeHeader.",
                        node.text()));
      }
      if (!is_header_text(node.text())) return malformed_xml();
    }
    for (const auto* part : {"AllowedOrigin", "AllowedHeader"}) {
      for (const auto& node : rule.children(part)) {
        if (std::ranges::count(node.text(), '*') <= 1) continue;
        return invalid_request(fmt::format("{} \"{}\" can not have more than one wildcard.", part, node.text()));
      }
    }
  }
  return content_of(root);
}

// Encryption, ownership, and what has one value -----------------------------------------------------------------------

AwsResult<std::string> read_encryption(const wire::XmlNode& root) {
  const auto rules = rules_of(root, "Rule", 1);
  if (!rules) return std::unexpected(rules.error());
  if (rules->front().child("BlockedEncryptionTypes").child_text("EncryptionType") == "SSE-C") {
    return Failure(not_implemented("s3", "PutBucketEncryption with BlockedEncryptionTypes"));
  }
  const auto by_default = rules->front().child("ApplyServerSideEncryptionByDefault");
  const std::string algorithm = by_default.child_text("SSEAlgorithm");
  if (is_one_of(algorithm, "aws:kms", "aws:kms:dsse")) {
    return Failure(not_implemented("s3", fmt::format("PutBucketEncryption with {}", algorithm)));
  }
  if (algorithm != "AES256") return malformed_xml();
  if (by_default.child("KMSMasterKeyID")) {
    return s3_fail(400, "InvalidArgument",
                   "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse",
                   {{"ArgumentName", "ApplyServerSideEncryptionByDefault"}});
  }
  return std::string(k_default_encryption);
}

AwsResult<std::string> read_ownership(const wire::XmlNode& root) {
  const auto rules = rules_of(root, "Rule", 1);
  if (!rules) return std::unexpected(rules.error());
  const std::string ownership = rules->front().child_text("ObjectOwnership");
  if (!is_one_of(ownership, "BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter")) return malformed_xml();
  return content_of(root);
}

/// A document that may only say what is the case anyway: `element` with `value`, or nothing at all.
AwsResult<std::string> read_only_value(const wire::XmlNode& root, std::string_view element, std::string_view value,
                                       std::string_view operation) {
  for (const auto& child : root.children()) {
    if (child.name() != element || child.text() != value) return Failure(not_implemented("s3", operation));
  }
  return content_of(root);
}

AwsResult<std::string> read_payment(const wire::XmlNode& root) {
  if (!is_one_of(root.child_text("Payer"), "BucketOwner", "Requester")) return malformed_xml();
  return content_of(root);
}

/// Enabled: the bucket's s3-accelerate host, which is there for every bucket.
AwsResult<std::string> read_acceleration(const wire::XmlNode& root) {
  if (!is_one_of(root.child_text("Status"), "Enabled", "Suspended")) return malformed_xml();
  return content_of(root);
}

AwsResult<std::string> read_logging(const wire::XmlNode& root) {
  return read_only_value(root, {}, {}, "PutBucketLogging");
}
AwsResult<std::string> read_replication(const wire::XmlNode& /*root*/) {
  return Failure(not_implemented("s3", "PutBucketReplication"));
}
AwsResult<std::string> read_site(const wire::XmlNode& root) {
  if (const auto valid = read_website(root); !valid) return std::unexpected(valid.error());
  return content_of(root);
}

constexpr DocumentKind k_kinds[] = {
    {"cors", "CORSConfiguration", "BucketCORS", "BucketCors", "", "NoSuchCORSConfiguration",
     "The CORS configuration does not exist", true, read_cors},
    {"lifecycle", "LifecycleConfiguration", "LifecycleConfiguration", "BucketLifecycleConfiguration", "",
     "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist", true, read_lifecycle},
    {"encryption", "ServerSideEncryptionConfiguration", "EncryptionConfiguration", "BucketEncryption",
     k_default_encryption, "", "", true, read_encryption},
    {"ownershipControls", "OwnershipControls", "BucketOwnershipControls", "BucketOwnershipControls",
     k_default_ownership, "OwnershipControlsNotFoundError", "The bucket ownership controls were not found", true,
     read_ownership},
    {"requestPayment", "RequestPaymentConfiguration", "BucketRequestPayment", "BucketRequestPayment",
     "<Payer>BucketOwner</Payer>", "", "", false, read_payment},
    {"accelerate", "AccelerateConfiguration", "AccelerateConfiguration", "BucketAccelerateConfiguration", "", "", "",
     false, read_acceleration},
    {"logging", "BucketLoggingStatus", "BucketLogging", "BucketLogging", "", "", "", false, read_logging},
    {"notification", "NotificationConfiguration", "BucketNotification", "BucketNotificationConfiguration", "", "", "",
     false, nullptr},  // put by put_notification
    {"replication", "ReplicationConfiguration", "ReplicationConfiguration", "BucketReplication", "",
     "ReplicationConfigurationNotFoundError", "The replication configuration was not found", true, read_replication},
    {"website", "WebsiteConfiguration", "BucketWebsite", "BucketWebsite", "", "NoSuchWebsiteConfiguration",
     "The specified bucket does not have a website configuration", true, read_site},
    {"object-lock", "ObjectLockConfiguration", "BucketObjectLockConfiguration", "ObjectLockConfiguration", "",
     "ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket", false,
     read_lock_configuration},
};

/// Where access logs are to go must be there, in the same region; that nobody writes them is said after that.
AwsResult<void> check_logging_target(Catalog& catalog, const Bucket& bucket, const wire::XmlNode& root) {
  const auto enabled = root.child("LoggingEnabled");
  if (!enabled) return {};
  const std::string name = enabled.child_text("TargetBucket");
  const auto target = catalog.find_bucket(name);
  if (!target) {
    return s3_fail(400, "InvalidTargetBucketForLogging", "The target bucket for logging does not exist",
                   {{"TargetBucket", name}});
  }
  if (target->region == bucket.region) return {};
  return s3_fail(403, "CrossLocationLoggingProhibitted", "Cross S3 location logging not allowed. ",
                 {{"TargetBucketLocation", target->region}});
}

/// What is kept once ownership controls have been deleted; other documents fall back to `initial`.
constexpr std::string_view k_deleted = "deleted";

}  // namespace

void copy_node(wire::XmlWriter& xml, const wire::XmlNode& node) {
  xml.open(node.name());
  const auto children = node.children();
  if (children.empty()) xml.text(node.text());
  for (const auto& child : children) copy_node(xml, child);
  xml.close();
}

std::string content_of(const wire::XmlNode& root) {
  wire::XmlWriter xml(false);
  for (const auto& child : root.children()) copy_node(xml, child);
  return xml.finish();
}

const DocumentKind* find_document_kind(std::string_view subresource) {
  const auto* found = std::ranges::find(k_kinds, subresource, &DocumentKind::subresource);
  return found == std::end(k_kinds) ? nullptr : found;
}

bool acls_enabled(std::string_view ownership_controls) {
  return !ownership_controls.empty() && !ownership_controls.contains("BucketOwnerEnforced");
}

Operations::Answer Operations::get_document(const Request& request, const DocumentKind& kind) {
  const auto bucket = allowed_bucket(request, fmt::format("Get{}", kind.noun));
  if (!bucket) return std::unexpected(bucket.error());
  const auto kept = catalog_.config(*bucket, kind.subresource);
  const std::string content = kept == k_deleted ? "" : kept.value_or(std::string(kind.initial));
  if (content.empty() && !kind.absent_code.empty()) {
    return s3_fail(404, std::string(kind.absent_code), std::string(kind.absent_message),
                   {{"BucketName", bucket->name}});
  }
  wire::XmlWriter xml;
  xml.open(kind.root, k_xmlns).raw(content);
  auto response = xml_answer(xml.finish());
  if (kind.subresource == "lifecycle") {
    response.headers.add("x-amz-transition-default-minimum-object-size", "all_storage_classes_128K");
  }
  return response;
}

Task<Operations::Answer> Operations::put_document(Request& request, const DocumentKind& kind) {
  if (kind.subresource == "object-lock") {
    if (auto there = check_digest_sent(request, k_lock_digests); !there) co_return std::unexpected(there.error());
  }
  auto body = co_await read_body(request, kind.subresource == "website" ? k_max_website : k_max_document);
  if (!body) co_return std::unexpected(body.error());
  const auto bucket = allowed_bucket(request, fmt::format("Put{}", kind.noun));
  if (!bucket) co_return std::unexpected(bucket.error());
  // What is not there at all is said before anything is said about the document.
  const bool absent = kind.read == read_replication;
  if (absent) co_return std::unexpected(kind.read({}).error());
  const auto document = wire::XmlDocument::parse(*body);
  if (!document || document->root().name() != kind.root) co_return malformed_xml();
  if (kind.subresource == "logging") {
    if (auto there = check_logging_target(catalog_, *bucket, document->root()); !there) {
      co_return std::unexpected(there.error());
    }
  }
  const auto content = kind.read(document->root());
  if (!content) co_return std::unexpected(content.error());
  if (kind.subresource == "object-lock" && bucket->versioning != Versioning::enabled) {
    co_return s3_fail(409, "InvalidBucketState",
                      "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration");
  }
  if (kind.subresource == "ownershipControls") {
    if (auto possible = check_ownership(request, *bucket, *content); !possible) {
      co_return std::unexpected(possible.error());
    }
  }
  catalog_.set_config(*bucket, kind.subresource, *content);
  auto response = empty_answer(200);
  if (kind.subresource == "lifecycle") {
    response.headers.add("x-amz-transition-default-minimum-object-size", "all_storage_classes_128K");
  }
  co_return response;
}

Operations::Answer Operations::delete_document(const Request& request, const DocumentKind& kind) {
  const bool site = kind.subresource == "website";  // the one document whose deletion is an action of its own
  const auto bucket = allowed_bucket(request, fmt::format("{}{}", site ? "Delete" : "Put", kind.noun));
  if (!bucket) return std::unexpected(bucket.error());
  const bool leaves_none = !kind.initial.empty() && !kind.absent_code.empty();
  catalog_.set_config(*bucket, kind.subresource,
                      leaves_none ? std::optional(std::string(k_deleted)) : std::optional<std::string>());
  return empty_answer(204);
}

}  // namespace sortie::emulator::s3
