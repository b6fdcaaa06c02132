#include "emulator/cloudformation/resources/bucket_protection.h"

#include <fmt/format.h>

#include <algorithm>

#include "wire/checksum.h"
#include "wire/xml.h"

namespace sortie::emulator::cloudformation {
namespace {

constexpr std::string_view k_enforced = "BucketOwnerEnforced";

/// Values of AccessControl and S3's names for them.
constexpr std::pair<std::string_view, std::string_view> k_lists[] = {
    {"", "private"},
    {"Private", "private"},
    {"PublicRead", "public-read"},
    {"PublicReadWrite", "public-read-write"},
    {"AuthenticatedRead", "authenticated-read"},
    {"LogDeliveryWrite", "log-delivery-write"},
    {"BucketOwnerRead", "bucket-owner-read"},
    {"BucketOwnerFullControl", "bucket-owner-full-control"},
    {"AwsExecRead", "aws-exec-read"}};

std::string_view list_of(const Properties& properties) {
  const auto found = std::ranges::find(k_lists, text_of(properties, "AccessControl"),
                                       &std::pair<std::string_view, std::string_view>::first);
  return found == std::end(k_lists) ? std::string_view() : found->second;
}

std::string ownership_of(const Properties& properties) {
  const auto rules = objects_of(object_of(properties, "OwnershipControls"), "Rules");
  const std::string named = rules.empty() ? "" : text_of(rules.front(), "ObjectOwnership");
  return named.empty() ? std::string(k_enforced) : named;
}

/// A new bucket refuses a public list until its public access block lets it.
bool is_set_afterwards(const Properties& properties) {
  const std::string_view list = list_of(properties);
  const bool is_public = list.starts_with("public-") || list == "authenticated-read";
  return is_public && properties.contains("PublicAccessBlockConfiguration") &&
         !flag_of(object_of(properties, "PublicAccessBlockConfiguration"), "BlockPublicAcls");
}

Step set_list(const std::string& bucket, std::string_view list) {
  auto request = s3_request("PUT", bucket, "acl=");
  request.headers.add("x-amz-acl", std::string(list));
  return Step{.service = "s3", .request = std::move(request)};
}

Step set_ownership(const std::string& bucket, const Properties& properties) {
  wire::XmlWriter xml;
  xml.open("OwnershipControls").open("Rule").element("ObjectOwnership", ownership_of(properties));
  return Step{.service = "s3", .request = s3_request("PUT", bucket, "ownershipControls=", xml.finish())};
}

Step set_lock(const std::string& bucket, const Properties& properties) {
  const auto rule = object_of(object_of(properties, "ObjectLockConfiguration"), "Rule");
  wire::XmlWriter xml;
  xml.open("ObjectLockConfiguration").element("ObjectLockEnabled", "Enabled");
  if (!rule.empty()) {
    const auto retention = object_of(rule, "DefaultRetention");
    xml.open("Rule").open("DefaultRetention");
    for (const char* name : {"Mode", "Days", "Years"}) {
      if (const std::string value = text_of(retention, name); !value.empty()) xml.element(name, value);
    }
  }
  std::string document = xml.finish();
  const std::string digest = wire::base64_encode(wire::checksum(wire::ChecksumAlgorithm::md5, document));
  auto request = s3_request("PUT", bucket, "object-lock=", std::move(document));
  request.headers.add("Content-MD5", digest);
  return Step{.service = "s3", .request = std::move(request)};
}

}  // namespace

AwsResult<void> check_bucket_protection(const Properties& properties) {
  const std::string access = text_of(properties, "AccessControl");
  if (list_of(properties).empty()) return refuse(fmt::format("#/AccessControl: {} is not a valid enum value", access));
  return {};
}

void add_protection_headers(const Properties& properties, http::Request& create) {
  if (flag_of(properties, "ObjectLockEnabled")) create.headers.add("x-amz-bucket-object-lock-enabled", "true");
  if (const std::string ownership = ownership_of(properties); ownership != k_enforced) {
    create.headers.add("x-amz-object-ownership", ownership);
  }
  const std::string_view list = list_of(properties);
  if (list != "private" && !is_set_afterwards(properties)) create.headers.add("x-amz-acl", std::string(list));
}

void plan_bucket_protection(const std::string& bucket, const Properties& properties, Plan& plan) {
  if (properties.contains("ObjectLockConfiguration")) plan.push_back(set_lock(bucket, properties));
  if (is_set_afterwards(properties)) plan.push_back(set_list(bucket, list_of(properties)));
}

AwsResult<void> plan_protection_changes(const std::string& bucket, const Properties& before, const Properties& after,
                                        Plan& plan) {
  const auto has_lock = [](const Properties& properties) {
    return flag_of(properties, "ObjectLockEnabled") || properties.contains("ObjectLockConfiguration");
  };
  if (has_lock(before) && !has_lock(after)) return refuse("Object Lock cannot be turned off once it is enabled.");
  if (has_lock(after) && (!has_lock(before) || differs(before, after, "ObjectLockConfiguration"))) {
    plan.push_back(set_lock(bucket, after));
  }
  // While lists are off none can be set; and they cannot be turned off while the bucket's gives something.
  const bool on_before = ownership_of(before) != k_enforced;
  const bool on_after = ownership_of(after) != k_enforced;
  const bool other_list = list_of(before) != list_of(after);
  if (other_list && on_before && !on_after) plan.push_back(set_list(bucket, list_of(after)));
  if (ownership_of(before) != ownership_of(after)) plan.push_back(set_ownership(bucket, after));
  if (other_list && (on_after || !on_before)) plan.push_back(set_list(bucket, list_of(after)));
  return {};
}

}  // namespace sortie::emulator::cloudformation
