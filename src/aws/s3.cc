#include "aws/s3.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "aws/s3_body.h"
#include "wire/date.h"
#include "wire/uri.h"
#include "wire/xml.h"

namespace sortie::aws {

namespace {

constexpr ServiceTraits k_traits{"S3", "s3", "s3", Protocol::rest_xml, false};
constexpr std::string_view k_xmlns = "http://s3.amazonaws.com/doc/2006-03-01/";

void put_headers(http::Headers& out, const ObjectHeaders& given) {
  const auto put = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) out.set(name, value);
  };
  put("Content-Type", given.content_type);
  put("Content-Encoding", given.content_encoding);
  put("Cache-Control", given.cache_control);
  put("x-amz-storage-class", given.storage_class);
  put("x-amz-server-side-encryption", given.server_side_encryption);
  put("x-amz-server-side-encryption-aws-kms-key-id", given.sse_kms_key_id);
  for (const auto& [name, value] : given.metadata) put("x-amz-meta-" + name, value);
}

/// A composite checksum (`…-3`) is one of parts' checksums: it cannot be compared with that of the bytes.
std::optional<StatedChecksum> read_checksum(const http::Headers& headers) {
  constexpr std::array algorithms = {wire::ChecksumAlgorithm::crc64nvme, wire::ChecksumAlgorithm::crc32c,
                                     wire::ChecksumAlgorithm::crc32, wire::ChecksumAlgorithm::sha256,
                                     wire::ChecksumAlgorithm::sha1};
  if (http::iequals(headers.get_or("x-amz-checksum-type", ""), "COMPOSITE")) return std::nullopt;
  for (const auto algorithm : algorithms) {
    const auto value = headers.get(wire::checksum_header(algorithm));
    if (value && !value->contains('-')) return StatedChecksum{algorithm, std::string(*value)};
  }
  return std::nullopt;
}

ObjectInfo read_info(const http::Headers& headers, std::optional<std::uint64_t> body_length) {
  ObjectInfo info;
  const auto text = [&](std::string_view name) { return std::string(headers.get_or(name, "")); };
  info.size = body_length.value_or(0);
  if (const auto length = headers.get("content-length"))
    info.size = std::strtoull(std::string(*length).c_str(), nullptr, 10);
  info.content_range = text("content-range");
  info.has_end = body_length || headers.contains("content-length") || headers.contains("transfer-encoding");
  info.etag = text("etag");
  info.version_id = text("x-amz-version-id");
  info.content_type = text("content-type");
  info.last_modified = wire::parse_http_date(text("last-modified"));
  info.checksum = read_checksum(headers);
  constexpr std::string_view prefix = "x-amz-meta-";
  for (const auto& [name, value] : headers) {
    if (name.size() > prefix.size() && http::iequals(std::string_view(name).substr(0, prefix.size()), prefix)) {
      info.metadata.emplace(name.substr(prefix.size()), value);
    }
  }
  return info;
}

void put_conditions(Operation& call, const GetObjectRequest& request) {
  if (!request.version_id.empty()) call.query = wire::build_query({{"versionId", request.version_id}});
  if (!request.range.empty()) call.headers.set("Range", request.range);
  if (!request.if_match.empty()) call.headers.set("If-Match", request.if_match);
  if (!request.if_none_match.empty()) call.headers.set("If-None-Match", request.if_none_match);
  if (request.want_checksum) call.headers.set("x-amz-checksum-mode", "ENABLED");
}

Task<Result<void>> call_without_answer(Client client, Operation operation) {
  CO_RETURN_IF_ERROR(co_await client.call(std::move(operation)));
  co_return Result<void>();
}

std::string decoded(const wire::XmlNode& node, bool url_encoded) {
  return url_encoded ? wire::uri_decode_lenient(node.text(), wire::Plus::is_space) : node.text();
}

