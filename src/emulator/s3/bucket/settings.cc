#include <fmt/format.h>

#include "emulator/core/protocol.h"
#include "emulator/s3/bucket/cors.h"
#include "emulator/s3/bucket/documents.h"
#include "emulator/s3/bucket/lifecycle.h"
#include "emulator/s3/bucket/rows.h"
#include "emulator/s3/protocol/object_lock.h"

/// The settings of a bucket that are documents: CORS, lifecycle, encryption, ownership controls, request payment,
/// acceleration, logging, replication, object lock. Their document is read here when it is short.
namespace sortie::emulator::s3 {
namespace {

constexpr std::string_view k_default_encryption =
    "<Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm>"
    "</ApplyServerSideEncryptionByDefault><BucketKeyEnabled>false</BucketKeyEnabled></Rule>";
constexpr std::string_view k_default_ownership = "<Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule>";

template <class... Names>
bool is_one_of(std::string_view text, Names... names) {
  return ((text == names) || ...);
}

AwsResult<std::string> read_ownership(const wire::XmlNode& root) {
  ASSIGN_OR_RETURN(const auto rules, rules_of(root, "Rule", 1));
  const std::string ownership = rules.front().child_text("ObjectOwnership");
  if (!is_one_of(ownership, "BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter")) return malformed_xml();
  return content_of(root);
}

AwsResult<void> check_ownership(const Operation& operation, const Bucket& bucket, const wire::XmlNode& root) {
  return operation.access.check_ownership(operation.request, bucket, content_of(root));
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
  return content_of(root);
}

/// Where access logs are to go must be there, in the same region; that nobody writes them is said after that.
AwsResult<void> check_logging(const Operation& operation, const Bucket& bucket, const wire::XmlNode& root) {
  const auto enabled = root.child("LoggingEnabled");
  if (!enabled) return root.children().empty() ? AwsResult<void>() : Failure(not_implemented("s3", "PutBucketLogging"));
  const std::string name = enabled.child_text("TargetBucket");
  const auto target = operation.catalog.find_bucket(name);
  if (!target) {
    return s3_fail(400, "InvalidTargetBucketForLogging", "The target bucket for logging does not exist",
                   {{"TargetBucket", name}});
  }
  if (target->region == bucket.region) return Failure(not_implemented("s3", "PutBucketLogging"));
  return s3_fail(403, "CrossLocationLoggingProhibitted", "Cross S3 location logging not allowed. ",
                 {{"TargetBucketLocation", target->region}});
}

AwsResult<void> check_lock(const Operation& /*operation*/, const Bucket& bucket, const wire::XmlNode& /*root*/) {
  if (bucket.versioning == Versioning::enabled) return {};
  return s3_fail(409, "InvalidBucketState",
                 "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration");
}

constexpr DocumentKind k_cors{.subresource = "cors",
                              .root = "CORSConfiguration",
                              .noun = "BucketCORS",
                              .missing_code = "NoSuchCORSConfiguration",
                              .missing_message = "The CORS configuration does not exist",
                              .read = read_cors};
constexpr DocumentKind k_lifecycle{.subresource = "lifecycle",
                                   .root = "LifecycleConfiguration",
                                   .noun = "LifecycleConfiguration",
                                   .missing_code = "NoSuchLifecycleConfiguration",
                                   .missing_message = "The lifecycle configuration does not exist",
                                   .read = read_lifecycle,
                                   .has_transition_size = true};
constexpr DocumentKind k_encryption{.subresource = "encryption",
                                    .root = "ServerSideEncryptionConfiguration",
                                    .noun = "EncryptionConfiguration",
                                    .initial = k_default_encryption,
                                    .read = read_encryption};
constexpr DocumentKind k_ownership{.subresource = "ownershipControls",
                                   .root = "OwnershipControls",
                                   .noun = "BucketOwnershipControls",
                                   .initial = k_default_ownership,
                                   .missing_code = "OwnershipControlsNotFoundError",
                                   .missing_message = "The bucket ownership controls were not found",
                                   .read = read_ownership,
                                   .check = check_ownership};
constexpr DocumentKind k_payment{.subresource = "requestPayment",
                                 .root = "RequestPaymentConfiguration",
                                 .noun = "BucketRequestPayment",
                                 .initial = "<Payer>BucketOwner</Payer>",
                                 .read = read_payment};
constexpr DocumentKind k_acceleration{.subresource = "accelerate",
                                      .root = "AccelerateConfiguration",
                                      .noun = "AccelerateConfiguration",
                                      .read = read_acceleration};
constexpr DocumentKind k_logging{.subresource = "logging",
                                 .root = "BucketLoggingStatus",
                                 .noun = "BucketLogging",
                                 .read = read_logging,
                                 .check = check_logging};
constexpr DocumentKind k_replication{.subresource = "replication",
                                     .root = "ReplicationConfiguration",
                                     .noun = "ReplicationConfiguration",
                                     .missing_code = "ReplicationConfigurationNotFoundError",
                                     .missing_message = "The replication configuration was not found"};
constexpr DocumentKind k_object_lock{.subresource = "object-lock",
                                     .root = "ObjectLockConfiguration",
                                     .noun = "BucketObjectLockConfiguration",
                                     .missing_code = "ObjectLockConfigurationNotFoundError",
                                     .missing_message = "Object Lock configuration does not exist for this bucket",
                                     .read = read_lock_configuration,
                                     .check = check_lock,
                                     .digests = k_lock_digests};

template <const DocumentKind& kind>
constexpr Row get_row(std::string_view name) {
  return {name, at_once<get_document_of<kind>>, on_setting("GET", kind.subresource)};
}
template <const DocumentKind& kind>
constexpr Row put_row(std::string_view name, std::string_view lacks = {}) {
  return {name, put_document_of<kind>, on_setting("PUT", kind.subresource), lacks};
}
template <const DocumentKind& kind>
constexpr Row delete_row(std::string_view name) {
  return {name, at_once<delete_document_of<kind>>, on_setting("DELETE", kind.subresource)};
}

constexpr Row k_rows[] = {
    get_row<k_cors>("GetBucketCors"),
    put_row<k_cors>("PutBucketCors"),
    delete_row<k_cors>("DeleteBucketCors"),
    get_row<k_lifecycle>("GetBucketLifecycleConfiguration"),
    get_row<k_lifecycle>("GetBucketLifecycle"),  // the older name of the same request
    put_row<k_lifecycle>("PutBucketLifecycleConfiguration"),
    put_row<k_lifecycle>("PutBucketLifecycle"),
    delete_row<k_lifecycle>("DeleteBucketLifecycle"),
    get_row<k_encryption>("GetBucketEncryption"),
    put_row<k_encryption>("PutBucketEncryption"),
    delete_row<k_encryption>("DeleteBucketEncryption"),
    get_row<k_ownership>("GetBucketOwnershipControls"),
    put_row<k_ownership>("PutBucketOwnershipControls"),
    delete_row<k_ownership>("DeleteBucketOwnershipControls"),
    get_row<k_payment>("GetBucketRequestPayment"),
    put_row<k_payment>("PutBucketRequestPayment"),
    get_row<k_acceleration>("GetBucketAccelerateConfiguration"),
    put_row<k_acceleration>("PutBucketAccelerateConfiguration"),
    get_row<k_logging>("GetBucketLogging"),
    put_row<k_logging>("PutBucketLogging", "access logs"),
    get_row<k_replication>("GetBucketReplication"),
    {"PutBucketReplication", nullptr, on_setting("PUT", "replication")},
    delete_row<k_replication>("DeleteBucketReplication"),
    get_row<k_object_lock>("GetObjectLockConfiguration"),
    put_row<k_object_lock>("PutObjectLockConfiguration"),
};

}  // namespace

AwsResult<std::string> read_encryption(const wire::XmlNode& root) {
  ASSIGN_OR_RETURN(const auto rules, rules_of(root, "Rule", 1));
  if (rules.front().child("BlockedEncryptionTypes").child_text("EncryptionType") == "SSE-C") {
    return Failure(not_implemented("s3", "PutBucketEncryption with BlockedEncryptionTypes"));
  }
  const auto by_default = rules.front().child("ApplyServerSideEncryptionByDefault");
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

std::span<const Row> document_operations() {
  return k_rows;
}

}  // namespace sortie::emulator::s3
