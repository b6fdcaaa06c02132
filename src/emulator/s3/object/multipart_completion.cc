#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/number.h"
#include "emulator/s3/bucket/bucket_notifications.h"
#include "emulator/s3/object/locks.h"
#include "emulator/s3/object/object_answers.h"
#include "emulator/s3/object/rows.h"
#include "emulator/s3/protocol/body.h"
#include "wire/checksum.h"
#include "wire/xml.h"

/// CompleteMultipartUpload.
namespace sortie::emulator::s3 {
namespace {

constexpr int k_max_part = 10'000;
constexpr std::uint64_t k_min_part_bytes = 5ULL * 1024 * 1024;

struct NamedPart {
  int number = 0;
  std::string etag;
  Fields checksums;  ///< by element, `ChecksumCRC32`
};

std::string without_quotes(std::string text) {
  std::erase(text, '"');
  return text;
}

Failure no_parts() {
  return invalid_request("You must specify at least one part");
}

AwsResult<std::vector<NamedPart>> read_part_list(std::string_view xml, std::string_view upload) {
  if (xml.empty()) return no_parts();
  const auto document = wire::XmlDocument::parse(xml);
  if (!document || document->root().name() != "CompleteMultipartUpload") return malformed_xml();
  std::vector<NamedPart> parts;
  for (const auto& node : document->root().children("Part")) {
    NamedPart part;
    const std::string number = node.child_text("PartNumber");
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), part.number);
    if (error != std::errc{} || end != number.data() + number.size() || !node.child("ETag")) return malformed_xml();
    part.etag = without_quotes(node.child_text("ETag"));
    for (const auto& child : node.children()) {
      if (child.name().starts_with("Checksum")) part.checksums.emplace_back(child.name(), child.text());
    }
    if (!parts.empty() && part.number <= parts.back().number) {
      return s3_fail(400, "InvalidPartOrder",
                     "The list of parts was not in ascending order. Parts must be ordered by part number.",
                     {{"UploadId", std::string(upload)}});
    }
    parts.push_back(std::move(part));
  }
  if (parts.empty()) return no_parts();
  return parts;
}

Failure invalid_part(const NamedPart& part, const Upload& upload) {
  return s3_fail(400, "InvalidPart",
                 "One or more of the specified parts could not be found.  The part may not have been uploaded, or the "
                 "specified entity tag may not match the part's entity tag.",
                 {{"UploadId", upload.id}, {"PartNumber", fmt::to_string(part.number)}, {"ETag", part.etag}});
}

AwsResult<void> check_part_checksum(const NamedPart& named, const Part& part, const Upload& upload) {
  const auto& agreed = upload.traits.checksum;
  if (!agreed) {
    if (!named.checksums.empty()) return invalid_part(named, upload);
    return {};
  }
  const std::string element = fmt::format("Checksum{}", wire::to_string(agreed->algorithm));
  bool there = false;
  for (const auto& [name, value] : named.checksums) {
    if (name != element) {
      const auto other = wire::checksum_algorithm_from(std::string_view(name).substr(8));
      return s3_fail(400, "BadDigest",
                     fmt::format("The {} you specified for part {} did not match what we received.",
                                 other ? lower_name(*other) : name, named.number));
    }
    if (value != part.checksum) return invalid_part(named, upload);
    there = true;
  }
  if (!there && agreed->composite) {
    return invalid_request(
        fmt::format("The upload was created using a {} checksum. The complete request must include "
                    "the checksum for each part. It was missing for part {} in the request.",
                    lower_name(agreed->algorithm), named.number));
  }
  return {};
}

/// The parts named, all of them there, equal and large enough.
AwsResult<std::vector<Part>> match_parts(const std::vector<NamedPart>& named, const std::vector<Part>& uploaded,
                                         const Upload& upload) {
  std::vector<Part> chosen;
  for (const NamedPart& part : named) {
    const auto found = std::ranges::lower_bound(uploaded, part.number, {}, &Part::number);
    if (found == uploaded.end() || found->number != part.number || found->etag != part.etag) {
      return invalid_part(part, upload);
    }
    RETURN_IF_ERROR(check_part_checksum(part, *found, upload));
    chosen.push_back(*found);
  }
  for (std::size_t i = 0; i + 1 < chosen.size(); ++i) {
    if (chosen[i].size >= k_min_part_bytes) continue;
    return s3_fail(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size",
                   {{"ProposedSize", fmt::to_string(chosen[i].size)},
                    {"MinSizeAllowed", fmt::to_string(k_min_part_bytes)},
                    {"PartNumber", fmt::to_string(chosen[i].number)},
                    {"ETag", chosen[i].etag}});
  }
  return chosen;
}

