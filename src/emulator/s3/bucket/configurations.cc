#include "emulator/s3/bucket/configurations.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "emulator/s3/bucket/documents.h"
#include "emulator/s3/bucket/rows.h"
#include "emulator/s3/protocol/body.h"
#include "wire/checksum.h"

namespace sortie::emulator::s3 {
namespace {

using wire::XmlNode;
using Names = std::initializer_list<std::string_view>;

constexpr std::size_t k_most = 1000;
constexpr std::size_t k_page = 100;
constexpr std::size_t k_max_id = 64;

bool is_one_of(std::string_view text, Names names) {
  return std::ranges::find(names, text) != names.end();
}

bool is_id(std::string_view id) {
  return !id.empty() && id.size() <= k_max_id && std::ranges::all_of(id, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == '_';
  });
}

/// Every child is one of `names`; but those of `repeated`, none is there twice.
bool has_only(const XmlNode& node, Names names, Names repeated = {}) {
  return std::ranges::all_of(node.children(), [&](const XmlNode& child) {
    return is_one_of(child.name(), repeated) ||
           (is_one_of(child.name(), names) && node.children(child.name()).size() == 1);
  });
}

bool is_tag(const XmlNode& tag) {
  return tag.child("Key") && tag.child("Value") && has_only(tag, {"Key", "Value"});
}

/// No filter, or one condition, or several within `And`.
bool is_filter(const XmlNode& filter, bool access_points) {
  if (!filter) return true;
  if (filter.children().size() != 1) return false;
  const XmlNode one = filter.children().front();
  if (one.name() == "AccessPointArn") return access_points;
  if (one.name() == "Tag") return is_tag(one);
  if (one.name() == "Prefix") return true;
  if (one.name() != "And" || one.children().size() < 2) return false;
  if (!has_only(one, {"Prefix", "AccessPointArn"}, {"Tag"})) return false;
  if (one.child("AccessPointArn") && !access_points) return false;
  return std::ranges::all_of(one.children("Tag"), is_tag);
}

AwsResult<void> valid_if(bool valid) {
  if (!valid) return malformed_xml();
  return {};
}

AwsResult<void> check_bucket_arn(const XmlNode& destination) {
  if (destination.child_text("Bucket").starts_with("arn:")) return {};
  return s3_fail(400, "InvalidS3DestinationBucket", "Invalid bucket ARN.");
}

}  // namespace

AwsResult<void> check_metrics(const XmlNode& root) {
  return valid_if(has_only(root, {"Id", "Filter"}) && is_filter(root.child("Filter"), true));
}

AwsResult<void> check_analytics(const XmlNode& root) {
  const auto analysis = root.child("StorageClassAnalysis");
  if (!analysis || !has_only(root, {"Id", "Filter", "StorageClassAnalysis"}) ||
      !is_filter(root.child("Filter"), false) || !has_only(analysis, {"DataExport"})) {
    return malformed_xml();
  }
  const auto data = analysis.child("DataExport");
  if (!data) return {};
  const auto bucket = data.child("Destination").child("S3BucketDestination");
  const bool valid = has_only(data, {"OutputSchemaVersion", "Destination"}) &&
                     data.child_text("OutputSchemaVersion") == "V_1" && bucket &&
                     has_only(bucket, {"Format", "BucketAccountId", "Bucket", "Prefix"}) &&
                     bucket.child_text("Format") == "CSV" && bucket.child("Bucket");
  if (!valid) return malformed_xml();
  return check_bucket_arn(bucket);
}

AwsResult<void> check_inventory(const XmlNode& root) {
  static constexpr std::string_view k_fields[] = {"Size",
                                                  "LastModifiedDate",
                                                  "StorageClass",
                                                  "ETag",
                                                  "IsMultipartUploaded",
                                                  "ReplicationStatus",
                                                  "EncryptionStatus",
                                                  "ObjectLockRetainUntilDate",
                                                  "ObjectLockMode",
                                                  "ObjectLockLegalHoldStatus",
                                                  "IntelligentTieringAccessTier",
                                                  "BucketKeyStatus",
                                                  "ChecksumAlgorithm",
                                                  "ObjectAccessControlList",
                                                  "ObjectOwner",
                                                  "LifecycleExpirationDate"};
  const auto bucket = root.child("Destination").child("S3BucketDestination");
  const auto filter = root.child("Filter");
  const auto fields = root.child("OptionalFields").children();
  const bool valid =
      has_only(root,
               {"Destination", "IsEnabled", "Filter", "Id", "IncludedObjectVersions", "OptionalFields", "Schedule"}) &&
      bucket && has_only(bucket, {"AccountId", "Bucket", "Format", "Prefix", "Encryption"}) && bucket.child("Bucket") &&
      is_one_of(bucket.child_text("Format"), {"CSV", "ORC", "Parquet"}) &&
      is_one_of(root.child_text("IsEnabled"), {"true", "false"}) &&
      is_one_of(root.child_text("IncludedObjectVersions"), {"All", "Current"}) &&
      is_one_of(root.child("Schedule").child_text("Frequency"), {"Daily", "Weekly"}) &&
      (!filter || (filter.child("Prefix") && has_only(filter, {"Prefix"}))) &&
      std::ranges::all_of(fields, [&](const XmlNode& field) {
        return field.name() == "Field" && std::ranges::find(k_fields, field.text()) != std::end(k_fields);
      });
  if (!valid) return malformed_xml();
  return check_bucket_arn(bucket);
}