ListObjectsPage read_page(const wire::XmlNode& root) {
  ListObjectsPage page;
  const bool url = root.child_text("EncodingType") == "url";
  for (const auto& item : root.children("Contents")) {
    ObjectSummary object;
    object.key = decoded(item.child("Key"), url);
    object.size = std::strtoull(item.child_text("Size").c_str(), nullptr, 10);
    object.etag = item.child_text("ETag");
    object.last_modified = wire::parse_iso8601(item.child_text("LastModified"));
    object.storage_class = item.child_text("StorageClass");
    page.objects.push_back(std::move(object));
  }
  for (const auto& item : root.children("CommonPrefixes")) {
    page.common_prefixes.push_back(decoded(item.child("Prefix"), url));
  }
  if (root.child_text("IsTruncated") == "true") page.next_token = root.child_text("NextContinuationToken");
  return page;
}

std::string complete_document(const std::vector<CompletedPart>& parts,
                              std::optional<wire::ChecksumAlgorithm> algorithm) {
  wire::XmlWriter xml;
  xml.open("CompleteMultipartUpload", k_xmlns);
  for (const auto& part : parts) {
    xml.open("Part").element("PartNumber", static_cast<long long>(part.number)).element("ETag", part.etag);
    if (algorithm && !part.checksum.empty()) {
      xml.element(fmt::format("Checksum{}", wire::to_string(*algorithm)), part.checksum);
    }
    xml.close();
  }
  return xml.finish();
}

std::string part_query(int number, const std::string& upload_id) {
  return wire::build_query({{"partNumber", std::to_string(number)}, {"uploadId", upload_id}});
}

void put_source(Operation& call, const CopySource& source) {
  call.headers.set("x-amz-copy-source", fmt::format("{}/{}", wire::uri_encode(source.bucket),
                                                    wire::uri_encode(source.key, wire::Slash::keep)));
  if (!source.if_match.empty()) call.headers.set("x-amz-copy-source-if-match", source.if_match);
}

/// The document of an answer that S3 begins before it knows its end: an error may be in a body under status 200.
Result<wire::XmlDocument> late_document(std::string_view what, const Reply& reply) {
  ASSIGN_OR_RETURN(auto document, wire::XmlDocument::parse(reply.body));
  if (document.root().name() != "Error") return document;
  return std::unexpected(read_error(Protocol::rest_xml, what, 500, reply.headers, reply.body));
}

/// The bytes of a document in the body and its `Content-MD5`, which S3 wants for some operations and all stores know.
void put_document(Operation& call, std::string document) {
  call.headers.set("Content-Type", "application/xml");
  call.headers.set("Content-MD5", wire::base64_encode(wire::checksum(wire::ChecksumAlgorithm::md5, document)));
  call.body = std::move(document);
}

}  // namespace

