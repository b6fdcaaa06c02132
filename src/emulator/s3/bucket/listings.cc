#include "emulator/s3/bucket/listing.h"
#include "emulator/s3/bucket/rows.h"
#include "wire/checksum.h"
#include "wire/date.h"

/// ListObjects, ListObjectsV2.
namespace sortie::emulator::s3 {
namespace {

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

/// `owner` empty: it is not asked for.
void write_contents(wire::XmlWriter& xml, const KeyText& text, const Object& object, std::string_view owner) {
  xml.open("Contents").element("Key", text(object.key));
  xml.element("LastModified", wire::format_iso8601_millis(object.modified)).element("ETag", in_quotes(object.etag));
  write_checksum(xml, object.traits.checksum);
  xml.element("Size", count(object.size));
  if (!owner.empty()) write_owner(xml, owner);
  xml.element("StorageClass", object.traits.storage_class).close();
}

/// The objects, then the common prefixes.
void write_entries(wire::XmlWriter& xml, const Operation& operation, const Bucket& bucket, const KeyText& text,
                   const std::vector<Entry>& entries, bool with_owner) {
  const std::string account = with_owner ? owner_id(operation.request.call.account) : std::string();
  const bool by_acls = with_owner && operation.access.acls_enabled(bucket);
  std::vector<std::string> prefixes;
  for (const Entry& entry : entries) {
    if (entry.prefix.empty()) {
      const auto owner = by_acls ? operation.access.acl_of(operation.request, entry.object).owner : account;
      write_contents(xml, text, entry.object, owner);
    } else {
      prefixes.push_back(entry.prefix);
    }
  }
  write_prefixes(xml, text, prefixes);
}

/// Where ListObjectsV2 goes on.
AwsResult<std::string> read_start(const Request& request) {
  const auto token = request.parameter("continuation-token");
  if (!token) return request.parameter_or("start-after");
  auto marker = wire::base64_decode(*token);
  if (!marker || marker->empty()) {
    return invalid_argument("continuation-token", *token, "The continuation token provided is incorrect");
  }
  return *std::move(marker);
}

/// What both versions answer behind what each says of the page.
std::string finish(wire::XmlWriter& xml, const Operation& operation, const Bucket& bucket, const KeyText& text,
                   const ListQuery& query, const Listing& page, bool with_owner) {
  xml.element("MaxKeys", count(query.limit));
  if (!query.delimiter.empty()) xml.element("Delimiter", text(query.delimiter));
  if (text.encoded()) xml.element("EncodingType", "url");
  xml.element("IsTruncated", page.truncated);
  write_entries(xml, operation, bucket, text, page.entries, with_owner);
  return xml.finish();
}

Answer list_objects(Operation& operation) {
  const Request& request = operation.request;
  ASSIGN_OR_RETURN(const auto bucket, allowed_bucket(operation, "ListBucket", list_context(request)));
  ASSIGN_OR_RETURN(const auto text, read_encoding(request));
  ASSIGN_OR_RETURN(const auto limit, read_count(request, "max-keys", k_max_page));
  const ListQuery query{request.parameter_or("prefix"), request.parameter_or("delimiter"),
                        request.parameter_or("marker"), limit};
  const Listing page = list_page(operation.catalog, bucket, query);
  wire::XmlWriter xml;
  xml.open("ListBucketResult", k_xmlns).element("Name", bucket.name).element("Prefix", text(query.prefix));
  xml.element("Marker", text(query.marker));
  if (page.truncated && !query.delimiter.empty()) xml.element("NextMarker", text(page.entries.back().name()));
  return xml_answer(finish(xml, operation, bucket, text, query, page, true));
}

Answer list_objects_v2(Operation& operation) {
  const Request& request = operation.request;
  ASSIGN_OR_RETURN(const auto bucket, allowed_bucket(operation, "ListBucket", list_context(request)));
  ASSIGN_OR_RETURN(const auto text, read_encoding(request));
  ASSIGN_OR_RETURN(const auto limit, read_count(request, "max-keys", k_max_page));
  ASSIGN_OR_RETURN(auto start, read_start(request));
  const ListQuery query{request.parameter_or("prefix"), request.parameter_or("delimiter"), std::move(start), limit};
  const Listing page = list_page(operation.catalog, bucket, query);
  wire::XmlWriter xml;
  xml.open("ListBucketResult", k_xmlns).element("Name", bucket.name).element("Prefix", text(query.prefix));
  if (const auto after = request.parameter("start-after")) xml.element("StartAfter", text(*after));
  if (const auto token = request.parameter("continuation-token")) xml.element("ContinuationToken", *token);
  if (page.truncated) xml.element("NextContinuationToken", wire::base64_encode(page.entries.back().name()));
  xml.element("KeyCount", count(page.entries.size()));
  const bool with_owner = request.parameter_or("fetch-owner") == "true";
  return xml_answer(finish(xml, operation, bucket, text, query, page, with_owner));
}

constexpr Row k_rows[] = {
    {"ListObjectsV2", at_once<list_objects_v2>, on_bucket("GET", "list-type=2")},
    {"ListObjects", at_once<list_objects>, on_bucket("GET")},
};

}  // namespace

std::span<const Row> listing_operations() {
  return k_rows;
}

}  // namespace sortie::emulator::s3