/// 90 days for the archive, 180 for the deep one, two years at most.
AwsResult<void> check_tiering(const XmlNode& root) {
  const auto tierings = root.children("Tiering");
  if (tierings.empty() || !has_only(root, {"Id", "Filter", "Status"}, {"Tiering"}) ||
      !is_one_of(root.child_text("Status"), {"Enabled", "Disabled"}) || !is_filter(root.child("Filter"), false)) {
    return malformed_xml();
  }
  for (const auto& tiering : tierings) {
    const std::string tier = tiering.child_text("AccessTier");
    const std::string text = tiering.child_text("Days");
    int days = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), days);
    if (error != std::errc{} || end != text.data() + text.size() ||
        !is_one_of(tier, {"ARCHIVE_ACCESS", "DEEP_ARCHIVE_ACCESS"}) || !has_only(tiering, {"AccessTier", "Days"})) {
      return malformed_xml();
    }
    const int least = tier == "ARCHIVE_ACCESS" ? 90 : 180;
    if (days < least || days > 730) {
      return invalid_argument("Days", text, fmt::format("'Days' for {} must be between {} and 730", tier, least));
    }
  }
  return {};
}

namespace {

/// A kind of configuration of which a bucket has many, by id. They are kept and shown; nothing acts by them.
struct ConfigurationKind {
  std::string_view subresource;  ///< of the query: `metrics`
  std::string_view root;         ///< `MetricsConfiguration`; after Get and Put the IAM action as well
  std::string_view list_root;
  int put_status = 200;
  AwsResult<void> (*check)(const XmlNode& root) = nullptr;
};

constexpr ConfigurationKind k_metrics{"metrics", "MetricsConfiguration", "ListMetricsConfigurationsResult", 204,
                                      check_metrics};
constexpr ConfigurationKind k_analytics{"analytics", "AnalyticsConfiguration", "ListBucketAnalyticsConfigurationResult",
                                        204, check_analytics};
constexpr ConfigurationKind k_inventory{"inventory", "InventoryConfiguration", "ListInventoryConfigurationsResult", 204,
                                        check_inventory};
constexpr ConfigurationKind k_tiering{"intelligent-tiering", "IntelligentTieringConfiguration",
                                      "ListBucketIntelligentTieringConfigurationsOutput", 200, check_tiering};

std::string name_of(const ConfigurationKind& kind, std::string_view id) {
  return fmt::format("{}/{}", kind.subresource, id);
}

Failure no_such_configuration() {
  return s3_fail(404, "NoSuchConfiguration", "The specified configuration does not exist.");
}

AwsResult<std::string> read_configuration(const ConfigurationKind& kind, std::string_view id, std::string_view xml) {
  const auto document = wire::XmlDocument::parse(xml);
  if (!document || document->root().name() != kind.root || document->root().child_text("Id") != id) {
    return malformed_xml();
  }
  RETURN_IF_ERROR(kind.check(document->root()));
  return content_of(document->root());
}

// The operations of a kind: one implementation each, by its name --------------------------------------------------

Answer list_configurations(Operation& operation, const ConfigurationKind& kind) {
  const Request& request = operation.request;
  ASSIGN_OR_RETURN(const auto bucket, allowed_bucket(operation, fmt::format("Get{}", kind.root)));
  const auto token = request.parameter("continuation-token");
  const auto after = wire::base64_decode(token.value_or(""));
  if (!after || (token && !is_id(*after))) {
    return invalid_argument("continuation-token", *token, "The continuation token provided is incorrect");
  }
  auto page = operation.catalog.configs(bucket, name_of(kind, ""), *after, k_page + 1);
  const bool more = page.size() > k_page;
  if (more) page.pop_back();
  wire::XmlWriter xml;
  xml.open(kind.list_root, k_xmlns);
  for (const auto& [id, content] : page) xml.open(kind.root).raw(content).close();
  xml.element("IsTruncated", more);
  if (token) xml.element("ContinuationToken", *token);
  if (more) xml.element("NextContinuationToken", wire::base64_encode(page.back().first));
  return xml_answer(xml.finish());
}

Answer get_configuration(Operation& operation, const ConfigurationKind& kind) {
  ASSIGN_OR_RETURN(const auto bucket, allowed_bucket(operation, fmt::format("Get{}", kind.root)));
  const auto kept = operation.catalog.config(bucket, name_of(kind, operation.request.parameter_or("id")));
  if (!kept) return no_such_configuration();
  wire::XmlWriter xml;
  xml.open(kind.root, k_xmlns).raw(*kept);
  return xml_answer(xml.finish());
}

Answer delete_configuration(Operation& operation, const ConfigurationKind& kind) {
  ASSIGN_OR_RETURN(const auto bucket, allowed_bucket(operation, fmt::format("Put{}", kind.root)));
  const std::string name = name_of(kind, operation.request.parameter_or("id"));
  if (!operation.catalog.config(bucket, name)) return no_such_configuration();
  operation.catalog.set_config(bucket, name, std::nullopt);
  return empty_answer(204);
}

Task<Answer> put_configuration(Operation& operation, const ConfigurationKind& kind) {
  const std::string id = operation.request.parameter_or("id");
  ASSIGN_OR_CO_RETURN(auto body, co_await read_body(operation.request, k_max_document));
  ASSIGN_OR_CO_RETURN(const auto bucket, allowed_bucket(operation, fmt::format("Put{}", kind.root)));
  if (!is_id(id)) co_return s3_fail(400, "InvalidConfigurationId", "The specified configuration id is invalid.");
  ASSIGN_OR_CO_RETURN(const auto content, read_configuration(kind, id, body));
  const bool is_new = !operation.catalog.config(bucket, name_of(kind, id));
  if (is_new && operation.catalog.configs(bucket, name_of(kind, ""), "", k_most).size() == k_most) {
    co_return s3_fail(400, "TooManyConfigurations",
                      "You are attempting to create a new configuration but have already reached the "
                      "1,000-configuration limit.");
  }
  operation.catalog.set_config(bucket, name_of(kind, id), content);
  co_return empty_answer(kind.put_status);
}

template <const ConfigurationKind& kind, Answer (*operation)(Operation&, const ConfigurationKind&)>
Task<Answer> of_kind(Operation& context) {
  co_return operation(context, kind);
}
template <const ConfigurationKind& kind>
Task<Answer> put_of_kind(Operation& operation) {
  return put_configuration(operation, kind);
}
template <const ConfigurationKind& kind>
constexpr Row get_row(std::string_view name) {
  return {name, of_kind<kind, get_configuration>, on_bucket("GET", kind.subresource, "id")};
}
template <const ConfigurationKind& kind>
constexpr Row list_row(std::string_view name) {
  return {name, of_kind<kind, list_configurations>, on_bucket("GET", kind.subresource)};
}
template <const ConfigurationKind& kind>
constexpr Row put_row(std::string_view name) {
  return {name, put_of_kind<kind>, on_bucket("PUT", kind.subresource)};
}
template <const ConfigurationKind& kind>
constexpr Row delete_row(std::string_view name) {
  return {name, of_kind<kind, delete_configuration>, on_bucket("DELETE", kind.subresource)};
}

// A GET with an id goes before the one without.
constexpr Row k_rows[] = {
    get_row<k_metrics>("GetBucketMetricsConfiguration"),
    list_row<k_metrics>("ListBucketMetricsConfigurations"),
    put_row<k_metrics>("PutBucketMetricsConfiguration"),
    delete_row<k_metrics>("DeleteBucketMetricsConfiguration"),
    get_row<k_analytics>("GetBucketAnalyticsConfiguration"),
    list_row<k_analytics>("ListBucketAnalyticsConfigurations"),
    put_row<k_analytics>("PutBucketAnalyticsConfiguration"),
    delete_row<k_analytics>("DeleteBucketAnalyticsConfiguration"),
    get_row<k_inventory>("GetBucketInventoryConfiguration"),
    list_row<k_inventory>("ListBucketInventoryConfigurations"),
    put_row<k_inventory>("PutBucketInventoryConfiguration"),
    delete_row<k_inventory>("DeleteBucketInventoryConfiguration"),
    get_row<k_tiering>("GetBucketIntelligentTieringConfiguration"),
    list_row<k_tiering>("ListBucketIntelligentTieringConfigurations"),
    put_row<k_tiering>("PutBucketIntelligentTieringConfiguration"),
    delete_row<k_tiering>("DeleteBucketIntelligentTieringConfiguration"),
};

}  // namespace

std::span<const Row> configuration_operations() {
  return k_rows;
}

}  // namespace sortie::emulator::s3
