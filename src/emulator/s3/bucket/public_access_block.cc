#include <fmt/format.h>

#include "emulator/s3/bucket/rows.h"
#include "emulator/s3/protocol/body.h"
#include "wire/xml.h"

/// GetPublicAccessBlock, PutPublicAccessBlock, DeletePublicAccessBlock.
namespace sortie::emulator::s3 {
namespace {

constexpr std::string_view k_subresource = "publicAccessBlock";
constexpr const char* k_block_names[] = {"BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy",
                                         "RestrictPublicBuckets"};

Answer get_public_access_block(Operation& operation) {
  ASSIGN_OR_RETURN(const auto bucket, allowed_bucket(operation, "GetBucketPublicAccessBlock"));
  const std::string block =
      operation.catalog.config(bucket, k_subresource).value_or(std::string(k_default_public_access_block));
  if (block.empty() || block == "none") {
    return s3_fail(404, "NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found",
                   {{"BucketName", bucket.name}});
  }
  wire::XmlWriter xml;
  xml.open("PublicAccessBlockConfiguration", k_xmlns);
  for (std::size_t i = 0; i < 4; ++i) xml.element(k_block_names[i], block[i] == '1');
  return xml_answer(xml.finish());
}

Task<Answer> put_public_access_block(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto body, co_await read_body(operation.request, k_max_document));
  ASSIGN_OR_CO_RETURN(const auto bucket, allowed_bucket(operation, "PutBucketPublicAccessBlock"));
  ASSIGN_OR_CO_RETURN(const auto document, parse_document(body, "PublicAccessBlockConfiguration"));
  std::string block = "0000";
  for (std::size_t i = 0; i < 4; ++i) {
    const std::string value = document.root().child_text(k_block_names[i]);
    if (value != "" && value != "true" && value != "false" && value != "TRUE" && value != "FALSE") {
      co_return malformed_xml();
    }
    if (value == "true" || value == "TRUE") block[i] = '1';
  }
  operation.catalog.set_config(bucket, k_subresource, block);
  co_return empty_answer(200);
}

Answer delete_public_access_block(Operation& operation) {
  ASSIGN_OR_RETURN(const auto bucket, allowed_bucket(operation, "PutBucketPublicAccessBlock"));
  operation.catalog.set_config(bucket, k_subresource, "none");
  return empty_answer(204);
}

constexpr Row k_rows[] = {
    {"GetPublicAccessBlock", at_once<get_public_access_block>, on_setting("GET", k_subresource)},
    {"PutPublicAccessBlock", put_public_access_block, on_setting("PUT", k_subresource)},
    {"DeletePublicAccessBlock", at_once<delete_public_access_block>, on_setting("DELETE", k_subresource)},
};

}  // namespace

std::span<const Row> public_access_block_operations() {
  return k_rows;
}

}  // namespace sortie::emulator::s3
