#include "emulator/s3/bucket/listing.h"
#include "emulator/s3/bucket/rows.h"
#include "emulator/s3/store/version_id.h"
#include "wire/date.h"

/// ListMultipartUploads.
namespace sortie::emulator::s3 {
namespace {

/// What is asked for; `sequence` is that of the upload behind which the listing goes on.
struct UploadQuery {
  std::string prefix;
  std::string delimiter;
  std::string key_marker;
  std::string upload_marker;
  std::int64_t sequence = 0;
  std::size_t limit = k_max_page;
};

struct UploadListing {
  std::vector<Upload> uploads;
  std::vector<std::string> prefixes;
  bool truncated = false;
  std::string last_key;
  std::string last_upload;
};

AwsResult<UploadQuery> read_query(const Request& request) {
  UploadQuery query;
  ASSIGN_OR_RETURN(query.limit, read_count(request, "max-uploads", k_max_page));
  query.prefix = request.parameter_or("prefix");
  query.delimiter = request.parameter_or("delimiter");
  query.key_marker = request.parameter_or("key-marker");
  // Without a key marker the upload marker means nothing.
  if (!query.key_marker.empty()) query.upload_marker = request.parameter_or("upload-id-marker");
  if (query.upload_marker.empty()) return query;
  // The upload may be gone: whoever aborts page by page goes on from there.
  const auto at = sequence_of_upload(query.upload_marker, query.key_marker);
  if (!at) return invalid_argument("upload-id-marker", query.upload_marker, "Invalid uploadId marker");
  query.sequence = *at;
  return query;
}

UploadListing list_page(Catalog& catalog, const Bucket& bucket, const UploadQuery& query) {
  UploadListing page;
  ListStart start = start_of(query.prefix, query.delimiter, query.key_marker);
  for (bool again = query.limit > 0; again;) {
    again = false;
    for (Upload& upload : catalog.uploads(bucket, start, query.sequence, query.prefix, query.limit + 1)) {
      if (page.uploads.size() + page.prefixes.size() == query.limit) {
        page.truncated = true;
        break;
      }
      const std::string_view common = common_prefix(upload.key, query.prefix, query.delimiter);
      page.last_key = common.empty() ? upload.key : std::string(common);
      page.last_upload = common.empty() ? upload.id : std::string();
      if (common.empty()) {
        page.uploads.push_back(std::move(upload));
        continue;
      }
      page.prefixes.emplace_back(common);
      start = behind(common);
      again = true;
      break;
    }
  }
  return page;
}

void write_upload(wire::XmlWriter& xml, const KeyText& text, const Upload& upload, const std::string& account) {
  xml.open("Upload").element("Key", text(upload.key)).element("UploadId", upload.id);
  write_initiator(xml, upload.initiator, account);
  write_owner(xml, owner_id(account));
  xml.element("StorageClass", upload.traits.storage_class);
  xml.element("Initiated", wire::format_iso8601_millis(upload.initiated));
  write_checksum(xml, upload.traits.checksum);
  xml.close();
}

Answer list_multipart_uploads(Operation& operation) {
  const Request& request = operation.request;
  ASSIGN_OR_RETURN(const auto bucket, allowed_bucket(operation, "ListBucketMultipartUploads", list_context(request)));
  ASSIGN_OR_RETURN(const auto text, read_encoding(request));
  ASSIGN_OR_RETURN(const auto query, read_query(request));
  const UploadListing page = list_page(operation.catalog, bucket, query);

  wire::XmlWriter xml;
  xml.open("ListMultipartUploadsResult", k_xmlns).element("Bucket", bucket.name);
  xml.element("KeyMarker", text(query.key_marker)).element("UploadIdMarker", query.upload_marker);
  xml.element("NextKeyMarker", text(page.last_key)).element("NextUploadIdMarker", page.last_upload);
  if (!query.prefix.empty()) xml.element("Prefix", text(query.prefix));
  if (!query.delimiter.empty()) xml.element("Delimiter", text(query.delimiter));
  if (text.encoded()) xml.element("EncodingType", "url");
  xml.element("MaxUploads", count(query.limit)).element("IsTruncated", page.truncated);
  for (const Upload& upload : page.uploads) write_upload(xml, text, upload, request.call.account);
  write_prefixes(xml, text, page.prefixes);
  return xml_answer(xml.finish());
}

constexpr Row k_rows[] = {{"ListMultipartUploads", at_once<list_multipart_uploads>, on_bucket("GET", "uploads")}};

}  // namespace

std::span<const Row> upload_listing_operations() {
  return k_rows;
}

}  // namespace sortie::emulator::s3
