#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "emulator/s3/object/object_answers.h"
#include "emulator/s3/object/reads.h"
#include "emulator/s3/object/rows.h"
#include "wire/checksum.h"
#include "wire/date.h"
#include "wire/xml.h"

/// GetObjectAttributes.
namespace sortie::emulator::s3 {
namespace {

constexpr int k_max_parts = 1000;

/// `Checksum…` with the algorithm's name.
std::string checksum_element(const ObjectChecksum& checksum) {
  return fmt::format("Checksum{}", wire::to_string(checksum.algorithm));
}

int read_or(std::string_view text, int fallback) {
  std::from_chars(text.data(), text.data() + text.size(), fallback);
  return fallback;
}

/// One page of the parts, each with its checksum.
void write_part_page(wire::XmlWriter& xml, const Request& request, const std::vector<Part>& parts,
                     const ObjectChecksum& checksum) {
  const int most = std::clamp(read_or(request.header("x-amz-max-parts"), k_max_parts), 0, k_max_parts);
  const int after = read_or(request.header("x-amz-part-number-marker"), 0);
  std::vector<Part> page;
  for (const Part& part : parts) {
    if (part.number > after) page.push_back(part);
  }
  const bool more = page.size() > static_cast<std::size_t>(most);
  if (more) page.resize(static_cast<std::size_t>(most));
  xml.element("PartNumberMarker", count(after))
      .element("NextPartNumberMarker", count(page.empty() ? 0 : page.back().number));
  xml.element("MaxParts", count(most)).element("IsTruncated", more);
  for (const Part& part : page) {
    xml.open("Part").element("PartNumber", count(part.number)).element("Size", count(part.size));
    xml.element(checksum_element(checksum), part.checksum).close();
  }
}

void write_attributes(wire::XmlWriter& xml, const Operation& operation, const Object& object, std::string_view wanted) {
  const auto& checksum = object.traits.checksum;
  if (wanted.contains("ETag")) xml.element("ETag", object.etag);
  if (wanted.contains("Checksum") && checksum) {
    const std::string value = checksum->value.substr(0, checksum->value.find('-'));
    xml.open("Checksum").element(checksum_element(*checksum), value);
    xml.element("ChecksumType", checksum->composite ? "COMPOSITE" : "FULL_OBJECT").close();
  }
  if (wanted.contains("ObjectParts") && is_multipart(object)) {
    const auto parts = operation.catalog.parts(object);
    xml.open("ObjectParts").element("PartsCount", count(parts.size()));
    if (checksum && checksum->composite) write_part_page(xml, operation.request, parts, *checksum);
    xml.close();
  }
  if (wanted.contains("StorageClass")) xml.element("StorageClass", object.traits.storage_class);
  if (wanted.contains("ObjectSize")) xml.element("ObjectSize", count(object.size));
}

Answer get_object_attributes(Operation& operation) {
  const Request& request = operation.request;
  ASSIGN_OR_RETURN(const auto bucket, allowed_key(operation, version_action(request, "GetObject", "GetObjectVersion")));
  RETURN_IF_ERROR(operation.allow(bucket, version_action(request, "GetObjectAttributes", "GetObjectVersionAttributes"),
                                  request.key));
  ASSIGN_OR_RETURN(const auto object,
                   existing_object(operation, bucket, request.key, request.parameter_or("versionId")));
  RETURN_IF_ERROR(object_key(operation, object));
  const std::string_view wanted = request.header("x-amz-object-attributes");
  if (wanted.empty()) return invalid_request("Missing required header for this request: x-amz-object-attributes");
  wire::XmlWriter xml;
  xml.open("GetObjectAttributesResponse", k_xmlns);
  write_attributes(xml, operation, object, wanted);
  auto response = xml_answer(xml.finish());
  response.headers.add("Last-Modified", wire::format_http_date(object.modified));
  add_version(response, bucket, object);
  return response;
}

constexpr Row k_rows[] = {
    {"GetObjectAttributes", at_once<get_object_attributes>, on_object("GET", "attributes")},
};

}  // namespace

std::span<const Row> attribute_operations() {
  return k_rows;
}

}  // namespace sortie::emulator::s3
