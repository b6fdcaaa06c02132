#include <fmt/format.h>

#include "base/number.h"
#include "emulator/s3/object/copy_origin.h"
#include "emulator/s3/object/locks.h"
#include "emulator/s3/object/object_answers.h"
#include "emulator/s3/object/rows.h"
#include "wire/checksum.h"
#include "wire/date.h"
#include "wire/xml.h"

/// UploadPart, UploadPartCopy.
namespace sortie::emulator::s3 {
namespace {

constexpr int k_max_part = 10'000;

AwsResult<int> read_part_number(const Request& request) {
  const std::string text = request.parameter_or("partNumber");
  const auto parsed = parse_number<int>(text);
  if (!parsed || *parsed < 1 || *parsed > k_max_part) {
    return invalid_argument("partNumber", text, "Part number must be an integer between 1 and 10000, inclusive");
  }
  const int number = *parsed;
  return number;
}

/// What a part's bytes are hashed with: the upload's algorithm and the sender's.
std::vector<ChecksumAlgorithm> part_algorithms(const Upload& upload, const DigestDemand& demand) {
  std::vector<ChecksumAlgorithm> algorithms{upload.traits.checksum.value_or(ObjectChecksum{}).algorithm};
  if (demand.algorithm) algorithms.push_back(*demand.algorithm);
  return algorithms;
}

Part make_part(int number, const Received& received, const Upload& upload, SystemTime now) {
  const auto algorithm = upload.traits.checksum.value_or(ObjectChecksum{}).algorithm;
  const std::string checksum = wire::base64_encode(received.digests.of(algorithm));
  std::string etag = received.seal ? make_opaque_etag() : wire::hex_encode(received.digests.md5);
  return {number, 0, received.size, checksum, std::move(etag), now};
}

/// The part that a request is about.
struct PartRequest {
  Bucket bucket;
  int number = 0;
  Upload upload;
  std::optional<CustomerKey> key;
};

AwsResult<Upload> find_upload(const Operation& operation, const Bucket& bucket) {
  const std::string id = operation.request.parameter_or("uploadId");
  auto upload = operation.catalog.find_upload(bucket, operation.request.key, id);
  if (!upload) return no_such_upload(id);
  return *std::move(upload);
}

AwsResult<PartRequest> read_part(const Operation& operation) {
  const Request& request = operation.request;
  PartRequest part;
  ASSIGN_OR_RETURN(part.bucket, allowed_key(operation, "PutObject", upload_context(request, {}, operation.now())));
  ASSIGN_OR_RETURN(part.number, read_part_number(request));
  ASSIGN_OR_RETURN(part.upload, find_upload(operation, part.bucket));
  ASSIGN_OR_RETURN(part.key, key_for_part(request.headers(), part.upload.seal));
  return part;
}

/// The upload may have been completed or aborted while the bytes came.
AwsResult<Part> keep(const Operation& operation, const PartRequest& wanted, Received received) {
  ASSIGN_OR_RETURN(const auto upload, find_upload(operation, wanted.bucket));
  Part part = make_part(wanted.number, received, upload, operation.now());
  ContentStore::Change change(operation.contents);
  part.content = change.add(std::move(received));
  operation.catalog.put_part(change, upload, part);
  change.commit();
  return part;
}

AwsResult<void> check_algorithm(const DigestDemand& demand, const std::optional<ObjectChecksum>& agreed) {
  if (!agreed || !demand.algorithm || *demand.algorithm == agreed->algorithm) return {};
  return invalid_request(
      fmt::format("Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}",
                  lower_name(agreed->algorithm), lower_name(*demand.algorithm)));
}

Task<Answer> upload_part(Operation& operation) {
  Request& request = operation.request;
  ASSIGN_OR_CO_RETURN(const auto wanted, read_part(operation));
  ASSIGN_OR_CO_RETURN(const auto demand, read_digest_demand(request.headers()));
  CO_RETURN_IF_ERROR(
      check_lock_digest(operation, wanted.bucket, operation.catalog.protections().of(wanted.upload), demand, "Part"));
  const auto& agreed = wanted.upload.traits.checksum;
  CO_RETURN_IF_ERROR(check_algorithm(demand, agreed));
  http::Body& body = request.call.request.body;
  if (!body.length()) {
    co_return s3_fail(411, "MissingContentLength", "You must provide the Content-Length HTTP header.");
  }
  ASSIGN_OR_CO_RETURN(auto received,
                      co_await operation.contents.receive(std::move(body), part_algorithms(wanted.upload, demand),
                                                          k_max_upload, wanted.key));
  CO_RETURN_IF_ERROR(check_digests(demand, received.digests, request.call.trailers.get()));
  const Digests::Values digests = received.digests;
  ASSIGN_OR_CO_RETURN(const auto part, keep(operation, wanted, std::move(received)));
  auto response = empty_answer(200);
  response.headers.add("ETag", in_quotes(part.etag));
  add_encryption(response, wanted.key);
  const auto shown = demand.algorithm ? demand.algorithm : agreed ? std::optional(agreed->algorithm) : std::nullopt;
  if (shown) {
    response.headers.add(std::string(wire::checksum_header(*shown)), wire::base64_encode(digests.of(*shown)));
  }
  co_return response;
}

/// Unlike a GET, a copy takes the range as it stands or not at all.
AwsResult<ByteRange> read_copy_range(const Request& request, std::uint64_t size) {
  const auto text = request.headers().get("x-amz-copy-source-range");
  if (!text) return ByteRange{0, size};
  const auto range = read_range(*text, size);
  if (range && *range && text->ends_with(fmt::format("-{}", (*range)->first + (*range)->size - 1))) return **range;
  return invalid_argument(
      "x-amz-copy-source-range", *text,
      range && !*range ? "The x-amz-copy-source-range value must be of the form bytes=first-last where first and "
                         "last are the zero-based offsets of the first and last bytes to copy"
                       : fmt::format("Range specified is not valid for source object of size: {}", size));
}

Task<Answer> upload_part_copy(Operation& operation) {
  ASSIGN_OR_CO_RETURN(const auto wanted, read_part(operation));
  ASSIGN_OR_CO_RETURN(const auto origin, read_copy_origin(operation));
  ASSIGN_OR_CO_RETURN(const auto range, read_copy_range(operation.request, origin.object.size));
  auto bytes = operation.contents.open(pieces_of(origin.parts, range.first, range.size), origin.key);
  ASSIGN_OR_CO_RETURN(auto received,
                      co_await operation.contents.receive(std::move(bytes), part_algorithms(wanted.upload, {}),
                                                          k_max_upload, wanted.key));
  ASSIGN_OR_CO_RETURN(const auto part, keep(operation, wanted, std::move(received)));
  wire::XmlWriter xml;
  xml.open("CopyPartResult", k_xmlns).element("LastModified", wire::format_iso8601_millis(part.modified));
  xml.element("ETag", in_quotes(part.etag));
  if (const auto& agreed = wanted.upload.traits.checksum) {
    xml.element(fmt::format("Checksum{}", wire::to_string(agreed->algorithm)), part.checksum);
  }
  auto response = xml_answer(xml.finish());
  add_encryption(response, wanted.key);
  add_origin_version(response, origin);
  co_return response;
}

constexpr Row k_rows[] = {
    {"UploadPartCopy", upload_part_copy, on_object("PUT", "uploadId", "x-amz-copy-source")},
    {"UploadPart", upload_part, on_object("PUT", "uploadId")},
};

}  // namespace

std::span<const Row> part_operations() {
  return k_rows;
}

}  // namespace sortie::emulator::s3
