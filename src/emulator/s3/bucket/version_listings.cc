#include <limits>

#include "emulator/s3/bucket/listing.h"
#include "emulator/s3/bucket/rows.h"
#include "emulator/s3/store/version_id.h"
#include "wire/date.h"

/// ListObjectVersions.
namespace sortie::emulator::s3 {
namespace {

/// Where a listing of versions goes on behind that one, also when it is gone; nothing for an id that never was.
std::optional<std::int64_t> sequence_behind(Catalog& catalog, const Bucket& bucket, const std::string& key,
                                            const std::string& version) {
  if (const auto at = catalog.find_object(bucket, key, version)) return at->sequence;
  if (const auto gone = sequence_of(version)) return gone;
  // Where the null version was is not known any more: the key's others come again rather than not at all.
  if (version == k_null_version) return std::numeric_limits<std::int64_t>::max();
  return std::nullopt;
}

/// The sequence of the version behind which the listing goes on; 0 at the beginning.
AwsResult<std::int64_t> read_version_marker(Catalog& catalog, const Bucket& bucket, const ListQuery& query,
                                            const std::string& marker) {
  if (marker.empty()) return 0;
  if (query.marker.empty()) {
    return invalid_argument("version-id-marker", marker,
                            "A version-id marker cannot be specified without a key marker.");
  }
  const auto sequence = sequence_behind(catalog, bucket, query.marker, marker);
  if (!sequence) return invalid_argument("version-id-marker", marker, "Invalid version id specified");
  return *sequence;
}

/// One page, a range scan for each common prefix.
Listing list_page(Catalog& catalog, const Bucket& bucket, const ListQuery& query, std::int64_t sequence) {
  Listing page;
  ListStart start = start_of(query.prefix, query.delimiter, query.marker);
  for (bool again = query.limit > 0; again;) {
    again = false;
    catalog.list_versions(bucket, start, sequence, [&](Object object) {
      if (!object.key.starts_with(query.prefix)) return object.key < query.prefix;
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

void write_version(wire::XmlWriter& xml, const KeyText& text, const Object& object, std::string_view owner) {
  xml.open(object.marker ? "DeleteMarker" : "Version").element("Key", text(object.key));
  xml.element("VersionId", object.version).element("IsLatest", object.latest);
  xml.element("LastModified", wire::format_iso8601_millis(object.modified));
  if (!object.marker) {
    xml.element("ETag", in_quotes(object.etag));
    write_checksum(xml, object.traits.checksum);
    xml.element("Size", count(object.size));
    xml.element("StorageClass", object.traits.storage_class);
  }
  write_owner(xml, owner);
  xml.close();
}

/// The versions, then the common prefixes.
void write_entries(wire::XmlWriter& xml, const Operation& operation, const Bucket& bucket, const KeyText& text,
                   const std::vector<Entry>& entries) {
  const std::string account = owner_id(operation.request.call.account);
  const bool by_acls = operation.access.acls_enabled(bucket);
  std::vector<std::string> prefixes;
  for (const Entry& entry : entries) {
    if (!entry.prefix.empty()) {
      prefixes.push_back(entry.prefix);
      continue;
    }
    const bool own = by_acls && !entry.object.marker;
    write_version(xml, text, entry.object,
                  own ? operation.access.acl_of(operation.request, entry.object).owner : account);
  }
  write_prefixes(xml, text, prefixes);
}

Answer list_object_versions(Operation& operation) {
  const Request& request = operation.request;
  ASSIGN_OR_RETURN(const auto bucket, allowed_bucket(operation, "ListBucketVersions", list_context(request)));
  ASSIGN_OR_RETURN(const auto text, read_encoding(request));
  ASSIGN_OR_RETURN(const auto limit, read_count(request, "max-keys", k_max_page));
  const ListQuery query{request.parameter_or("prefix"), request.parameter_or("delimiter"),
                        request.parameter_or("key-marker"), limit};
  const std::string marker = request.parameter_or("version-id-marker");
  ASSIGN_OR_RETURN(const auto sequence, read_version_marker(operation.catalog, bucket, query, marker));
  const Listing page = list_page(operation.catalog, bucket, query, sequence);

  wire::XmlWriter xml;
  xml.open("ListVersionsResult", k_xmlns).element("Name", bucket.name).element("Prefix", text(query.prefix));
  xml.element("KeyMarker", text(query.marker)).element("VersionIdMarker", marker);
  if (page.truncated) {
    const Entry& last = page.entries.back();
    xml.element("NextKeyMarker", text(last.name()));
    if (last.prefix.empty()) xml.element("NextVersionIdMarker", last.object.version);
  }
  xml.element("MaxKeys", count(limit));
  if (!query.delimiter.empty()) xml.element("Delimiter", text(query.delimiter));
  if (text.encoded()) xml.element("EncodingType", "url");
  xml.element("IsTruncated", page.truncated);
  write_entries(xml, operation, bucket, text, page.entries);
  return xml_answer(xml.finish());
}

constexpr Row k_rows[] = {{"ListObjectVersions", at_once<list_object_versions>, on_bucket("GET", "versions")}};

}  // namespace

std::span<const Row> version_listing_operations() {
  return k_rows;
}

}  // namespace sortie::emulator::s3
