#include <fmt/format.h>

#include <limits>

#include "emulator/s3/operations.h"
#include "emulator/s3/version_id.h"
#include "wire/date.h"
#include "wire/xml.h"

/// ListObjects, ListObjectsV2, ListObjectVersions, ListMultipartUploads.
namespace sortie::emulator::s3 {
namespace {

constexpr std::size_t k_max_page = 1000;

/// Keys as they are written: plain, or percent-encoded where the caller asked for it.
class KeyText {
 public:
  explicit KeyText(bool encoded) : encoded_(encoded) {}
  std::string operator()(std::string_view key) const {
    return encoded_ ? wire::uri_encode(key, wire::Slash::keep) : std::string(key);
  }
  [[nodiscard]] bool encoded() const { return encoded_; }

 private:
  bool encoded_;
};

AwsResult<KeyText> read_encoding(const Request& request) {
  const auto type = request.parameter("encoding-type");
  if (!type) return KeyText(false);
  if (*type != "url") return invalid_argument("encoding-type", *type, "Invalid Encoding Method specified in Request");
  return KeyText(true);
}

/// The common prefix a key falls under; empty when it stands for itself.
std::string_view common_prefix(std::string_view key, std::string_view prefix, std::string_view delimiter) {
  if (delimiter.empty() || !key.starts_with(prefix)) return {};
  const auto at = key.find(delimiter, prefix.size());
  return at == std::string_view::npos ? std::string_view() : key.substr(0, at + delimiter.size());
}

/// The first key behind all that start with `prefix`.
ListStart behind(std::string_view prefix) {
  std::string next(prefix);
  while (!next.empty() && static_cast<unsigned char>(next.back()) == 0xff) next.pop_back();
  if (!next.empty()) next.back() = static_cast<char>(static_cast<unsigned char>(next.back()) + 1);
  return {std::move(next), true};
}

/// A listing goes on behind `marker`; a marker that is a common prefix stands for all keys under it.
ListStart start_of(const std::string& prefix, const std::string& delimiter, const std::string& marker) {
  if (!marker.empty() && common_prefix(marker, prefix, delimiter) == marker) return behind(marker);
  if (marker < prefix) return {prefix, true};
  return {marker, marker.empty()};
}

struct Entry {
  std::string prefix;  ///< a common prefix, or
  Object object;       ///< an object
  [[nodiscard]] const std::string& name() const { return prefix.empty() ? object.key : prefix; }
};

struct Listing {
  std::vector<Entry> entries;
  bool truncated = false;
};

struct ListQuery {
  std::string prefix;
  std::string delimiter;
  std::string marker;
  std::size_t limit = k_max_page;
};

/// One page, a range scan for each common prefix: what lies under a prefix is stepped over, not read.
Listing list_page(Catalog& catalog, const Bucket& bucket, const ListQuery& query) {
  Listing page;
  if (query.limit == 0) return page;
  ListStart start = start_of(query.prefix, query.delimiter, query.marker);
  for (bool again = true; again;) {
    again = false;
    catalog.list(bucket, start, [&](Object object) {
      if (!object.key.starts_with(query.prefix)) return false;
      if (page.entries.size() == query.limit) {
        page.truncated = true;
        return false;
      }
      const std::string_view common = common_prefix(object.key, query.prefix, query.delimiter);
      if (common.empty()) {
        page.entries.push_back({{}, std::move(object)});
        return true;
      }
      start = behind(common);
      page.entries.push_back({std::string(common), {}});
      again = true;
      return false;
    });
  }
  return page;
}

void write_checksum(wire::XmlWriter& xml, const Object& object) {
  if (const auto& checksum = object.traits.checksum) {
    xml.element("ChecksumAlgorithm", wire::to_string(checksum->algorithm));
    xml.element("ChecksumType", checksum->composite ? "COMPOSITE" : "FULL_OBJECT");
  }
}

void write_owner(wire::XmlWriter& xml, std::string_view owner) {
  xml.open("Owner").element("ID", owner).close();
}

/// `owner` empty: it is not asked for.
void write_contents(wire::XmlWriter& xml, const KeyText& text, const Object& object, std::string_view owner) {
  xml.open("Contents").element("Key", text(object.key));
  xml.element("LastModified", wire::format_iso8601_millis(object.modified)).element("ETag", in_quotes(object.etag));
  write_checksum(xml, object);
  xml.element("Size", count(object.size));
  if (!owner.empty()) write_owner(xml, owner);
  xml.element("StorageClass", object.traits.storage_class).close();
}

void write_prefixes(wire::XmlWriter& xml, const KeyText& text, const std::vector<std::string>& prefixes) {
  for (const auto& prefix : prefixes) xml.open("CommonPrefixes").element("Prefix", text(prefix)).close();
}

std::vector<std::pair<std::string, std::string>> list_context(const Request& request) {
  std::vector<std::pair<std::string, std::string>> context;
  for (const auto* name : {"prefix", "delimiter", "max-keys"}) {
    if (const auto value = request.parameter(name)) context.emplace_back(fmt::format("s3:{}", name), *value);
  }
  return context;
}

}  // namespace

Operations::Answer Operations::list_objects(const Request& request, bool version_2) {
  const auto bucket = allowed_bucket(request, "ListBucket", list_context(request));
  if (!bucket) return std::unexpected(bucket.error());
  const auto text = read_encoding(request);
  if (!text) return std::unexpected(text.error());
  const auto limit = read_count(request, "max-keys", k_max_page);
  if (!limit) return std::unexpected(limit.error());
  ListQuery query{request.parameter_or("prefix"), request.parameter_or("delimiter"), {}, *limit};
  const auto token = request.parameter("continuation-token");
  if (version_2) {
    query.marker = request.parameter_or("start-after");
    if (token) {
      const auto marker = wire::base64_decode(*token);
      if (!marker || marker->empty()) {
        return invalid_argument("continuation-token", *token, "The continuation token provided is incorrect");
      }
      query.marker = *marker;
    }
  } else {
    query.marker = request.parameter_or("marker");
  }
  const Listing page = list_page(catalog_, *bucket, query);

  wire::XmlWriter xml;
  xml.open("ListBucketResult", k_xmlns).element("Name", bucket->name).element("Prefix", (*text)(query.prefix));
  if (version_2) {
    if (const auto after = request.parameter("start-after")) xml.element("StartAfter", (*text)(*after));
    if (token) xml.element("ContinuationToken", *token);
    if (page.truncated) xml.element("NextContinuationToken", wire::base64_encode(page.entries.back().name()));
    xml.element("KeyCount", count(page.entries.size()));
  } else {
    xml.element("Marker", (*text)(query.marker));
    if (page.truncated && !query.delimiter.empty()) xml.element("NextMarker", (*text)(page.entries.back().name()));
  }
  xml.element("MaxKeys", count(*limit));
  if (!query.delimiter.empty()) xml.element("Delimiter", (*text)(query.delimiter));
  if (text->encoded()) xml.element("EncodingType", "url");
  xml.element("IsTruncated", page.truncated);
  const bool with_owner = !version_2 || request.parameter_or("fetch-owner") == "true";
  const std::string account = with_owner ? owner_id(request.call.account) : std::string();
  const bool by_lists = with_owner && acls_count(*bucket);
  std::vector<std::string> prefixes;
  for (const Entry& entry : page.entries) {
    if (entry.prefix.empty()) {
      write_contents(xml, *text, entry.object, by_lists ? list_of(request, entry.object).owner : account);
    } else {
      prefixes.push_back(entry.prefix);
    }
  }
  write_prefixes(xml, *text, prefixes);
  return xml_answer(xml.finish());
}

std::optional<std::int64_t> Operations::sequence_behind(const Bucket& bucket, const std::string& key,
                                                        const std::string& version) {
  if (const auto at = catalog_.find_object(bucket, key, version)) return at->sequence;
  if (const auto gone = sequence_of(version)) return gone;
  // Where the null version was is not known any more: the key's others come again rather than not at all.
  if (version == k_null_version) return std::numeric_limits<std::int64_t>::max();
  return std::nullopt;
}

Operations::Answer Operations::list_object_versions(const Request& request) {
  const auto bucket = allowed_bucket(request, "ListBucketVersions", list_context(request));
  if (!bucket) return std::unexpected(bucket.error());
  const auto text = read_encoding(request);
  if (!text) return std::unexpected(text.error());
  const auto limit = read_count(request, "max-keys", k_max_page);
  if (!limit) return std::unexpected(limit.error());
  const ListQuery query{request.parameter_or("prefix"), request.parameter_or("delimiter"),
                        request.parameter_or("key-marker"), *limit};
  const std::string version_marker = request.parameter_or("version-id-marker");
  if (!version_marker.empty() && query.marker.empty()) {
    return invalid_argument("version-id-marker", version_marker,
                            "A version-id marker cannot be specified without a key marker.");
  }
  ListStart start = start_of(query.prefix, query.delimiter, query.marker);
  std::int64_t sequence = 0;
  if (!version_marker.empty()) {
    const auto behind_version = sequence_behind(*bucket, query.marker, version_marker);
    if (!behind_version) {
      return invalid_argument("version-id-marker", version_marker, "Invalid version id specified");
    }
    sequence = *behind_version;
  }

  std::vector<Entry> entries;
  bool truncated = false;
  for (bool again = *limit > 0; again;) {
    again = false;
    catalog_.list_versions(*bucket, start, sequence, [&](Object object) {
      if (!object.key.starts_with(query.prefix)) return object.key < query.prefix;
      if (entries.size() == *limit) {
        truncated = true;
        return false;
      }
      const std::string_view common = common_prefix(object.key, query.prefix, query.delimiter);
      if (common.empty()) {
        entries.push_back({{}, std::move(object)});
        return true;
      }
      start = behind(common);
      entries.push_back({std::string(common), {}});
      again = true;
      return false;
    });
  }

  wire::XmlWriter xml;
  xml.open("ListVersionsResult", k_xmlns).element("Name", bucket->name).element("Prefix", (*text)(query.prefix));
  xml.element("KeyMarker", (*text)(query.marker)).element("VersionIdMarker", version_marker);
  if (truncated) {
    xml.element("NextKeyMarker", (*text)(entries.back().name()));
    if (entries.back().prefix.empty()) xml.element("NextVersionIdMarker", entries.back().object.version);
  }
  xml.element("MaxKeys", count(*limit));
  if (!query.delimiter.empty()) xml.element("Delimiter", (*text)(query.delimiter));
  if (text->encoded()) xml.element("EncodingType", "url");
  xml.element("IsTruncated", truncated);
  const std::string account = owner_id(request.call.account);
  const bool by_lists = acls_count(*bucket);
  std::vector<std::string> prefixes;
  for (const Entry& entry : entries) {
    if (!entry.prefix.empty()) {
      prefixes.push_back(entry.prefix);
      continue;
    }
    const Object& object = entry.object;
    xml.open(object.marker ? "DeleteMarker" : "Version").element("Key", (*text)(object.key));
    xml.element("VersionId", object.version).element("IsLatest", object.latest);
    xml.element("LastModified", wire::format_iso8601_millis(object.modified));
    if (!object.marker) {
      xml.element("ETag", in_quotes(object.etag));
      write_checksum(xml, object);
      xml.element("Size", count(object.size));
      xml.element("StorageClass", object.traits.storage_class);
    }
    write_owner(xml, by_lists && !object.marker ? list_of(request, object).owner : account);
    xml.close();
  }
  write_prefixes(xml, *text, prefixes);
  return xml_answer(xml.finish());
}

Operations::Answer Operations::list_multipart_uploads(const Request& request) {
  const auto bucket = allowed_bucket(request, "ListBucketMultipartUploads", list_context(request));
  if (!bucket) return std::unexpected(bucket.error());
  const auto text = read_encoding(request);
  if (!text) return std::unexpected(text.error());
  const auto limit = read_count(request, "max-uploads", k_max_page);
  if (!limit) return std::unexpected(limit.error());
  const std::string prefix = request.parameter_or("prefix");
  const std::string delimiter = request.parameter_or("delimiter");
  const std::string key_marker = request.parameter_or("key-marker");
  // Without a key marker the upload marker means nothing.
  const std::string upload_marker = key_marker.empty() ? std::string() : request.parameter_or("upload-id-marker");
  std::int64_t sequence = 0;
  if (!upload_marker.empty()) {
    // The upload may be gone: whoever aborts page by page goes on from there.
    const auto at = sequence_of_upload(upload_marker, key_marker);
    if (!at) return invalid_argument("upload-id-marker", upload_marker, "Invalid uploadId marker");
    sequence = *at;
  }
  ListStart start = start_of(prefix, delimiter, key_marker);
  std::vector<Upload> page;
  std::vector<std::string> prefixes;
  bool truncated = false;
  std::string last_key;
  std::string last_upload;
  for (bool again = *limit > 0; again;) {
    again = false;
    for (Upload& upload : catalog_.uploads(*bucket, start, sequence, prefix, *limit + 1)) {
      if (page.size() + prefixes.size() == *limit) {
        truncated = true;
        break;
      }
      const std::string_view common = common_prefix(upload.key, prefix, delimiter);
      last_key = common.empty() ? upload.key : std::string(common);
      last_upload = common.empty() ? upload.id : std::string();
      if (common.empty()) {
        page.push_back(std::move(upload));
        continue;
      }
      prefixes.emplace_back(common);
      start = behind(common);
      again = true;
      break;
    }
  }

  wire::XmlWriter xml;
  xml.open("ListMultipartUploadsResult", k_xmlns).element("Bucket", bucket->name);
  xml.element("KeyMarker", (*text)(key_marker)).element("UploadIdMarker", upload_marker);
  xml.element("NextKeyMarker", (*text)(last_key)).element("NextUploadIdMarker", last_upload);
  if (!prefix.empty()) xml.element("Prefix", (*text)(prefix));
  if (!delimiter.empty()) xml.element("Delimiter", (*text)(delimiter));
  if (text->encoded()) xml.element("EncodingType", "url");
  xml.element("MaxUploads", count(*limit)).element("IsTruncated", truncated);
  for (const Upload& upload : page) {
    xml.open("Upload").element("Key", (*text)(upload.key)).element("UploadId", upload.id);
    write_initiator(xml, upload.initiator, request.call.account);
    write_owner(xml, owner_id(request.call.account));
    xml.element("StorageClass", upload.traits.storage_class);
    xml.element("Initiated", wire::format_iso8601_millis(upload.initiated));
    if (const auto& checksum = upload.traits.checksum) {
      xml.element("ChecksumAlgorithm", wire::to_string(checksum->algorithm));
      xml.element("ChecksumType", checksum->composite ? "COMPOSITE" : "FULL_OBJECT");
    }
    xml.close();
  }
  write_prefixes(xml, *text, prefixes);
  return xml_answer(xml.finish());
}

}  // namespace sortie::emulator::s3
