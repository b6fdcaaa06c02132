#include <fmt/format.h>

#include <limits>

#include "emulator/s3/object/locks.h"
#include "emulator/s3/object/rows.h"
#include "wire/checksum.h"
#include "wire/date.h"
#include "wire/xml.h"

/// CreateMultipartUpload, AbortMultipartUpload, ListParts.
namespace sortie::emulator::s3 {
namespace {

constexpr std::size_t k_max_page = 1000;

/// The checksum an upload agrees on: algorithm and type.
AwsResult<std::optional<ObjectChecksum>> read_agreement(const Request& request) {
  ASSIGN_OR_RETURN(const auto algorithm, read_checksum_algorithm(request.headers(), "x-amz-checksum-algorithm"));
  const std::string_view type = request.header("x-amz-checksum-type");
  if (!algorithm) {
    if (type.empty()) return std::nullopt;
    return invalid_request("The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.");
  }
  ObjectChecksum agreed{*algorithm, {}, *algorithm != ChecksumAlgorithm::crc64nvme};
  if (type.empty()) return agreed;
  if (type != "COMPOSITE" && type != "FULL_OBJECT") {
    return invalid_request("Value for x-amz-checksum-type header is invalid.");
  }
  agreed.composite = type == "COMPOSITE";
  const bool possible = agreed.composite ? *algorithm != ChecksumAlgorithm::crc64nvme : is_crc(*algorithm);
  if (!possible) {
    return invalid_request(fmt::format("The {} checksum type cannot be used with the {} checksum algorithm.", type,
                                       lower_name(*algorithm)));
  }
  return agreed;
}

/// The upload that is asked for and what protects it, each step allowed.
AwsResult<std::pair<Upload, ObjectProtection>> read_upload(const Operation& operation, const Bucket& bucket,
                                                           std::optional<CustomerKey>& key) {
  const Request& request = operation.request;
  if (request.call.principal.kind == Principal::Kind::anonymous) {
    return s3_fail(403, "AccessDenied", "Anonymous users cannot initiate multipart uploads.  Please authenticate.");
  }
  ASSIGN_OR_RETURN(key, read_customer_key(request.headers()));
  ASSIGN_OR_RETURN(auto traits, read_traits(request.headers()));
  const ContextKeys context = upload_context(request, traits.tags, operation.now());
  ASSIGN_OR_RETURN(auto protection, requested_protection(operation, bucket, "PutObject", context));
  ASSIGN_OR_RETURN(traits.checksum, read_agreement(request));
  if (request.headers().contains("x-amz-tagging")) {
    RETURN_IF_ERROR(operation.allow(bucket, "PutObjectTagging", request.key, context));
  }
  traits.set_sealed(key.has_value());
  Upload upload{{}, bucket.id, 0, request.key, operation.now(), request.call.principal.arn, std::move(traits), {}};
  if (key) upload.seal = key->make_seal();
  return std::pair(std::move(upload), std::move(protection));
}

Answer create_multipart_upload(Operation& operation) {
  const Request& request = operation.request;
  const auto tags = read_tag_header(request.header("x-amz-tagging"));
  ASSIGN_OR_RETURN(const auto bucket, allowed_key(operation, "PutObject",
                                                  upload_context(request, tags.value_or(Tags()), operation.now())));
  std::optional<CustomerKey> key;
  ASSIGN_OR_RETURN(auto wanted, read_upload(operation, bucket, key));
  auto& [upload, protection] = wanted;
  ContentStore::Change change(operation.contents);
  operation.catalog.create_upload(upload);
  operation.catalog.protections().set(upload, protection);
  change.commit();
  wire::XmlWriter xml;
  xml.open("InitiateMultipartUploadResult", k_xmlns);
  xml.element("Bucket", bucket.name).element("Key", request.key).element("UploadId", upload.id);
  auto response = xml_answer(xml.finish());
  add_encryption(response, key);
  if (const auto& agreed = upload.traits.checksum) {
    response.headers.add("x-amz-checksum-algorithm", std::string(wire::to_string(agreed->algorithm)));
    response.headers.add("x-amz-checksum-type", agreed->composite ? "COMPOSITE" : "FULL_OBJECT");
  }
  return response;
}

Answer abort_multipart_upload(Operation& operation) {
  ASSIGN_OR_RETURN(const auto bucket, allowed_key(operation, "AbortMultipartUpload"));
  const std::string id = operation.request.parameter_or("uploadId");
  const auto upload = operation.catalog.find_upload(bucket, operation.request.key, id);
  if (!upload) return no_such_upload(id);
  ContentStore::Change change(operation.contents);
  operation.catalog.remove_upload(change, *upload);
  change.commit();
  return empty_answer(204);
}

void write_part(wire::XmlWriter& xml, const Part& part, const std::optional<ObjectChecksum>& agreed) {
  xml.open("Part").element("PartNumber", count(part.number));
  xml.element("LastModified", wire::format_iso8601_millis(part.modified)).element("ETag", in_quotes(part.etag));
  xml.element("Size", count(part.size));
  if (agreed) xml.element(fmt::format("Checksum{}", wire::to_string(agreed->algorithm)), part.checksum);
  xml.close();
}

Answer list_parts(Operation& operation) {
  const Request& request = operation.request;
  ASSIGN_OR_RETURN(const auto bucket, allowed_key(operation, "ListMultipartUploadParts"));
  const std::string id = request.parameter_or("uploadId");
  const auto upload = operation.catalog.find_upload(bucket, request.key, id);
  if (!upload) return no_such_upload(id);
  ASSIGN_OR_RETURN(const auto limit, read_count(request, "max-parts", k_max_page));
  ASSIGN_OR_RETURN(const auto after,
                   read_count(request, "part-number-marker", std::numeric_limits<std::int32_t>::max()));
  const int marker = request.parameter_or("part-number-marker").empty() ? 0 : static_cast<int>(after);
  auto parts = operation.catalog.upload_parts(*upload, marker, limit + 1);
  const bool truncated = parts.size() > limit;
  if (truncated) parts.pop_back();

  const auto& agreed = upload->traits.checksum;
  wire::XmlWriter xml;
  xml.open("ListPartsResult", k_xmlns).element("Bucket", bucket.name).element("Key", request.key);
  xml.element("UploadId", id);
  write_initiator(xml, upload->initiator, request.call.account);
  xml.open("Owner").element("ID", owner_id(request.call.account)).close();
  xml.element("StorageClass", upload->traits.storage_class).element("PartNumberMarker", count(marker));
  xml.element("NextPartNumberMarker", count(parts.empty() ? 0 : parts.back().number));
  xml.element("MaxParts", count(limit)).element("IsTruncated", truncated);
  if (agreed) {
    xml.element("ChecksumAlgorithm", wire::to_string(agreed->algorithm));
    xml.element("ChecksumType", agreed->composite ? "COMPOSITE" : "FULL_OBJECT");
  }
  for (const Part& part : parts) write_part(xml, part, agreed);
  return xml_answer(xml.finish());
}

constexpr Row k_rows[] = {
    {"CreateMultipartUpload", at_once<create_multipart_upload>, on_object("POST", "uploads"), "KMS encryption"},
    {"AbortMultipartUpload", at_once<abort_multipart_upload>, on_object("DELETE", "uploadId")},
    {"ListParts", at_once<list_parts>, on_object("GET", "uploadId")},
};

}  // namespace

std::span<const Row> multipart_operations() {
  return k_rows;
}

}  // namespace sortie::emulator::s3
