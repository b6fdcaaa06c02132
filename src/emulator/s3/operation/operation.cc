#include "emulator/s3/operation/operation.h"

#include <fmt/format.h>

#include "emulator/core/refusal.h"
#include "wire/date.h"

namespace sortie::emulator::s3 {
namespace {

/// `BUCKET.s3.amazonaws.com` leads to the bucket's region whichever that is: no redirect can help there.
bool is_global_endpoint(const Request& request) {
  std::string_view host = request.header("host");
  host = host.substr(0, host.find(':'));
  return !request.call.virtual_bucket.empty() && host.ends_with(".s3.amazonaws.com");
}

Failure wrong_region(const Request& request, const Bucket& bucket) {
  const std::string what = fmt::format("the region '{}' is wrong; expecting '{}'", request.call.region, bucket.region);
  const bool in_query = request.call.signature == Call::Signature::query;
  return s3_fail(
      400, in_query ? "AuthorizationQueryParametersError" : "AuthorizationHeaderMalformed",
      (in_query ? "Error parsing the X-Amz-Credential parameter; " : "The authorization header is malformed; ") + what,
      {{"Region", bucket.region}, {"x-amz-bucket-region", bucket.region}});
}

Failure permanent_redirect(const Bucket& bucket) {
  return s3_fail(301, "PermanentRedirect",
                 "The bucket you are attempting to access must be addressed using the specified endpoint. Please send "
                 "all future requests to this endpoint.",
                 {{"Endpoint", fmt::format("{}.s3.{}.amazonaws.com", bucket.name, bucket.region)},
                  {"Bucket", bucket.name},
                  {"x-amz-bucket-region", bucket.region}});
}

/// Version 2 signatures and unsigned requests name no region.
AwsResult<void> check_region(const Request& request, const Bucket& bucket) {
  if (request.call.signature_version == "AWS" && !takes_signature_v2(bucket.region)) {
    return Failure(refuse_signature_v2());
  }
  const bool elsewhere = request.call.signature_version.starts_with("AWS4") && request.call.region != bucket.region;
  if (!elsewhere || request.parameter("location")) return {};
  return is_global_endpoint(request) ? wrong_region(request, bucket) : permanent_redirect(bucket);
}

/// The error for a read that meets a delete marker.
Failure is_delete_marker(const Request& request, const Object& marker, std::string_view version) {
  AwsError error = version.empty() ? no_such_key(marker.key).error()
                                   : method_not_allowed(request.call.request.method, "DeleteMarker").error();
  error.fields.emplace_back("x-amz-delete-marker", "true");
  error.fields.emplace_back("x-amz-version-id", marker.version);
  if (!version.empty()) {
    error.fields.emplace_back("Allow", "DELETE");
    error.fields.emplace_back("Last-Modified", wire::format_http_date(marker.modified));
  }
  return Failure(std::move(error));
}

}  // namespace

AwsResult<void> Operation::allow(const Bucket& bucket, std::string_view action, std::string_view key,
                                 ContextKeys context) const {
  return access.allow(request, bucket, action, key, std::move(context));
}

AwsResult<Bucket> open_bucket(const Operation& operation) {
  const Request& request = operation.request;
  const auto owner = request.headers().get("x-amz-expected-bucket-owner");
  if (owner && (owner->size() != 12 || owner->find_first_not_of("0123456789") != std::string_view::npos)) {
    return s3_fail(
        400, "InvalidBucketOwnerAWSAccountID",
        fmt::format("The value of the expected bucket owner parameter must be an AWS Account ID... [{}]", *owner));
  }
  auto bucket = operation.catalog.find_bucket(request.bucket);
  if (!bucket) return no_such_bucket(request.bucket);
  if (owner && *owner != request.call.account) return access_denied();
  RETURN_IF_ERROR(check_region(request, *bucket));
  return *std::move(bucket);
}

AwsResult<Bucket> allowed_bucket(const Operation& operation, std::string_view action, ContextKeys context) {
  ASSIGN_OR_RETURN(auto bucket, open_bucket(operation));
  RETURN_IF_ERROR(operation.allow(bucket, action, {}, std::move(context)));
  return bucket;
}

AwsResult<Bucket> allowed_key(const Operation& operation, std::string_view action, ContextKeys context) {
  ASSIGN_OR_RETURN(auto bucket, open_bucket(operation));
  RETURN_IF_ERROR(operation.allow(bucket, action, operation.request.key, std::move(context)));
  return bucket;
}

AwsResult<Object> existing_object(const Operation& operation, const Bucket& bucket, const std::string& key,
                                  std::string_view version) {
  auto object = operation.catalog.find_object(bucket, key, version);
  if (object && !object->marker) return *std::move(object);
  RETURN_IF_ERROR(operation.allow(bucket, "ListBucket"));
  if (object) return is_delete_marker(operation.request, *object, version);
  if (version.empty()) return no_such_key(key);
  if (version != k_null_version && version.size() != 32) {
    return invalid_argument("versionId", version, "Invalid version id specified");
  }
  return no_such_version(key, version);
}

}  // namespace sortie::emulator::s3
