#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "emulator/s3/bucket/rows.h"
#include "emulator/s3/protocol/body.h"
#include "wire/date.h"
#include "wire/xml.h"

/// ListBuckets, CreateBucket, HeadBucket, DeleteBucket, GetBucketLocation.
namespace sortie::emulator::s3 {
namespace {

constexpr std::string_view k_default_region = "us-east-1";
/// The oldest name of eu-west-1; a bucket made with it keeps it.
constexpr std::string_view k_old_europe = "EU";
constexpr std::size_t k_max_page = 10'000;
constexpr std::size_t k_max_bucket_configuration = 64 * 1024;

Failure illegal_constraint(std::string_view constraint) {
  return s3_fail(400, "IllegalLocationConstraintException",
                 fmt::format("The {} location constraint is incompatible for the region specific endpoint this request "
                             "was sent to.",
                             constraint));
}

/// Region names look like `eu-west-1`; which of them exist is not ours to know.
bool is_region_name(std::string_view name) {
  const auto last = name.rfind('-');
  return last != std::string_view::npos && name.find('-') < last && last + 2 == name.size() && name.back() >= '1' &&
         name.back() <= '9' &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz-0123456789") == std::string_view::npos;
}

/// The region a new bucket goes to, from `<LocationConstraint>` and the endpoint that was asked.
AwsResult<std::string> region_for(std::string_view constraint, const std::string& region) {
  const bool global = region == k_default_region;
  if (constraint.empty()) {
    if (!global) return illegal_constraint("unspecified");
    return region;
  }
  if (constraint == k_old_europe) {
    if (!global && region != "eu-west-1") return illegal_constraint(constraint);
    return "eu-west-1";
  }
  if (!global && constraint != region) return illegal_constraint(constraint);
  if (constraint == k_default_region || !is_region_name(constraint)) {
    return s3_fail(400, "InvalidLocationConstraint", "The specified location-constraint is not valid",
                   {{"LocationConstraint", std::string(constraint)}});
  }
  return std::string(constraint);
}

bool names_a_key_twice(const wire::XmlNode& tags) {
  std::set<std::string> keys;
  const auto all = tags.children("Tag");
  return !std::ranges::all_of(all, [&](const auto& tag) { return keys.insert(tag.child_text("Key")).second; });
}

/// Where a listing goes on, of its `continuation-token`; empty at the beginning.
AwsResult<std::string> read_token(const Request& request) {
  const auto token = request.parameter("continuation-token");
  if (!token || token->empty()) return std::string();
  auto text = wire::base64_decode(*token);
  if (!text) return invalid_argument("continuation-token", *token, "The continuation token provided is incorrect");
  return *std::move(text);
}

/// The older form of the request has the older form of the answer.
bool is_paged(const Request& request) {
  return std::ranges::any_of(request.query, [](const auto& parameter) {
    return parameter.first == "prefix" || parameter.first == "max-buckets" || parameter.first == "bucket-region" ||
           parameter.first == "continuation-token";
  });
}

Answer list_buckets(Operation& operation) {
  const Request& request = operation.request;
  RETURN_IF_ERROR(operation.access.allow_listing_buckets(request));
  ASSIGN_OR_RETURN(const auto limit, read_count(request, "max-buckets", k_max_page));
  if (limit == 0) {
    return invalid_argument("max-buckets", "0", "Argument max-buckets must be an integer between 1 and 10000.");
  }
  ASSIGN_OR_RETURN(const auto after, read_token(request));
  const std::string prefix = request.parameter_or("prefix");
  auto buckets = operation.catalog.buckets(prefix, request.parameter_or("bucket-region"), after, limit + 1);
  const bool more = buckets.size() > limit;
  if (more) buckets.pop_back();

  wire::XmlWriter xml;
  xml.open("ListAllMyBucketsResult", k_xmlns);
  xml.open("Owner").element("ID", owner_id(request.call.account)).close().open("Buckets");
  for (const Bucket& bucket : buckets) {
    xml.open("Bucket").element("Name", bucket.name);
    xml.element("CreationDate", wire::format_iso8601_millis(bucket.created));
    if (is_paged(request)) xml.element("BucketRegion", bucket.region);
    xml.element("BucketArn", "arn:aws:s3:::" + bucket.name).close();
  }
  xml.close();
  if (more) xml.element("ContinuationToken", wire::base64_encode(buckets.back().name));
  if (!prefix.empty()) xml.element("Prefix", prefix);
  return xml_answer(xml.finish());
}

/// What a CreateBucket asks for, besides its name and ACL.
struct BucketSpec {
  std::string constraint;
  Tags tags;
  bool object_lock = false;
  std::optional<std::string> ownership;
};

AwsResult<Tags> read_bucket_tags(const wire::XmlNode& set) {
  for (const auto& tag : set.children("Tag")) {
    if (!tag.child_text("Key").starts_with("aws:")) continue;
    return s3_fail(400, "InvalidTag",
                   "User-defined tag keys can't start with \"aws:\". This prefix is reserved for system tags. "
                   "Remove \"aws:\" from your tag keys and try again.");
  }
  if (names_a_key_twice(set)) {
    // AWS has no better word for it here, unlike in PutBucketTagging.
    return s3_fail(500, "InternalError", "We encountered an internal error. Please try again.");
  }
  return read_tags(set, k_max_bucket_tags, true);
}

AwsResult<void> read_configuration(std::string_view body, BucketSpec& spec) {
  if (body.empty()) return {};
  ASSIGN_OR_RETURN(const auto document, parse_document(body, "CreateBucketConfiguration"));
  spec.constraint = document.root().child_text("LocationConstraint");
  if (const auto set = document.root().child("Tags")) {
    ASSIGN_OR_RETURN(spec.tags, read_bucket_tags(set));
  }
  for (const auto* unsupported : {"Location", "Bucket"}) {
    if (!document.root().child(unsupported)) continue;
    return header_not_implemented(fmt::format("CreateBucketConfiguration/{}", unsupported));
  }
  return {};
}

AwsResult<BucketSpec> read_bucket_spec(const Request& request, std::string_view body) {
  BucketSpec spec;
  RETURN_IF_ERROR(read_configuration(body, spec));
  if (!is_bucket_name(request.bucket)) {
    return s3_fail(400, "InvalidBucketName", "The specified bucket is not valid.", {{"BucketName", request.bucket}});
  }
  RETURN_IF_ERROR(refuse_unknown_features(request.headers()));
  // Older SDKs for Python write it `True`.
  spec.object_lock = http::iequals(request.header("x-amz-bucket-object-lock-enabled"), "true");
  spec.ownership = request.headers().get("x-amz-object-ownership");
  if (spec.ownership && *spec.ownership != "BucketOwnerEnforced" && *spec.ownership != "BucketOwnerPreferred" &&
      *spec.ownership != "ObjectWriter") {
    return s3_fail(400, "InvalidArgument", fmt::format("Invalid x-amz-object-ownership header: {}", *spec.ownership),
                   {{"ArgumentName", "x-amz-object-ownership"}});
  }
  return spec;
}

/// Every action that the requested settings need.
AwsResult<void> allow_creation(const Operation& operation, const BucketSpec& spec) {
  const Request& request = operation.request;
  ContextKeys context = upload_context(request, {}, operation.now());
  if (!spec.constraint.empty()) context.emplace_back("s3:LocationConstraint", spec.constraint);
  const Bucket named{0, request.bucket, {}, {}, {}};
  for (const auto& [asked, action] :
       {std::pair(true, "CreateBucket"), std::pair(has_acl_headers(request.headers()), "PutBucketAcl"),
        std::pair(spec.object_lock, "PutBucketVersioning"),
        std::pair(spec.object_lock, "PutBucketObjectLockConfiguration"),
        std::pair(spec.ownership.has_value(), "PutBucketOwnershipControls")}) {
    if (!asked) continue;
    RETURN_IF_ERROR(operation.allow(named, action, {}, context));
  }
  return {};
}

/// In us-east-1 CreateBucket succeeds on a bucket that the caller owns already; its ACL becomes the one that is asked
/// for.
AwsResult<void> create_again(const Operation& operation, const Bucket& existing, const BucketSpec& spec,
                             std::string_view region, const std::string& acl) {
  if (existing.region == k_default_region && region == k_default_region && spec.tags.empty()) {
    if (operation.access.acls_enabled(existing)) {
      operation.catalog.set_config(existing, "acl", acl.empty() ? std::nullopt : std::optional(acl));
    }
    return {};
  }
  return s3_fail(409, "BucketAlreadyOwnedByYou",
                 "Your previous request to create the named bucket succeeded and you already own it.",
                 {{"BucketName", existing.name}});
}

void create_new(const Operation& operation, const BucketSpec& spec, const std::string& region, const std::string& acl) {
  Catalog& catalog = operation.catalog;
  ContentStore::Change change(operation.contents);
  catalog.create_bucket(operation.request.bucket, region, operation.now());
  const auto made = catalog.find_bucket(operation.request.bucket);
  if (spec.ownership && *spec.ownership != "BucketOwnerEnforced") {
    catalog.set_config(*made, "ownershipControls",
                       fmt::format("<Rule><ObjectOwnership>{}</ObjectOwnership></Rule>", *spec.ownership));
  }
  if (!acl.empty()) catalog.set_config(*made, "acl", acl);
  if (spec.object_lock) {
    catalog.set_versioning(*made, Versioning::enabled);
    catalog.set_config(*made, "object-lock", "<ObjectLockEnabled>Enabled</ObjectLockEnabled>");
  }
  if (!spec.tags.empty()) catalog.set_config(*made, "tagging", tag_document(spec.tags));
  if (spec.constraint == k_old_europe) catalog.set_config(*made, "location", spec.constraint);
  change.commit();
}

Task<Answer> create_bucket(Operation& operation) {
  Request& request = operation.request;
  ASSIGN_OR_CO_RETURN(const auto body, co_await read_body(request, k_max_bucket_configuration));
  ASSIGN_OR_CO_RETURN(const auto spec, read_bucket_spec(request, body));
  ASSIGN_OR_CO_RETURN(const auto acl, operation.access.requested_bucket_acl(request));
  CO_RETURN_IF_ERROR(allow_creation(operation, spec));
  ASSIGN_OR_CO_RETURN(const auto region, region_for(spec.constraint, request.call.region));
  if (const auto existing = operation.catalog.find_bucket(request.bucket)) {
    CO_RETURN_IF_ERROR(create_again(operation, *existing, spec, region, acl));
  } else {
    create_new(operation, spec, region, acl);
  }
  auto response = empty_answer(200);
  response.headers.add("Location", "/" + request.bucket);
  response.headers.add("x-amz-bucket-arn", "arn:aws:s3:::" + request.bucket);
  co_return response;
}

Answer head_bucket(Operation& operation) {
  ASSIGN_OR_RETURN(const auto bucket, allowed_bucket(operation, "ListBucket"));
  auto response = empty_answer(200);
  response.headers.add("x-amz-bucket-region", bucket.region);
  response.headers.add("x-amz-bucket-arn", "arn:aws:s3:::" + bucket.name);
  response.headers.add("x-amz-access-point-alias", "false");
  response.headers.add("Content-Type", "application/xml");
  return response;
}

Answer delete_bucket(Operation& operation) {
  ASSIGN_OR_RETURN(const auto bucket, allowed_bucket(operation, "DeleteBucket"));
  if (!operation.catalog.delete_bucket(bucket, operation.contents)) {
    return s3_fail(409, "BucketNotEmpty",
                   bucket.versioning == Versioning::never
                       ? "The bucket you tried to delete is not empty"
                       : "The bucket you tried to delete is not empty. You must delete all versions in the bucket.",
                   {{"BucketName", bucket.name}});
  }
  return empty_answer(204);
}

Answer get_bucket_location(Operation& operation) {
  ASSIGN_OR_RETURN(const auto bucket, allowed_bucket(operation, "GetBucketLocation"));
  wire::XmlWriter xml;
  xml.open("LocationConstraint", k_xmlns);
  if (bucket.region != k_default_region) {
    xml.text(operation.catalog.config(bucket, "location").value_or(bucket.region));
  }
  return xml_answer(xml.finish());
}

constexpr Row k_rows[] = {
    {"ListBuckets", at_once<list_buckets>, {Route::Target::service, "GET"}},
    {"GetBucketLocation", at_once<get_bucket_location>, on_bucket("GET", "location")},
    {"HeadBucket", at_once<head_bucket>, on_bucket("HEAD")},
    {"CreateBucket", create_bucket, on_bucket("PUT")},
    {"DeleteBucket", at_once<delete_bucket>, on_bucket("DELETE")},
};

}  // namespace

std::span<const Row> bucket_operations() {
  return k_rows;
}

}  // namespace sortie::emulator::s3
