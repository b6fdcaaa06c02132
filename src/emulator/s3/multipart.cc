#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "emulator/s3/operations.h"
#include "wire/date.h"
#include "wire/xml.h"

/// Multipart uploads, but for their completion.
namespace sortie::emulator::s3 {
namespace {

constexpr int k_max_part = 10'000;

AwsResult<int> read_part_number(const Request& request) {
  const std::string text = request.parameter_or("partNumber");
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < 1 || number > k_max_part) {
    return invalid_argument("partNumber", text, "Part number must be an integer between 1 and 10000, inclusive");
  }
  return number;
}

/// The checksum an upload agrees on: algorithm and type.
AwsResult<std::optional<ObjectChecksum>> read_agreement(const Request& request) {
  const auto algorithm = read_checksum_algorithm(request.headers(), "x-amz-checksum-algorithm");
  if (!algorithm) return std::unexpected(algorithm.error());
  const std::string_view type = request.header("x-amz-checksum-type");
  if (!*algorithm) {
    if (!type.empty()) {
      return invalid_request(
          "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.");
    }
    return std::nullopt;
  }
  ObjectChecksum agreed{**algorithm, {}, **algorithm != ChecksumAlgorithm::crc64nvme};
  if (type.empty()) return agreed;
  if (type != "COMPOSITE" && type != "FULL_OBJECT") {
    return invalid_request("Value for x-amz-checksum-type header is invalid.");
  }
  agreed.composite = type == "COMPOSITE";
  const bool possible = agreed.composite ? **algorithm != ChecksumAlgorithm::crc64nvme : is_crc(**algorithm);
  if (!possible) {
    return invalid_request(fmt::format("The {} checksum type cannot be used with the {} checksum algorithm.", type,
                                       lower_name(**algorithm)));
  }
  return agreed;
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

}  // namespace

Operations::Answer Operations::create_multipart_upload(const Request& request) {
  const auto tags = read_tag_header(request.header("x-amz-tagging"));
  const auto bucket = allowed_key(request, "PutObject", upload_context(request, tags.value_or(Tags())));
  if (!bucket) return std::unexpected(bucket.error());
  if (request.call.principal.kind == Principal::Kind::anonymous) {
    return s3_fail(403, "AccessDenied", "Anonymous users cannot initiate multipart uploads.  Please authenticate.");
  }
  const auto key = read_customer_key(request.headers());
  if (!key) return std::unexpected(key.error());
  auto traits = read_traits(request.headers());
  if (!traits) return std::unexpected(traits.error());
  const auto guard = asked_guard(request, *bucket, "PutObject", upload_context(request, traits->tags));
  if (!guard) return std::unexpected(guard.error());
  const auto agreed = read_agreement(request);
  if (!agreed) return std::unexpected(agreed.error());
  if (request.headers().contains("x-amz-tagging")) {
    auto allowed = allow(request, *bucket, "PutObjectTagging", request.key, upload_context(request, traits->tags));
    if (!allowed) return std::unexpected(allowed.error());
  }
  Upload upload{{}, bucket->id, 0, request.key, now(), request.call.principal.arn, *std::move(traits), {}};
  upload.traits.checksum = *agreed;
  set_sealed(upload.traits, key->has_value());
  if (*key) upload.seal = (*key)->make_seal();
  {
    ContentStore::Change change(contents_);
    catalog_.create_upload(upload);
    catalog_.set_guard(upload, *guard);
    change.commit();
  }
  wire::XmlWriter xml;
  xml.open("InitiateMultipartUploadResult", k_xmlns);
  xml.element("Bucket", bucket->name).element("Key", request.key).element("UploadId", upload.id);
  auto response = xml_answer(xml.finish());
  add_encryption(response, *key);
  if (*agreed) {
    response.headers.add("x-amz-checksum-algorithm", std::string(wire::to_string((*agreed)->algorithm)));
    response.headers.add("x-amz-checksum-type", (*agreed)->composite ? "COMPOSITE" : "FULL_OBJECT");
  }
  return response;
}

Task<Operations::Answer> Operations::upload_part(Request& request) {
  const auto bucket = allowed_key(request, "PutObject", upload_context(request, {}));
  if (!bucket) co_return std::unexpected(bucket.error());
  const auto number = read_part_number(request);
  if (!number) co_return std::unexpected(number.error());
  const std::string id = request.parameter_or("uploadId");
  auto upload = catalog_.find_upload(*bucket, request.key, id);
  if (!upload) co_return no_such_upload(id);
  const auto key = key_for_part(request.headers(), upload->seal);
  if (!key) co_return std::unexpected(key.error());
  const auto demand = read_digest_demand(request.headers());
  if (!demand) co_return std::unexpected(demand.error());
  if (auto brought = check_lock_digest(*bucket, catalog_.guard(*upload), *demand, "Part"); !brought) {
    co_return std::unexpected(brought.error());
  }
  const auto& agreed = upload->traits.checksum;
  if (agreed && demand->algorithm && *demand->algorithm != agreed->algorithm) {
    co_return invalid_request(
        fmt::format("Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}",
                    lower_name(agreed->algorithm), lower_name(*demand->algorithm)));
  }
  http::Body& body = request.call.request.body;
  if (!body.length()) {
    co_return s3_fail(411, "MissingContentLength", "You must provide the Content-Length HTTP header.");
  }
  auto received = co_await contents_.receive(std::move(body), part_algorithms(*upload, *demand), k_max_upload, *key);
  if (!received) co_return std::unexpected(received.error());
  if (auto checked = check_digests(*demand, received->digests, request.call.trailers.get()); !checked) {
    co_return std::unexpected(checked.error());
  }
  upload = catalog_.find_upload(*bucket, request.key, id);
  if (!upload) co_return no_such_upload(id);

  Part part = make_part(*number, *received, *upload, now());
  const auto shown = demand->algorithm ? demand->algorithm : agreed ? std::optional(agreed->algorithm) : std::nullopt;
  auto response = empty_answer(200);
  response.headers.add("ETag", in_quotes(part.etag));
  add_encryption(response, *key);
  if (shown) {
    response.headers.add(std::string(wire::checksum_header(*shown)), wire::base64_encode(received->digests.of(*shown)));
  }
  ContentStore::Change change(contents_);
  part.content = change.add(*std::move(received));
  catalog_.put_part(change, *upload, part);
  change.commit();
  co_return response;
}

Task<Operations::Answer> Operations::upload_part_copy(Request& request) {
  const auto bucket = allowed_key(request, "PutObject", upload_context(request, {}));
  if (!bucket) co_return std::unexpected(bucket.error());
  const auto number = read_part_number(request);
  if (!number) co_return std::unexpected(number.error());
  const std::string id = request.parameter_or("uploadId");
  auto upload = catalog_.find_upload(*bucket, request.key, id);
  if (!upload) co_return no_such_upload(id);
  const auto key = key_for_part(request.headers(), upload->seal);
  if (!key) co_return std::unexpected(key.error());
  const auto source = copy_source(request);
  if (!source) co_return std::unexpected(source.error());
  ByteRange range{0, source->object.size};
  if (const auto text = request.headers().get("x-amz-copy-source-range")) {
    const auto asked = read_range(*text, source->object.size);
    // Unlike a GET, a copy takes the range as it stands or not at all.
    const bool exact = asked && *asked && text->ends_with(fmt::format("-{}", (*asked)->first + (*asked)->size - 1));
    if (!exact) {
      co_return invalid_argument(
          "x-amz-copy-source-range", *text,
          asked && !*asked
              ? "The x-amz-copy-source-range value must be of the form bytes=first-last where first and "
                "last are the zero-based offsets of the first and last bytes to copy"
              : fmt::format("Range specified is not valid for source object of size: {}", source->object.size));
    }
    range = **asked;
  }
  auto bytes = contents_.open(pieces_of(source->parts, range.first, range.size), source->key);
  auto received = co_await contents_.receive(std::move(bytes), part_algorithms(*upload, {}), k_max_upload, *key);
  if (!received) co_return std::unexpected(received.error());
  upload = catalog_.find_upload(*bucket, request.key, id);
  if (!upload) co_return no_such_upload(id);

  Part part = make_part(*number, *received, *upload, now());
  {
    ContentStore::Change change(contents_);
    part.content = change.add(*std::move(received));
    catalog_.put_part(change, *upload, part);
    change.commit();
  }
  wire::XmlWriter xml;
  xml.open("CopyPartResult", k_xmlns).element("LastModified", wire::format_iso8601_millis(part.modified));
  xml.element("ETag", in_quotes(part.etag));
  if (const auto& agreed = upload->traits.checksum) {
    xml.element(fmt::format("Checksum{}", wire::to_string(agreed->algorithm)), part.checksum);
  }
  auto response = xml_answer(xml.finish());
  add_encryption(response, *key);
  if (source->object.version != k_null_version) {
    response.headers.add("x-amz-copy-source-version-id", source->object.version);
  }
  co_return response;
}

Operations::Answer Operations::abort_multipart_upload(const Request& request) {
  const auto bucket = allowed_key(request, "AbortMultipartUpload");
  if (!bucket) return std::unexpected(bucket.error());
  const std::string id = request.parameter_or("uploadId");
  const auto upload = catalog_.find_upload(*bucket, request.key, id);
  if (!upload) return no_such_upload(id);
  ContentStore::Change change(contents_);
  catalog_.remove_upload(change, *upload);
  change.commit();
  return empty_answer(204);
}

Operations::Answer Operations::list_parts(const Request& request) {
  const auto bucket = allowed_key(request, "ListMultipartUploadParts");
  if (!bucket) return std::unexpected(bucket.error());
  const std::string id = request.parameter_or("uploadId");
  const auto upload = catalog_.find_upload(*bucket, request.key, id);
  if (!upload) return no_such_upload(id);
  const auto limit = read_count(request, "max-parts", 1000);
  if (!limit) return std::unexpected(limit.error());
  const auto after = read_count(request, "part-number-marker", std::numeric_limits<std::int32_t>::max());
  if (!after) return std::unexpected(after.error());
  const int marker = request.parameter_or("part-number-marker").empty() ? 0 : static_cast<int>(*after);
  auto parts = catalog_.upload_parts(*upload, marker, *limit + 1);
  const bool truncated = parts.size() > *limit;
  if (truncated) parts.pop_back();

  const auto& agreed = upload->traits.checksum;
  wire::XmlWriter xml;
  xml.open("ListPartsResult", k_xmlns).element("Bucket", bucket->name).element("Key", request.key);
  xml.element("UploadId", id);
  write_initiator(xml, upload->initiator, request.call.account);
  xml.open("Owner").element("ID", owner_id(request.call.account)).close();
  xml.element("StorageClass", upload->traits.storage_class).element("PartNumberMarker", count(marker));
  xml.element("NextPartNumberMarker", count(parts.empty() ? 0 : parts.back().number));
  xml.element("MaxParts", count(*limit)).element("IsTruncated", truncated);
  if (agreed) {
    xml.element("ChecksumAlgorithm", wire::to_string(agreed->algorithm));
    xml.element("ChecksumType", agreed->composite ? "COMPOSITE" : "FULL_OBJECT");
  }
  for (const Part& part : parts) {
    xml.open("Part").element("PartNumber", count(part.number));
    xml.element("LastModified", wire::format_iso8601_millis(part.modified)).element("ETag", in_quotes(part.etag));
    xml.element("Size", count(part.size));
    if (agreed) xml.element(fmt::format("Checksum{}", wire::to_string(agreed->algorithm)), part.checksum);
    xml.close();
  }
  return xml_answer(xml.finish());
}

}  // namespace sortie::emulator::s3
