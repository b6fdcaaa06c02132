#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "emulator/s3/operations.h"
#include "wire/date.h"
#include "wire/xml.h"

/// ListBuckets, CreateBucket, HeadBucket, DeleteBucket, GetBucketLocation.
namespace sortie::emulator::s3 {
namespace {

constexpr std::string_view k_default_region = "us-east-1";
/// The oldest name of eu-west-1; a bucket made with it keeps it.
constexpr std::string_view k_old_europe = "EU";
constexpr std::size_t k_max_bucket_tags = 50;

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
AwsResult<std::string> location_of(std::string_view constraint, const std::string& region) {
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

}  // namespace

Operations::Answer Operations::list_buckets(const Request& request) {
  constexpr std::size_t k_most = 10'000;
  auto allowed = authorizer_.authorize(
      request.call, AuthorizationRequest{"s3:ListAllMyBuckets", "arn:aws:s3:::*", request.call.account, {}, {}});
  if (!allowed) return std::unexpected(allowed.error());
  const auto limit = read_count(request, "max-buckets", k_most);
  if (!limit) return std::unexpected(limit.error());
  if (*limit == 0) {
    return invalid_argument("max-buckets", "0", "Argument max-buckets must be an integer between 1 and 10000.");
  }
  std::string after;
  if (const auto token = request.parameter("continuation-token"); token && !token->empty()) {
    const auto text = wire::base64_decode(*token);
    if (!text) {
      return invalid_argument("continuation-token", *token, "The continuation token provided is incorrect");
    }
    after = *text;
  }
  const std::string prefix = request.parameter_or("prefix");
  // The older form of the request has the older form of the answer.
  const bool in_pages = std::ranges::any_of(request.query, [](const auto& parameter) {
    return parameter.first == "prefix" || parameter.first == "max-buckets" || parameter.first == "bucket-region" ||
           parameter.first == "continuation-token";
  });
  auto buckets = catalog_.buckets(prefix, request.parameter_or("bucket-region"), after, *limit + 1);
  const bool more = buckets.size() > *limit;
  if (more) buckets.pop_back();

  wire::XmlWriter xml;
  xml.open("ListAllMyBucketsResult", k_xmlns);
  xml.open("Owner").element("ID", owner_id(request.call.account)).close().open("Buckets");
  for (const Bucket& bucket : buckets) {
    xml.open("Bucket").element("Name", bucket.name);
    xml.element("CreationDate", wire::format_iso8601_millis(bucket.created));
    if (in_pages) xml.element("BucketRegion", bucket.region);
    xml.element("BucketArn", "arn:aws:s3:::" + bucket.name).close();
  }
  xml.close();
  if (more) xml.element("ContinuationToken", wire::base64_encode(buckets.back().name));
  if (!prefix.empty()) xml.element("Prefix", prefix);
  return xml_answer(xml.finish());
}

Task<Operations::Answer> Operations::create_bucket(Request& request) {
  auto body = co_await read_body(request, 64 * 1024);
  if (!body) co_return std::unexpected(body.error());
  std::string constraint;
  Tags tags;
  if (!body->empty()) {
    const auto document = wire::XmlDocument::parse(*body);
    if (!document || document->root().name() != "CreateBucketConfiguration") co_return malformed_xml();
    constraint = document->root().child_text("LocationConstraint");
    if (const auto set = document->root().child("Tags")) {
      for (const auto& tag : set.children("Tag")) {
        if (!tag.child_text("Key").starts_with("aws:")) continue;
        co_return s3_fail(400, "InvalidTag",
                          "User-defined tag keys can't start with \"aws:\". This prefix is reserved for system tags. "
                          "Remove \"aws:\" from your tag keys and try again.");
      }
      if (names_a_key_twice(set)) {
        // AWS has no better word for it here, unlike in PutBucketTagging.
        co_return s3_fail(500, "InternalError", "We encountered an internal error. Please try again.");
      }
      auto read = read_tags(set, k_max_bucket_tags, true);
      if (!read) co_return std::unexpected(read.error());
      tags = *std::move(read);
    }
    for (const auto* absent : {"Location", "Bucket"}) {
      if (document->root().child(absent))
        co_return header_not_implemented(fmt::format("CreateBucketConfiguration/{}", absent));
    }
  }
  if (!is_bucket_name(request.bucket)) {
    co_return s3_fail(400, "InvalidBucketName", "The specified bucket is not valid.", {{"BucketName", request.bucket}});
  }
  if (auto known = refuse_unknown_features(request.headers()); !known) co_return std::unexpected(known.error());
  // Older SDKs for Python write it `True`.
  const bool lock = http::iequals(request.header("x-amz-bucket-object-lock-enabled"), "true");
  const auto ownership = request.headers().get("x-amz-object-ownership");
  if (ownership && *ownership != "BucketOwnerEnforced" && *ownership != "BucketOwnerPreferred" &&
      *ownership != "ObjectWriter") {
    co_return s3_fail(400, "InvalidArgument", fmt::format("Invalid x-amz-object-ownership header: {}", *ownership),
                      {{"ArgumentName", "x-amz-object-ownership"}});
  }
  const auto list = asked_bucket_list(request);
  if (!list) co_return std::unexpected(list.error());
  Context context = upload_context(request, {});
  if (!constraint.empty()) context.emplace_back("s3:LocationConstraint", constraint);
  const Bucket named{0, request.bucket, {}, {}, {}};
  for (const auto& [asked, action] :
       {std::pair(true, "CreateBucket"), std::pair(has_list_headers(request.headers()), "PutBucketAcl"),
        std::pair(lock, "PutBucketVersioning"), std::pair(lock, "PutBucketObjectLockConfiguration"),
        std::pair(ownership.has_value(), "PutBucketOwnershipControls")}) {
    if (!asked) continue;
    if (auto allowed = allow(request, named, action, {}, context); !allowed) {
      co_return std::unexpected(allowed.error());
    }
  }
  auto region = location_of(constraint, request.call.region);
  if (!region) co_return std::unexpected(region.error());

  auto response = empty_answer(200);
  response.headers.add("Location", "/" + request.bucket);
  response.headers.add("x-amz-bucket-arn", "arn:aws:s3:::" + request.bucket);
  if (const auto existing = catalog_.find_bucket(request.bucket)) {
    // In us-east-1 making one's own bucket again succeeds, for old times' sake.
    const bool forgiving = existing->region == k_default_region && *region == k_default_region && tags.empty();
    if (forgiving) {
      // What it gave to others it gives no more, unless that is asked for again.
      if (acls_count(*existing)) {
        catalog_.set_config(*existing, "acl", list->empty() ? std::nullopt : std::optional(*list));
      }
      co_return response;
    }
    co_return s3_fail(409, "BucketAlreadyOwnedByYou",
                      "Your previous request to create the named bucket succeeded and you already own it.",
                      {{"BucketName", request.bucket}});
  }
  ContentStore::Change change(contents_);
  catalog_.create_bucket(request.bucket, *region, now());
  const auto made = catalog_.find_bucket(request.bucket);
  if (ownership && *ownership != "BucketOwnerEnforced") {
    catalog_.set_config(*made, "ownershipControls",
                        fmt::format("<Rule><ObjectOwnership>{}</ObjectOwnership></Rule>", *ownership));
  }
  if (!list->empty()) catalog_.set_config(*made, "acl", *list);
  if (lock) {
    catalog_.set_versioning(*made, Versioning::enabled);
    catalog_.set_config(*made, "object-lock", "<ObjectLockEnabled>Enabled</ObjectLockEnabled>");
  }
  if (!tags.empty()) catalog_.set_config(*made, "tagging", tag_document(tags));
  if (constraint == k_old_europe) catalog_.set_config(*made, "location", constraint);
  change.commit();
  co_return response;
}

Operations::Answer Operations::head_bucket(const Request& request) {
  const auto bucket = allowed_bucket(request, "ListBucket");
  if (!bucket) return std::unexpected(bucket.error());
  auto response = empty_answer(200);
  response.headers.add("x-amz-bucket-region", bucket->region);
  response.headers.add("x-amz-bucket-arn", "arn:aws:s3:::" + bucket->name);
  response.headers.add("x-amz-access-point-alias", "false");
  response.headers.add("Content-Type", "application/xml");
  return response;
}

Operations::Answer Operations::delete_bucket(const Request& request) {
  const auto bucket = allowed_bucket(request, "DeleteBucket");
  if (!bucket) return std::unexpected(bucket.error());
  if (!catalog_.delete_bucket(*bucket, contents_)) {
    return s3_fail(409, "BucketNotEmpty",
                   bucket->versioning == Versioning::never
                       ? "The bucket you tried to delete is not empty"
                       : "The bucket you tried to delete is not empty. You must delete all versions in the bucket.",
                   {{"BucketName", bucket->name}});
  }
  return empty_answer(204);
}

Operations::Answer Operations::get_bucket_location(const Request& request) {
  const auto bucket = allowed_bucket(request, "GetBucketLocation");
  if (!bucket) return std::unexpected(bucket.error());
  wire::XmlWriter xml;
  xml.open("LocationConstraint", k_xmlns);
  if (bucket->region != k_default_region) {
    xml.text(catalog_.config(*bucket, "location").value_or(bucket->region));
  }
  return xml_answer(xml.finish());
}

}  // namespace sortie::emulator::s3
