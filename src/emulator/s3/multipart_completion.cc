#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "emulator/s3/operations.h"
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
    if (auto checked = check_part_checksum(part, *found, upload); !checked) return std::unexpected(checked.error());
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
  std::uint64_t expected = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), expected);
  if (error != std::errc{} || end != text->data() + text->size()) {
    return invalid_request("Value for x-amz-mp-object-size header is invalid.");
  }
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
  const auto demand = read_digest_demand(request.headers());
  if (!demand) return std::unexpected(demand.error());
  if (demand->value && agreed && !agreed->composite) {
    if (*demand->algorithm != result.algorithm || wire::base64_encode(*demand->value) != result.value) {
      return s3_fail(
          400, "BadDigest",
          fmt::format("The {} you specified did not match the calculated checksum.", lower_name(result.algorithm)));
    }
  }
  return {};
}
}  // namespace

Task<Operations::Answer> Operations::complete_multipart_upload(Request& request) {
  auto body = co_await request.call.request.body.read_all(k_max_document);
  if (!body) co_return s3_fail(400, "MaxMessageLengthExceeded", "Your request was too big.");
  const auto bucket = allowed_key(request, "PutObject", upload_context(request, {}));
  if (!bucket) co_return std::unexpected(bucket.error());
  const std::string id = request.parameter_or("uploadId");
  const auto upload = catalog_.find_upload(*bucket, request.key, id);
  if (!upload) co_return completed_before(request, *bucket, *body);
  if (names_customer_key(request.headers())) {  // it is not needed here, but must not be another one
    if (const auto key = key_for_part(request.headers(), upload->seal); !key) co_return std::unexpected(key.error());
  }
  const auto named = read_part_list(*body, id);
  if (!named) co_return std::unexpected(named.error());
  const auto uploaded = catalog_.upload_parts(*upload, 0, k_max_part);
  const auto parts = match_parts(*named, uploaded, *upload);
  if (!parts) co_return std::unexpected(parts.error());
  const ObjectChecksum checksum = checksum_of(*parts, upload->traits.checksum);
  if (auto checked = check_completion(request, *upload, checksum); !checked) {
    co_return std::unexpected(checked.error());
  }
  const auto existing = catalog_.find_object(*bucket, request.key);
  if (auto holds = check_write(request.headers(), current(existing), request.key); !holds) {
    co_return std::unexpected(holds.error());
  }
  if (request.headers().contains("if-match") && existing && existing->sequence > upload->sequence) {
    co_return s3_fail(409, "ConditionalRequestConflict",
                      "The conditional request cannot succeed due to a conflicting operation against this resource.",
                      {{"Condition", "If-Match"}, {"Key", request.key}});
  }

  Object object;
  object.key = request.key;
  for (const Part& part : *parts) object.size += part.size;
  if (auto fits = check_whole_size(request, object.size); !fits) co_return std::unexpected(fits.error());
  object.etag = etag_of(*parts);
  object.modified = now();
  object.traits = upload->traits;
  object.traits.checksum = checksum;
  Completion completion;
  {
    ContentStore::Change change(contents_);
    for (const Part& part : *parts) change.retain(part.content);
    catalog_.put_object(change, *bucket, object, *parts);
    catalog_.set_guard(object, with_default(catalog_.guard(*upload), *bucket, object.modified));
    catalog_.remove_upload(change, *upload);
    completion = {summary_of(*named), object.version, object.etag, checksum, object.modified, upload->seal.has_value()};
    catalog_.remember(*upload, completion);
    notify(request, *bucket, "ObjectCreated:CompleteMultipartUpload", object);
    change.commit();
  }
  co_return completion_answer(request, *bucket, completion);
}

Operations::Answer Operations::completed_before(const Request& request, const Bucket& bucket, std::string_view body) {
  const std::string id = request.parameter_or("uploadId");
  const auto completion = catalog_.completion(bucket, request.key, id);
  if (!completion || now() - completion->completed > k_completions_known) return no_such_upload(id);
  const auto named = read_part_list(body, id);
  if (!named) return std::unexpected(named.error());
  if (summary_of(*named) != completion->parts) return no_such_upload(id);
  return completion_answer(request, bucket, *completion);
}

http::Response Operations::completion_answer(const Request& request, const Bucket& bucket,
                                             const Completion& completion) {
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
  if (const auto object = catalog_.find_object(bucket, request.key, completion.version)) {
    add_expiration(response, bucket, *object);
  }
  return response;
}
}  // namespace sortie::emulator::s3
