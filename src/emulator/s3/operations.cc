#include "emulator/s3/operations.h"

#include <fmt/format.h>

#include <algorithm>

#include "emulator/core/protocol.h"
#include "emulator/core/random.h"
#include "emulator/core/refusal.h"
#include "emulator/s3/absent.h"
#include "emulator/s3/configurations.h"
#include "emulator/s3/documents.h"
#include "emulator/s3/expiry.h"
#include "wire/checksum.h"
#include "wire/date.h"
#include "wire/xml.h"

namespace sortie::emulator::s3 {
namespace {

Failure method_not_allowed(const Request& request, std::string_view resource) {
  return s3_fail(405, "MethodNotAllowed", "The specified method is not allowed against this resource.",
                 {{"Method", request.call.request.method}, {"ResourceType", std::string(resource)}});
}

/// `BUCKET.s3.amazonaws.com` leads to the bucket's region whichever that is: no redirect can help there.
bool is_at_the_bucket(const Request& request) {
  std::string_view host = request.header("host");
  host = host.substr(0, host.find(':'));
  return !request.call.virtual_bucket.empty() && host.ends_with(".s3.amazonaws.com");
}

/// The actions whose policies may ask for the tags that the object has (`s3:ExistingObjectTag/KEY`).
/// An upload's own tags and list are for an object that is not there yet.
bool sees_existing_tags(const Request& request, std::string_view action) {
  const bool puts = action.starts_with("Put");
  if (puts && !request.parameter("tagging") && !request.parameter("acl")) return false;
  static constexpr std::string_view k_actions[] = {
      "GetObject",           "GetObjectVersion",          "GetObjectAttributes", "GetObjectVersionAttributes",
      "GetObjectAcl",        "GetObjectVersionAcl",       "PutObjectAcl",        "PutObjectVersionAcl",
      "GetObjectTagging",    "GetObjectVersionTagging",   "PutObjectTagging",    "PutObjectVersionTagging",
      "DeleteObjectTagging", "DeleteObjectVersionTagging"};
  return std::ranges::find(k_actions, action) != std::end(k_actions);
}

/// What the account's root may do whatever a bucket policy says, or a policy that denies everyone could never be
/// undone.
bool is_about_policy(std::string_view action) {
  return action == "GetBucketPolicy" || action == "PutBucketPolicy" || action == "DeleteBucketPolicy";
}

Failure wrong_region(const Request& request, const Bucket& bucket) {
  const std::string what = fmt::format("the region '{}' is wrong; expecting '{}'", request.call.region, bucket.region);
  const bool in_query = request.call.signature == Call::Signature::query;
  return s3_fail(
      400, in_query ? "AuthorizationQueryParametersError" : "AuthorizationHeaderMalformed",
      (in_query ? "Error parsing the X-Amz-Credential parameter; " : "The authorization header is malformed; ") + what,
      {{"Region", bucket.region}, {"x-amz-bucket-region", bucket.region}});
}

}  // namespace

http::Response xml_answer(std::string document, int status) {
  http::Response response;
  response.status = status;
  response.headers.add("Content-Type", "application/xml");
  response.body = std::move(document);
  return response;
}

http::Response empty_answer(int status) {
  http::Response response;
  response.status = status;
  return response;
}

std::string in_quotes(std::string_view etag) {
  return fmt::format("\"{}\"", etag);
}

std::string owner_id(std::string_view account) {
  return wire::sha256_hex(fmt::format("canonical-user/{}", account));
}

std::string location_of(const Request& request) {
  const http::Request& http = request.call.request;
  const std::string host(http.headers.get_or("host", http::authority(http)));
  const std::string key = wire::uri_encode(request.key, wire::Slash::keep);
  if (!request.call.virtual_bucket.empty()) return fmt::format("{}://{}/{}", http.scheme, host, key);
  return fmt::format("{}://{}/{}/{}", http.scheme, host, request.bucket, key);
}

void write_initiator(wire::XmlWriter& xml, std::string_view arn, std::string_view account) {
  const auto resource = arn.substr(arn.rfind(':') + 1);
  const auto slash = resource.find('/');
  const bool is_root = slash == std::string_view::npos;
  // A user goes by the last part of its path, a role's session by `ROLE/SESSION`.
  const bool is_user = resource.starts_with("user/");
  xml.open("Initiator").element("ID", is_root ? owner_id(account) : std::string(arn));
  xml.element("DisplayName", is_root   ? resource
                             : is_user ? resource.substr(resource.rfind('/') + 1)
                                       : resource.substr(slash + 1));
  xml.close();
}

void set_sealed(ObjectTraits& traits, bool sealed) {
  std::erase_if(traits.headers, [](const auto& field) { return field.first == k_customer_algorithm; });
  if (sealed) traits.headers.emplace_back(k_customer_algorithm, "AES256");
}

std::string make_opaque_etag() {
  return wire::hex_encode(random_bytes(16));
}

void add_checksum(http::Response& response, const ObjectChecksum& checksum) {
  response.headers.add(std::string(wire::checksum_header(checksum.algorithm)), checksum.value);
  response.headers.add("x-amz-checksum-type", checksum.composite ? "COMPOSITE" : "FULL_OBJECT");
}

void add_version(http::Response& response, const Bucket& bucket, const Object& object) {
  if (bucket.versioning != Versioning::never) response.headers.add("x-amz-version-id", object.version);
}

std::vector<Piece> pieces_of(const std::vector<Part>& parts, std::uint64_t first, std::uint64_t size) {
  std::vector<Piece> pieces;
  for (const Part& part : parts) {
    if (size == 0) break;
    if (first >= part.size) {
      first -= part.size;
      continue;
    }
    const std::uint64_t taken = std::min(size, part.size - first);
    pieces.push_back({part.content, first, taken});
    size -= taken;
    first = 0;
  }
  return pieces;
}

Operations::Operations(const Clock& clock, Store& store, Authorizer& authorizer, BlockingPool& pool)
    : clock_(clock),
      authorizer_(authorizer),
      statements_(store.db()),
      catalog_(store, statements_),
      contents_(store, statements_, pool) {}

// Dispatch ------------------------------------------------------------------------------------------------------------

Task<Operations::Answer> Operations::run(Request& request) {
  if (request.call.request.method == "OPTIONS") co_return preflight(request);
  if (request.bucket.empty()) {
    if (request.call.request.method != "GET") co_return method_not_allowed(request, "SERVICE");
    co_return list_buckets(request);
  }
  if (request.key.empty()) co_return co_await run_on_bucket(request);
  co_return co_await run_on_object(request);
}

Task<Operations::Answer> Operations::run_on_bucket(Request& request) {
  const std::string& method = request.call.request.method;
  for (const auto* name : {"policy", "policyStatus", "publicAccessBlock", "versioning", "tagging", "acl"}) {
    if (request.parameter(name)) co_return co_await run_on_config(request, name);
  }
  for (const auto& [name, value] : request.query) {
    if (const DocumentKind* kind = find_document_kind(name)) co_return co_await run_on_document(request, *kind);
    const ConfigurationKind* by_id = find_configuration_kind(name);
    if (by_id != nullptr && (method == "GET" || method == "PUT" || method == "DELETE")) {
      co_return co_await run_on_configuration(request, *by_id);
    }
  }
  if (method == "GET" && request.parameter("location")) co_return get_bucket_location(request);
  if (method == "GET" && request.parameter("versions")) co_return list_object_versions(request);
  if (method == "GET" && request.parameter("uploads")) co_return list_multipart_uploads(request);
  if (method == "POST" && request.parameter("delete")) co_return co_await delete_objects(request);
  if (const auto absent = absent_operation(request)) co_return Failure(*absent);
  if (method == "GET") co_return list_objects(request, request.parameter_or("list-type") == "2");
  if (method == "HEAD") co_return head_bucket(request);
  if (method == "PUT") co_return co_await create_bucket(request);
  if (method == "DELETE") co_return delete_bucket(request);
  if (method == "POST") co_return co_await post_object(request);
  co_return method_not_allowed(request, "BUCKET");
}

Task<Operations::Answer> Operations::run_on_config(Request& request, std::string_view name) {
  const std::string& method = request.call.request.method;
  const bool get = method == "GET";
  const bool put = method == "PUT";
  const bool remove = method == "DELETE";
  if (name == "policy") {
    if (get) co_return get_bucket_policy(request);
    if (put) co_return co_await put_bucket_policy(request);
    if (remove) co_return delete_bucket_policy(request);
  }
  if (name == "policyStatus" && get) co_return get_bucket_policy_status(request);
  if (name == "publicAccessBlock") {
    if (get) co_return get_public_access_block(request);
    if (put) co_return co_await put_public_access_block(request);
    if (remove) co_return delete_public_access_block(request);
  }
  if (name == "versioning") {
    if (get) co_return get_bucket_versioning(request);
    if (put) co_return co_await put_bucket_versioning(request);
  }
  if (name == "tagging") {
    if (get) co_return get_bucket_tagging(request);
    if (put) co_return co_await put_bucket_tagging(request);
    if (remove) co_return delete_bucket_tagging(request);
  }
  if (name == "acl" && get) co_return get_acl(request);
  if (name == "acl" && put) co_return co_await put_acl(request);
  co_return method_not_allowed(request, "BUCKET");
}

Task<Operations::Answer> Operations::run_on_document(Request& request, const DocumentKind& kind) {
  const std::string& method = request.call.request.method;
  if (method == "GET") co_return get_document(request, kind);
  // The one document that names others, who are asked.
  if (method == "PUT" && kind.subresource == "notification") co_return co_await put_notification(request);
  if (method == "PUT") co_return co_await put_document(request, kind);
  if (method == "DELETE" && kind.deletable) co_return delete_document(request, kind);
  co_return method_not_allowed(request, "BUCKET");
}

Task<Operations::Answer> Operations::run_on_object(Request& request) {
  const std::string& method = request.call.request.method;
  const bool upload = request.parameter("uploadId").has_value();
  const bool copy = request.headers().contains("x-amz-copy-source");
  if (request.parameter("tagging")) {
    if (method == "GET") co_return get_object_tagging(request);
    if (method == "PUT") co_return co_await put_object_tagging(request);
    if (method == "DELETE") co_return delete_object_tagging(request);
  }
  if (request.parameter("acl")) {
    if (method == "GET") co_return get_acl(request);
    if (method == "PUT") co_return co_await put_acl(request);
  }
  if (request.parameter("retention")) {
    if (method == "GET") co_return get_object_retention(request);
    if (method == "PUT") co_return co_await put_object_retention(request);
  }
  if (request.parameter("legal-hold")) {
    if (method == "GET") co_return get_object_legal_hold(request);
    if (method == "PUT") co_return co_await put_object_legal_hold(request);
  }
  if (method == "GET" && request.parameter("attributes")) co_return get_object_attributes(request);
  if (method == "POST" && request.parameter("uploads")) co_return create_multipart_upload(request);
  if (const auto absent = absent_operation(request)) co_return Failure(*absent);
  if (method == "GET") co_return upload ? list_parts(request) : get_object(request, false);
  if (method == "HEAD") co_return get_object(request, true);
  if (method == "PUT" && upload) {
    if (copy) co_return co_await upload_part_copy(request);
    co_return co_await upload_part(request);
  }
  if (method == "PUT") {
    if (copy) co_return co_await copy_object(request);
    co_return co_await put_object(request);
  }
  if (method == "DELETE") co_return upload ? abort_multipart_upload(request) : delete_object(request);
  if (method == "POST" && upload) co_return co_await complete_multipart_upload(request);
  co_return method_not_allowed(request, "OBJECT");
}

// Shared --------------------------------------------------------------------------------------------------------------

AwsResult<Bucket> Operations::open_bucket(const Request& request) {
  const auto owner = request.headers().get("x-amz-expected-bucket-owner");
  if (owner && (owner->size() != 12 || owner->find_first_not_of("0123456789") != std::string_view::npos)) {
    return s3_fail(
        400, "InvalidBucketOwnerAWSAccountID",
        fmt::format("The value of the expected bucket owner parameter must be an AWS Account ID... [{}]", *owner));
  }
  auto bucket = catalog_.find_bucket(request.bucket);
  if (!bucket) return no_such_bucket(request.bucket);
  if (owner && *owner != request.call.account) return access_denied();
  if (request.call.signature_version == "AWS" && !takes_signature_v2(bucket->region)) {
    return Failure(refuse_signature_v2());
  }
  // Version 2 signatures and unsigned requests name no region.
  if (request.call.signature_version.starts_with("AWS4") && request.call.region != bucket->region &&
      !request.parameter("location")) {
    if (is_at_the_bucket(request)) return wrong_region(request, *bucket);
    return s3_fail(301, "PermanentRedirect",
                   "The bucket you are attempting to access must be addressed using the specified endpoint. Please "
                   "send all future requests to this endpoint.",
                   {{"Endpoint", fmt::format("{}.s3.{}.amazonaws.com", bucket->name, bucket->region)},
                    {"Bucket", bucket->name},
                    {"x-amz-bucket-region", bucket->region}});
  }
  return *std::move(bucket);
}

void Operations::add_existing_tags(AuthorizationRequest& question, const Bucket& bucket, const std::string& key) {
  std::string version;
  for (const auto& [name, value] : question.context) {
    if (name == "s3:VersionId") version = value;
  }
  const auto object = catalog_.find_object(bucket, key, version);
  if (!object) return;
  for (const auto& [name, value] : object->traits.tags) {
    question.context.emplace_back("s3:ExistingObjectTag/" + name, value);
  }
}

AwsResult<void> Operations::allow(const Request& request, const Bucket& bucket, std::string_view action,
                                  std::string_view key, Context context) {
  if (request.call.principal.kind == Principal::Kind::root && is_about_policy(action)) return {};
  const bool anonymous = request.call.principal.kind == Principal::Kind::anonymous;
  if (anonymous && bucket.id != 0 && requester_pays(bucket)) {
    return access_denied();  // who is not known cannot be charged
  }
  AuthorizationRequest question;
  question.action = fmt::format("s3:{}", action);
  question.resource =
      key.empty() ? fmt::format("arn:aws:s3:::{}", bucket.name) : fmt::format("arn:aws:s3:::{}/{}", bucket.name, key);
  question.resource_account = request.call.account;
  if (bucket.id != 0) question.resource_policy = catalog_.config(bucket, "policy").value_or("");
  question.context = std::move(context);
  auto add = [&](const char* name, std::string_view value) {
    if (!value.empty()) question.context.emplace_back(name, value);
  };
  const Call& call = request.call;
  if (call.signature == Call::Signature::header) add("s3:authType", "REST-HEADER");
  if (call.signature == Call::Signature::query) add("s3:authType", "REST-QUERY-STRING");
  if (call.signature == Call::Signature::form) add("s3:authType", "POST");
  add("s3:signatureversion", call.signature_version);
  if (call.signature != Call::Signature::none) {
    add("s3:signatureAge", fmt::to_string((now() - call.signed_at).count()));
  }
  add("s3:x-amz-content-sha256", request.header("x-amz-content-sha256"));
  add("s3:ResourceAccount", call.account);
  add("s3:VersionId", request.parameter_or("versionId"));
  if (bucket.id != 0 && sees_existing_tags(request, action)) add_existing_tags(question, bucket, std::string(key));
  return decide(request, bucket, std::move(question), std::string(key));
}

AwsResult<Bucket> Operations::allowed_bucket(const Request& request, std::string_view action, Context context) {
  auto bucket = open_bucket(request);
  if (!bucket) return bucket;
  if (auto allowed = allow(request, *bucket, action, {}, std::move(context)); !allowed) {
    return std::unexpected(allowed.error());
  }
  return bucket;
}

AwsResult<Bucket> Operations::allowed_key(const Request& request, std::string_view action, Context context) {
  auto bucket = open_bucket(request);
  if (!bucket) return bucket;
  if (auto allowed = allow(request, *bucket, action, request.key, std::move(context)); !allowed) {
    return std::unexpected(allowed.error());
  }
  return bucket;
}

AwsResult<Object> Operations::existing_object(const Request& request, const Bucket& bucket, const std::string& key,
                                              std::string_view version) {
  auto object = catalog_.find_object(bucket, key, version);
  if (object && !object->marker) return *std::move(object);
  if (auto allowed = allow(request, bucket, "ListBucket"); !allowed) return std::unexpected(allowed.error());
  if (object) {
    const std::string& method = request.call.request.method;
    AwsError error =
        version.empty() ? no_such_key(key).error()
                        : s3_fail(405, "MethodNotAllowed", "The specified method is not allowed against this resource.",
                                  {{"Method", method}, {"ResourceType", "DeleteMarker"}})
                              .error();
    error.fields.emplace_back("x-amz-delete-marker", "true");
    error.fields.emplace_back("x-amz-version-id", object->version);
    if (!version.empty()) {
      error.fields.emplace_back("Allow", "DELETE");
      error.fields.emplace_back("Last-Modified", wire::format_http_date(object->modified));
    }
    return Failure(std::move(error));
  }
  if (version.empty()) return no_such_key(key);
  if (version != k_null_version && version.size() != 32) {
    return invalid_argument("versionId", version, "Invalid version id specified");
  }
  return no_such_version(key, version);
}

void Operations::add_expiration(http::Response& response, const Bucket& bucket, const Object& object) {
  const auto expiration = expiration_of(catalog_.config(bucket, "lifecycle").value_or(""), object);
  if (expiration) response.headers.add("x-amz-expiration", *expiration);
}

Operations::Context Operations::upload_context(const Request& request, const Tags& tags) const {
  Context context;
  if (const auto lock = read_lock_headers(request.headers(), now())) context = lock_context(*lock, now());
  for (const auto* name :
       {"x-amz-acl", "x-amz-grant-full-control", "x-amz-grant-read", "x-amz-grant-read-acp", "x-amz-grant-write",
        "x-amz-grant-write-acp", "x-amz-server-side-encryption", "x-amz-server-side-encryption-customer-algorithm",
        "x-amz-storage-class", "x-amz-copy-source", "x-amz-metadata-directive", "x-amz-website-redirect-location",
        "if-match", "if-none-match"}) {
    if (const auto value = request.headers().get(name)) context.emplace_back(fmt::format("s3:{}", name), *value);
  }
  for (const auto& [key, value] : tags) {
    context.emplace_back("s3:RequestObjectTag/" + key, value);
    context.emplace_back("s3:RequestObjectTagKeys", key);
  }
  return context;
}

AwsResult<void> Operations::check_digest_sent(const Request& request, std::string_view headers) {
  const auto demand = read_digest_demand(request.headers());
  if (!demand) return std::unexpected(demand.error());
  if (demand->content_md5 || demand->algorithm) return {};
  return invalid_request(fmt::format("Missing required header for this request: {}", headers));
}

Task<AwsResult<std::string>> Operations::read_body(Request& request, std::size_t limit) {
  auto demand = read_digest_demand(request.headers());
  if (!demand) co_return std::unexpected(demand.error());
  auto body = co_await request.call.request.body.read_all(limit);
  if (!body) {
    const Error& error = body.error();
    if (!error.code.empty()) co_return s3_fail(400, error.code, error.message);
    if (request.call.request.body.length().value_or(0) > limit) {
      co_return s3_fail(400, "MaxMessageLengthExceeded", "Your request was too big.");
    }
    co_return s3_fail(400, "IncompleteBody",
                      "You did not provide the number of bytes specified by the Content-Length HTTP header");
  }
  std::vector<ChecksumAlgorithm> algorithms;
  if (demand->algorithm) algorithms.push_back(*demand->algorithm);
  Digests digests(algorithms);
  digests.update(*body);
  if (auto checked = check_digests(*demand, digests.finish(), request.call.trailers.get()); !checked) {
    co_return std::unexpected(checked.error());
  }
  co_return *std::move(body);
}

std::optional<Validators> Operations::current(const std::optional<Object>& object) const {
  if (!object || object->marker) return std::nullopt;
  return Validators{object->etag, object->modified};
}

}  // namespace sortie::emulator::s3
