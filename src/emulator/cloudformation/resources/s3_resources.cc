#include <fmt/format.h>

#include <array>
#include <boost/json.hpp>

#include "emulator/cloudformation/resources/bucket_protection.h"
#include "emulator/cloudformation/resources/resource_type.h"
#include "emulator/cloudformation/resources/s3_bucket_documents.h"
#include "wire/arn.h"
#include "wire/xml.h"

namespace sortie::emulator::cloudformation {
namespace {

using Change = Property::Change;

constexpr Property unsupported(std::string_view name, Shape shape = Shape::object) {
  return {name, shape, Change::in_place, false, true};
}

constexpr std::array k_bucket_properties = {
    Property{"AccessControl"},
    Property{"BucketEncryption", Shape::object},
    Property{"BucketName", Shape::text, Change::replaces},
    Property{"CorsConfiguration", Shape::object},
    Property{"LifecycleConfiguration", Shape::object},
    Property{"NotificationConfiguration", Shape::object},
    Property{"ObjectLockConfiguration", Shape::object},
    Property{"ObjectLockEnabled", Shape::boolean},
    Property{"OwnershipControls", Shape::object},
    Property{"PublicAccessBlockConfiguration", Shape::object},
    Property{"Tags", Shape::list},
    Property{"VersioningConfiguration", Shape::object},
    Property{"WebsiteConfiguration", Shape::object},
    unsupported("AbacStatus", Shape::text),
    unsupported("AccelerateConfiguration"),
    unsupported("AnalyticsConfigurations", Shape::list),
    unsupported("BucketNamePrefix", Shape::text),
    unsupported("BucketNamespace", Shape::text),
    unsupported("IntelligentTieringConfigurations", Shape::list),
    unsupported("InventoryConfigurations", Shape::list),
    unsupported("LoggingConfiguration"),
    unsupported("MetadataConfiguration"),
    unsupported("MetadataTableConfiguration"),
    unsupported("MetricsConfigurations", Shape::list),
    unsupported("ReplicationConfiguration"),
};
constexpr std::array<std::string_view, 5> k_bucket_attributes = {"Arn", "DomainName", "DualStackDomainName",
                                                                 "RegionalDomainName", "WebsiteURL"};

constexpr std::array k_policy_properties = {
    Property{"Bucket", Shape::text, Change::replaces, true},
    Property{"PolicyDocument", Shape::document, Change::in_place, true},
};

Step step(http::Request request) {
  return Step{.service = "s3", .request = std::move(request)};
}

/// What every bucket is here; anything else is not to be had.
AwsResult<void> check_fixed_settings(const Properties& properties) {
  RETURN_IF_ERROR(check_bucket_protection(properties));
  for (const Properties& rule :
       objects_of(object_of(properties, "BucketEncryption"), "ServerSideEncryptionConfiguration")) {
    const std::string algorithm = text_of(object_of(rule, "ServerSideEncryptionByDefault"), "SSEAlgorithm");
    if (algorithm == "AES256") continue;
    return refuse(
        fmt::format("The embedded AWS does not implement SSEAlgorithm {}: buckets have AES256. AWS does.", algorithm));
  }
  return {};
}

Step set_versioning(const std::string& bucket, const Properties& properties) {
  const std::string status = text_of(object_of(properties, "VersioningConfiguration"), "Status");
  wire::XmlWriter xml;
  xml.open("VersioningConfiguration").element("Status", status.empty() ? "Suspended" : status);
  return step(s3_request("PUT", bucket, "versioning=", xml.finish()));
}

Step set_public_access_block(const std::string& bucket, const Properties& properties) {
  if (!properties.contains("PublicAccessBlockConfiguration"))
    return step(s3_request("DELETE", bucket, "publicAccessBlock="));
  const Properties block = object_of(properties, "PublicAccessBlockConfiguration");
  wire::XmlWriter xml;
  xml.open("PublicAccessBlockConfiguration");
  for (const char* name : {"BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"}) {
    xml.element(name, flag_of(block, name));
  }
  return step(s3_request("PUT", bucket, "publicAccessBlock=", xml.finish()));
}

Step set_tags(const std::string& bucket, const Properties& properties) {
  const Tags tags = tags_of(properties);
  if (tags.empty()) return step(s3_request("DELETE", bucket, "tagging="));
  wire::XmlWriter xml;
  xml.open("Tagging").open("TagSet");
  for (const auto& [key, value] : tags) xml.open("Tag").element("Key", key).element("Value", value).close();
  return step(s3_request("PUT", bucket, "tagging=", xml.finish()));
}

/// A property that is a document of its own in S3.
struct DocumentProperty {
  std::string_view name;
  std::string_view query;
  AwsResult<std::string> (*document)(const Properties& value);
  bool deletable = true;  ///< otherwise an empty one is put
};
constexpr DocumentProperty k_documents[] = {
    {"CorsConfiguration", "cors=", cors_document},
    {"LifecycleConfiguration", "lifecycle=", lifecycle_document},
    {"WebsiteConfiguration", "website=", website_document},
    {"NotificationConfiguration", "notification=", notification_document, false},
};

AwsResult<Step> set_document(const std::string& bucket, const DocumentProperty& property,
                             const Properties& properties) {
  if (!properties.contains(property.name) && property.deletable) {
    return step(s3_request("DELETE", bucket, std::string(property.query)));
  }
  auto document = property.document(object_of(properties, property.name));
  if (!document) return std::unexpected(document.error());
  return step(s3_request("PUT", bucket, std::string(property.query), *std::move(document)));
}

std::string location(const ResourceContext& context) {
  if (context.region == "us-east-1") return {};
  wire::XmlWriter xml;
  xml.open("CreateBucketConfiguration").element("LocationConstraint", context.region);
  return xml.finish();
}

AwsResult<Plan> create_bucket(const ResourceContext& context, const Properties& properties, ResourceState& state) {
  RETURN_IF_ERROR(check_fixed_settings(properties));
  const std::string bucket = state.physical_id;
  Plan plan;
  // In us-east-1 S3 gives the owner a bucket that is there already: CloudFormation does not take that for its own.
  Step look = step(s3_request("GET", bucket, "location="));
  look.tolerated = {"NoSuchBucket", "AccessDenied", "PermanentRedirect"};
  look.then = [bucket](const Reply& reply, ResourceState& result) {
    if (reply.ok()) result.failure = bucket + " already exists";
    return Plan();
  };
  plan.push_back(std::move(look));
  Step create = step(s3_request("PUT", bucket, {}, location(context)));
  add_protection_headers(properties, create.request);
  create.creates = true;
  plan.push_back(std::move(create));
  if (properties.contains("VersioningConfiguration")) plan.push_back(set_versioning(bucket, properties));
  if (properties.contains("PublicAccessBlockConfiguration"))
    plan.push_back(set_public_access_block(bucket, properties));
  if (!tags_of(properties).empty()) plan.push_back(set_tags(bucket, properties));
  for (const auto& property : k_documents) {
    if (!properties.contains(property.name)) continue;
    auto put = set_document(bucket, property, properties);
    if (!put) return std::unexpected(put.error());
    plan.push_back(*std::move(put));
  }
  plan_bucket_protection(bucket, properties, plan);
  const auto suffix = wire::dns_suffix_of(context.region);
  state.attributes["Arn"] = fmt::format("arn:{}:s3:::{}", context.partition, bucket);
  state.attributes["DomainName"] = fmt::format("{}.s3.{}", bucket, suffix);
  state.attributes["RegionalDomainName"] = fmt::format("{}.s3.{}.{}", bucket, context.region, suffix);
  state.attributes["DualStackDomainName"] = fmt::format("{}.s3.dualstack.{}.{}", bucket, context.region, suffix);
  state.attributes["WebsiteURL"] = fmt::format("http://{}.s3-website-{}.{}", bucket, context.region, suffix);
  return plan;
}

AwsResult<Plan> update_bucket(const ResourceContext&, const Properties& before, const Properties& after,
                              ResourceState& state) {
  RETURN_IF_ERROR(check_fixed_settings(after));
  Plan plan;
  if (differs(before, after, "VersioningConfiguration")) plan.push_back(set_versioning(state.physical_id, after));
  if (differs(before, after, "PublicAccessBlockConfiguration"))
    plan.push_back(set_public_access_block(state.physical_id, after));
  if (differs(before, after, "Tags")) plan.push_back(set_tags(state.physical_id, after));
  for (const auto& property : k_documents) {
    if (!differs(before, after, property.name)) continue;
    auto put = set_document(state.physical_id, property, after);
    if (!put) return std::unexpected(put.error());
    plan.push_back(*std::move(put));
  }
  RETURN_IF_ERROR(plan_protection_changes(state.physical_id, before, after, plan));
  return plan;
}

AwsResult<Plan> remove_bucket(const ResourceContext&, const Resource& resource) {
  Plan plan;
  plan.push_back(step(s3_request("DELETE", resource.physical_id, {})));
  plan.back().tolerated = {"NoSuchBucket"};
  return plan;
}

AwsResult<Plan> create_policy(const ResourceContext&, const Properties& properties, ResourceState& state) {
  const std::string bucket = state.physical_id;
  Plan plan;
  Step look = step(s3_request("GET", bucket, "policy="));
  look.tolerated = {"NoSuchBucketPolicy", "AccessDenied"};
  look.then = [bucket](const Reply& reply, ResourceState& result) {
    if (reply.ok()) result.failure = "The bucket policy already exists on bucket " + bucket + ".";
    return Plan();
  };
  plan.push_back(std::move(look));
  plan.push_back(step(s3_request("PUT", bucket, "policy=", document_of(properties, "PolicyDocument"))));
  plan.back().creates = true;
  return plan;
}

AwsResult<Plan> update_policy(const ResourceContext&, const Properties&, const Properties& after,
                              ResourceState& state) {
  Plan plan;
  plan.push_back(step(s3_request("PUT", state.physical_id, "policy=", document_of(after, "PolicyDocument"))));
  return plan;
}

AwsResult<Plan> remove_policy(const ResourceContext&, const Resource& resource) {
  Plan plan;
  plan.push_back(step(s3_request("DELETE", resource.physical_id, "policy=")));
  plan.back().tolerated = {"NoSuchBucket", "NoSuchBucketPolicy"};
  return plan;
}

const std::array k_types = {
    ResourceType{.name = "AWS::S3::Bucket",
                 .properties = k_bucket_properties,
                 .attributes = k_bucket_attributes,
                 .name_property = "BucketName",
                 .choose_id =
                     [](const ResourceContext& context, const Properties& properties) {
                       const std::string name = text_of(properties, "BucketName");
                       return name.empty() ? generated_bucket_name(context) : name;
                     },
                 .create = create_bucket,
                 .update = update_bucket,
                 .remove = remove_bucket},
    ResourceType{
        .name = "AWS::S3::BucketPolicy",
        .properties = k_policy_properties,
        .choose_id = [](const ResourceContext&, const Properties& properties) { return text_of(properties, "Bucket"); },
        .create = create_policy,
        .update = update_policy,
        .remove = remove_policy},
};

}  // namespace

std::span<const ResourceType> s3_resource_types() {
  return k_types;
}

}  // namespace sortie::emulator::cloudformation
