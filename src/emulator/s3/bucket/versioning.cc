#include <fmt/format.h>

#include "emulator/s3/bucket/rows.h"
#include "emulator/s3/protocol/body.h"
#include "wire/xml.h"

/// GetBucketVersioning, PutBucketVersioning.
namespace sortie::emulator::s3 {
namespace {

Answer get_bucket_versioning(Operation& operation) {
  ASSIGN_OR_RETURN(const auto bucket, allowed_bucket(operation, "GetBucketVersioning"));
  wire::XmlWriter xml;
  xml.open("VersioningConfiguration", k_xmlns);
  if (bucket.versioning == Versioning::enabled) xml.element("Status", "Enabled");
  if (bucket.versioning == Versioning::suspended) xml.element("Status", "Suspended");
  return xml_answer(xml.finish());
}

Task<Answer> put_bucket_versioning(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto body, co_await read_body(operation.request, k_max_document));
  ASSIGN_OR_CO_RETURN(const auto bucket, allowed_bucket(operation, "PutBucketVersioning"));
  ASSIGN_OR_CO_RETURN(const auto document, parse_document(body, "VersioningConfiguration"));
  const auto status = document.root().child("Status");
  if (!status) {
    co_return s3_fail(400, "IllegalVersioningConfigurationException", "The Versioning element must be specified");
  }
  if (document.root().child_text("MfaDelete") == "Enabled") co_return header_not_implemented("x-amz-mfa");
  if (status.text() != "Enabled" && status.text() != "Suspended") co_return malformed_xml();
  if (status.text() == "Suspended" && operation.catalog.config(bucket, "object-lock")) {
    co_return s3_fail(409, "InvalidBucketState",
                      "An Object Lock configuration is present on this bucket, so the versioning state cannot be "
                      "changed.");
  }
  operation.catalog.set_versioning(bucket, status.text() == "Enabled" ? Versioning::enabled : Versioning::suspended);
  co_return empty_answer(200);
}

constexpr Row k_rows[] = {
    {"GetBucketVersioning", at_once<get_bucket_versioning>, on_setting("GET", "versioning")},
    {"PutBucketVersioning", put_bucket_versioning, on_setting("PUT", "versioning")},
};

}  // namespace

std::span<const Row> versioning_operations() {
  return k_rows;
}

}  // namespace sortie::emulator::s3