std::string etag_of(const std::vector<Part>& parts) {
  std::string digests;
  for (const Part& part : parts) digests += wire::hex_decode(part.etag).value_or("");
  return fmt::format("{}-{}", wire::hex_encode(wire::checksum(ChecksumAlgorithm::md5, digests)), parts.size());
}

ObjectChecksum checksum_of(const std::vector<Part>& parts, const std::optional<ObjectChecksum>& agreed) {
  ObjectChecksum result = agreed.value_or(ObjectChecksum{});
  std::string joined;
  for (const Part& part : parts) {
    const std::string raw = wire::base64_decode(part.checksum).value_or("");
    if (result.composite) {
      joined += raw;
    } else {
      joined = joined.empty() ? raw : join_crc(result.algorithm, joined, raw, part.size);
    }
  }
  if (result.composite) {
    result.value = fmt::format("{}-{}", wire::base64_encode(wire::checksum(result.algorithm, joined)), parts.size());
  } else {
    result.value = wire::base64_encode(joined);
  }
  return result;
}

/// `x-amz-mp-object-size`, what the sender believes it has uploaded.
AwsResult<void> check_whole_size(const Request& request, std::uint64_t size) {
  const auto text = request.headers().get("x-amz-mp-object-size");
  if (!text) return {};
  const auto parsed = parse_number<std::uint64_t>(*text);
  if (!parsed) {
    return invalid_request("Value for x-amz-mp-object-size header is invalid.");
  }
  const std::uint64_t expected = *parsed;
  if (expected == size) return {};
  return invalid_request(fmt::format(
      "The provided 'x-amz-mp-object-size' header value {} does not match what was computed: {}", expected, size));
}

/// What names a completion: the parts asked for.
std::string summary_of(const std::vector<NamedPart>& parts) {
  std::string text;
  for (const NamedPart& part : parts) text += fmt::format("{} {}\n", part.number, part.etag);
  return wire::sha256_hex(text);
}

/// The checksum headers of the request that completes an upload.
AwsResult<void> check_completion(const Request& request, const Upload& upload, const ObjectChecksum& result) {
  const auto& agreed = upload.traits.checksum;
  const std::string_view mode = !agreed ? "null" : agreed->composite ? "COMPOSITE" : "FULL_OBJECT";
  const std::string_view type = request.header("x-amz-checksum-type");
  if (!type.empty() && type != mode) {
    return invalid_request(fmt::format(
        "The upload was created using the {} checksum mode. The complete request must use the same checksum mode.",
        mode));
  }
  ASSIGN_OR_RETURN(const auto demand, read_digest_demand(request.headers()));
  if (demand.value && agreed && !agreed->composite) {
    if (*demand.algorithm != result.algorithm || wire::base64_encode(*demand.value) != result.value) {
      return s3_fail(
          400, "BadDigest",
          fmt::format("The {} you specified did not match the calculated checksum.", lower_name(result.algorithm)));
    }
  }
  return {};
}

http::Response completion_answer(const Operation& operation, const Bucket& bucket, const Completion& completion) {
  const Request& request = operation.request;
  wire::XmlWriter xml;
  xml.open("CompleteMultipartUploadResult", k_xmlns).element("Location", location_of(request));
  xml.element("Bucket", bucket.name).element("Key", request.key).element("ETag", in_quotes(completion.etag));
  if (const auto& checksum = completion.checksum) {
    xml.element(fmt::format("Checksum{}", wire::to_string(checksum->algorithm)), checksum->value);
    xml.element("ChecksumType", checksum->composite ? "COMPOSITE" : "FULL_OBJECT");
  }
  auto response = xml_answer(xml.finish());
  if (!completion.sealed) add_encryption(response, {});
  if (bucket.versioning != Versioning::never) response.headers.add("x-amz-version-id", completion.version);
  // It may have gone since.
  if (const auto object = operation.catalog.find_object(bucket, request.key, completion.version)) {
    add_expiration(response, operation, bucket, *object);
  }
  return response;
}