bool is_host_label(std::string_view bucket) {
  return bucket.size() >= 3 && bucket.size() <= 63 && std::all_of(bucket.begin(), bucket.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

S3::S3(ClientConfig config, S3Options options) : options_(options), client_(std::move(config), k_traits) {}

Operation S3::operation(std::string_view name, std::string_view method, const std::string& bucket,
                        const std::string& key) const {
  Operation out;
  out.name = name;
  out.method = method;
  out.anonymous = options_.anonymous;
  out.signature_version = options_.signature_version;
  const bool has_endpoint = client_.config().endpoint_url.has_value();
  const bool in_host = options_.addressing == AddressingStyle::virtual_host ||
                       (options_.addressing == AddressingStyle::automatic && !has_endpoint && is_host_label(bucket));
  if (in_host) {
    out.bucket_in_host = bucket;
    out.path = "/";
  } else {
    out.path = "/" + wire::uri_encode(bucket);
    if (!key.empty()) out.path += '/';
  }
  wire::append_uri_encoded(out.path, key, wire::Slash::keep);
  return out;
}

Task<Result<void>> S3::create_bucket(std::string bucket) {
  auto call = operation("CreateBucket", "PUT", bucket, "");
  const auto& region = client_.config().region;
  if (region != "us-east-1" && !region.empty()) {
    wire::XmlWriter xml;
    xml.open("CreateBucketConfiguration", k_xmlns).element("LocationConstraint", region);
    put_document(call, xml.finish());
  }
  return call_without_answer(client_, std::move(call));
}

Task<Result<void>> S3::delete_bucket(std::string bucket) {
  return call_without_answer(client_, operation("DeleteBucket", "DELETE", bucket, ""));
}

Task<Result<void>> S3::head_bucket(std::string bucket) {
  return call_without_answer(client_, operation("HeadBucket", "HEAD", bucket, ""));
}

Task<Result<PutObjectResponse>> S3::put_object(PutObjectRequest request) {
  auto call = operation("PutObject", "PUT", request.bucket, request.key);
  put_headers(call.headers, request.headers);
  if (!request.if_none_match.empty()) call.headers.set("If-None-Match", request.if_none_match);
  if (!request.if_match.empty()) call.headers.set("If-Match", request.if_match);
  put_body(call, std::move(request.body), options_);
  ASSIGN_OR_CO_RETURN(const auto reply, co_await client_.call(std::move(call)));
  co_return PutObjectResponse{std::string(reply.headers.get_or("etag", "")),
                              std::string(reply.headers.get_or("x-amz-version-id", ""))};
}

Task<Result<GetObjectResponse>> S3::get_object(GetObjectRequest request) {
  auto call = operation("GetObject", "GET", request.bucket, request.key);
  put_conditions(call, request);
  ASSIGN_OR_CO_RETURN(auto response, co_await client_.send(std::move(call)));
  GetObjectResponse out;
  out.info = read_info(response.headers, response.body.length());
  out.body = std::move(response.body);
  co_return out;
}

Task<Result<ObjectInfo>> S3::head_object(GetObjectRequest request) {
  auto call = operation("HeadObject", "HEAD", request.bucket, request.key);
  put_conditions(call, request);
  ASSIGN_OR_CO_RETURN(const auto reply, co_await client_.call(std::move(call)));
  co_return read_info(reply.headers, std::nullopt);
}

Task<Result<void>> S3::copy_object(CopySource source, std::string bucket, std::string key, ObjectHeaders headers) {
  auto call = operation("CopyObject", "PUT", bucket, key);
  put_headers(call.headers, headers);
  put_source(call, source);
  ASSIGN_OR_CO_RETURN(const auto reply, co_await client_.call(std::move(call)));
  CO_RETURN_IF_ERROR(late_document("S3 CopyObject", reply));
  co_return Result<void>();
}

Task<Result<CompletedPart>> S3::upload_part_copy(CopySource source, std::string range, std::string bucket,
                                                 std::string key, std::string upload_id, int part_number) {
  auto call = operation("UploadPartCopy", "PUT", bucket, key);
  call.query = part_query(part_number, upload_id);
  put_source(call, source);
  call.headers.set("x-amz-copy-source-range", range);
  ASSIGN_OR_CO_RETURN(const auto reply, co_await client_.call(std::move(call)));
  ASSIGN_OR_CO_RETURN(const auto document, late_document("S3 UploadPartCopy", reply));
  CompletedPart part{part_number, document.root().child_text("ETag"), ""};
  if (options_.upload_checksum) {
    part.checksum = document.root().child_text(fmt::format("Checksum{}", wire::to_string(*options_.upload_checksum)));
  }
  co_return part;
}

Task<Result<void>> S3::delete_object(std::string bucket, std::string key, std::string version_id) {
  auto call = operation("DeleteObject", "DELETE", bucket, key);
  if (!version_id.empty()) call.query = wire::build_query({{"versionId", version_id}});
  return call_without_answer(client_, std::move(call));
}

Task<Result<DeletedObjects>> S3::delete_objects(std::string bucket, std::vector<std::string> keys) {
  auto call = operation("DeleteObjects", "POST", bucket, "");
  call.query = "delete=";
  wire::XmlWriter xml;
  xml.open("Delete", k_xmlns);
  for (const auto& key : keys) xml.open("Object").element("Key", key).close();
  put_document(call, xml.finish());
  ASSIGN_OR_CO_RETURN(const auto reply, co_await client_.call(std::move(call)));
  ASSIGN_OR_CO_RETURN(const auto document, wire::XmlDocument::parse(reply.body));
  DeletedObjects out;
  for (const auto& item : document.root().children("Deleted")) out.deleted.push_back(item.child_text("Key"));
  for (const auto& item : document.root().children("Error")) {
    out.failed.push_back({item.child_text("Key"), item.child_text("Code"), item.child_text("Message")});
  }
  co_return out;
}

Task<Result<ListObjectsPage>> S3::list_objects_v2(ListObjectsRequest request) {
  auto call = operation("ListObjectsV2", "GET", request.bucket, "");
  std::vector<wire::QueryParameter> query = {{"list-type", "2"}, {"encoding-type", "url"}};
  const auto put = [&](const char* name, const std::string& value) {
    if (!value.empty()) query.emplace_back(name, value);
  };
  put("prefix", request.prefix);
  put("delimiter", request.delimiter);
  put("start-after", request.start_after);
  put("continuation-token", request.token);
  if (request.max_keys > 0) query.emplace_back("max-keys", std::to_string(request.max_keys));
  call.query = wire::build_query(query);
  ASSIGN_OR_CO_RETURN(const auto reply, co_await client_.call(std::move(call)));
  ASSIGN_OR_CO_RETURN(const auto document, wire::XmlDocument::parse(reply.body));
  co_return read_page(document.root());
}

Task<Result<std::string>> S3::create_multipart_upload(std::string bucket, std::string key, ObjectHeaders headers) {
  auto call = operation("CreateMultipartUpload", "POST", bucket, key);
  call.query = "uploads=";
  put_headers(call.headers, headers);
  if (options_.upload_checksum) {
    call.headers.set("x-amz-checksum-algorithm", std::string(wire::to_string(*options_.upload_checksum)));
  }
  ASSIGN_OR_CO_RETURN(const auto reply, co_await client_.call(std::move(call)));
  ASSIGN_OR_CO_RETURN(const auto document, wire::XmlDocument::parse(reply.body));
  auto id = document.root().child_text("UploadId");
  if (id.empty()) co_return fail(ErrorKind::protocol, "S3 CreateMultipartUpload: no upload id in the answer");
  co_return id;
}

Task<Result<CompletedPart>> S3::upload_part(std::string bucket, std::string key, std::string upload_id, int part_number,
                                            UploadBody body) {
  auto call = operation("UploadPart", "PUT", bucket, key);
  call.query = part_query(part_number, upload_id);
  put_body(call, std::move(body), options_);
  ASSIGN_OR_CO_RETURN(const auto reply, co_await client_.call(std::move(call)));
  CompletedPart part{part_number, std::string(reply.headers.get_or("etag", "")), ""};
  if (options_.upload_checksum) {
    part.checksum = reply.headers.get_or(wire::checksum_header(*options_.upload_checksum), "");
  }
  co_return part;
}

Task<Result<PutObjectResponse>> S3::complete_multipart_upload(std::string bucket, std::string key,
                                                              std::string upload_id, std::vector<CompletedPart> parts) {
  auto call = operation("CompleteMultipartUpload", "POST", bucket, key);
  call.query = wire::build_query({{"uploadId", upload_id}});
  call.headers.set("Content-Type", "application/xml");
  call.body = complete_document(parts, options_.upload_checksum);
  ASSIGN_OR_CO_RETURN(const auto reply, co_await client_.call(std::move(call)));
  ASSIGN_OR_CO_RETURN(const auto document, late_document("S3 CompleteMultipartUpload", reply));
  co_return PutObjectResponse{document.root().child_text("ETag"),
                              std::string(reply.headers.get_or("x-amz-version-id", ""))};
}

Task<Result<void>> S3::abort_multipart_upload(std::string bucket, std::string key, std::string upload_id) {
  auto call = operation("AbortMultipartUpload", "DELETE", bucket, key);
  call.query = wire::build_query({{"uploadId", upload_id}});
  return call_without_answer(client_, std::move(call));
}

Task<Result<std::string>> S3::presign(std::string method, std::string bucket, std::string key,
                                      std::chrono::seconds expires) {
  return client_.presign(operation("Presign", method, bucket, key), expires);
}

}  // namespace sortie::aws
