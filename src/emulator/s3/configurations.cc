#include "emulator/s3/configurations.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "emulator/s3/documents.h"
#include "emulator/s3/errors.h"
#include "emulator/s3/operations.h"
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

constexpr ConfigurationKind k_kinds[] = {
    {"metrics", "MetricsConfiguration", "ListMetricsConfigurationsResult", 204, check_metrics},
    {"analytics", "AnalyticsConfiguration", "ListBucketAnalyticsConfigurationResult", 204, check_analytics},
    {"inventory", "InventoryConfiguration", "ListInventoryConfigurationsResult", 204, check_inventory},
    {"intelligent-tiering", "IntelligentTieringConfiguration", "ListBucketIntelligentTieringConfigurationsOutput", 200,
     check_tiering},
};

std::string name_of(const ConfigurationKind& kind, std::string_view id) {
  return fmt::format("{}/{}", kind.subresource, id);
}

Failure no_such_configuration() {
  return s3_fail(404, "NoSuchConfiguration", "The specified configuration does not exist.");
}

}  // namespace

const ConfigurationKind* find_configuration_kind(std::string_view subresource) {
  const auto* found = std::ranges::find(k_kinds, subresource, &ConfigurationKind::subresource);
  return found == std::end(k_kinds) ? nullptr : found;
}

AwsResult<std::string> read_configuration(const ConfigurationKind& kind, std::string_view id, std::string_view xml) {
  const auto document = wire::XmlDocument::parse(xml);
  if (!document || document->root().name() != kind.root || document->root().child_text("Id") != id) {
    return malformed_xml();
  }
  if (auto valid = kind.check(document->root()); !valid) return std::unexpected(valid.error());
  return content_of(document->root());
}

Task<Operations::Answer> Operations::run_on_configuration(Request& request, const ConfigurationKind& kind) {
  const std::string& method = request.call.request.method;
  const std::string id = request.parameter_or("id");
  if (method == "PUT") co_return co_await put_configuration(request, kind, id);
  const auto bucket = allowed_bucket(request, fmt::format("{}{}", method == "GET" ? "Get" : "Put", kind.root));
  if (!bucket) co_return std::unexpected(bucket.error());
  if (method == "GET" && !request.parameter("id")) co_return list_configurations(request, *bucket, kind);
  const auto kept = catalog_.config(*bucket, name_of(kind, id));
  if (!kept) co_return no_such_configuration();
  if (method == "DELETE") {
    catalog_.set_config(*bucket, name_of(kind, id), std::nullopt);
    co_return empty_answer(204);
  }
  wire::XmlWriter xml;
  xml.open(kind.root, k_xmlns).raw(*kept);
  co_return xml_answer(xml.finish());
}

Task<Operations::Answer> Operations::put_configuration(Request& request, const ConfigurationKind& kind,
                                                       const std::string& id) {
  auto body = co_await read_body(request, k_max_document);
  if (!body) co_return std::unexpected(body.error());
  const auto bucket = allowed_bucket(request, fmt::format("Put{}", kind.root));
  if (!bucket) co_return std::unexpected(bucket.error());
  if (!is_id(id)) co_return s3_fail(400, "InvalidConfigurationId", "The specified configuration id is invalid.");
  const auto content = read_configuration(kind, id, *body);
  if (!content) co_return std::unexpected(content.error());
  const bool is_new = !catalog_.config(*bucket, name_of(kind, id));
  if (is_new && catalog_.configs(*bucket, name_of(kind, ""), "", k_most).size() == k_most) {
    co_return s3_fail(400, "TooManyConfigurations",
                      "You are attempting to create a new configuration but have already reached the "
                      "1,000-configuration limit.");
  }
  catalog_.set_config(*bucket, name_of(kind, id), *content);
  co_return empty_answer(kind.put_status);
}

Operations::Answer Operations::list_configurations(const Request& request, const Bucket& bucket,
                                                   const ConfigurationKind& kind) {
  const auto token = request.parameter("continuation-token");
  const auto after = wire::base64_decode(token.value_or(""));
  if (!after || (token && !is_id(*after))) {
    return invalid_argument("continuation-token", *token, "The continuation token provided is incorrect");
  }
  auto page = catalog_.configs(bucket, name_of(kind, ""), *after, k_page + 1);
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

}  // namespace sortie::emulator::s3