/// The same answer again for a client that did not get it, else NoSuchUpload.
Answer answer_again(const Operation& operation, const Bucket& bucket, std::string_view body) {
  const std::string id = operation.request.parameter_or("uploadId");
  const auto completion = operation.catalog.completion(bucket, operation.request.key, id);
  if (!completion || operation.now() - completion->completed > k_completions_known) return no_such_upload(id);
  ASSIGN_OR_RETURN(const auto named, read_part_list(body, id));
  if (summary_of(named) != completion->parts) return no_such_upload(id);
  return completion_answer(operation, bucket, *completion);
}

/// If-Match and If-None-Match; an object that was written since the upload began is a conflict.
AwsResult<void> check_conditions(const Operation& operation, const Bucket& bucket, const Upload& upload) {
  const Request& request = operation.request;
  const auto existing = operation.catalog.find_object(bucket, request.key);
  RETURN_IF_ERROR(check_write(request.headers(), validators_of(existing), request.key));
  if (!request.headers().contains("if-match") || !existing || existing->sequence <= upload.sequence) return {};
  return s3_fail(409, "ConditionalRequestConflict",
                 "The conditional request cannot succeed due to a conflicting operation against this resource.",
                 {{"Condition", "If-Match"}, {"Key", request.key}});
}

/// The object in place of its upload.
Completion keep(const Operation& operation, const Bucket& bucket, const Upload& upload, Object object,
                const std::vector<Part>& parts, std::string summary) {
  ContentStore::Change change(operation.contents);
  for (const Part& part : parts) change.retain(part.content);
  operation.catalog.put_object(change, bucket, object, parts);
  operation.catalog.protections().set(
      object, with_default(operation, operation.catalog.protections().of(upload), bucket, object.modified));
  operation.catalog.remove_upload(change, upload);
  Completion completion{std::move(summary),     object.version,  object.etag,
                        object.traits.checksum, object.modified, upload.seal.has_value()};
  operation.catalog.remember(upload, completion);
  operation.notifications.send(operation.request, bucket, "ObjectCreated:CompleteMultipartUpload", object);
  change.commit();
  return completion;
}

Answer complete(const Operation& operation, const Bucket& bucket, const Upload& upload, std::string_view body) {
  const Request& request = operation.request;
  if (names_customer_key(request.headers())) {  // it is not needed here, but must not be another one
    RETURN_IF_ERROR(key_for_part(request.headers(), upload.seal));
  }
  ASSIGN_OR_RETURN(const auto named, read_part_list(body, upload.id));
  ASSIGN_OR_RETURN(const auto parts, match_parts(named, operation.catalog.upload_parts(upload, 0, k_max_part), upload));
  const ObjectChecksum checksum = checksum_of(parts, upload.traits.checksum);
  RETURN_IF_ERROR(check_completion(request, upload, checksum));
  RETURN_IF_ERROR(check_conditions(operation, bucket, upload));
  Object object;
  object.key = request.key;
  for (const Part& part : parts) object.size += part.size;
  RETURN_IF_ERROR(check_whole_size(request, object.size));
  object.etag = etag_of(parts);
  object.modified = operation.now();
  object.traits = upload.traits;
  object.traits.checksum = checksum;
  const auto completion = keep(operation, bucket, upload, std::move(object), parts, summary_of(named));
  return completion_answer(operation, bucket, completion);
}

Task<Answer> complete_multipart_upload(Operation& operation) {
  Request& request = operation.request;
  auto body = co_await request.call.request.body.read_all(k_max_document);
  if (!body) co_return s3_fail(400, "MaxMessageLengthExceeded", "Your request was too big.");
  ASSIGN_OR_CO_RETURN(const auto bucket,
                      allowed_key(operation, "PutObject", upload_context(request, {}, operation.now())));
  const auto upload = operation.catalog.find_upload(bucket, request.key, request.parameter_or("uploadId"));
  co_return upload ? complete(operation, bucket, *upload, *body) : answer_again(operation, bucket, *body);
}

constexpr Row k_rows[] = {
    {"CompleteMultipartUpload", complete_multipart_upload, on_object("POST", "uploadId")},
};

}  // namespace

std::span<const Row> completion_operations() {
  return k_rows;
}

}  // namespace sortie::emulator::s3
