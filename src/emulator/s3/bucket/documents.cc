#include "emulator/s3/bucket/documents.h"

#include <fmt/format.h>

#include "emulator/s3/protocol/body.h"

namespace sortie::emulator::s3 {
namespace {

/// What is kept once a document with an initial content has been deleted for good; others fall back to `initial`.
constexpr std::string_view k_deleted = "deleted";

void add_transition_size(http::Response& response, const DocumentKind& kind) {
  if (!kind.has_transition_size) return;
  response.headers.add("x-amz-transition-default-minimum-object-size", "all_storage_classes_128K");
}

}  // namespace

void copy_node(wire::XmlWriter& xml, const wire::XmlNode& node) {
  xml.open(node.name());
  const auto children = node.children();
  if (children.empty()) xml.text(node.text());
  for (const auto& child : children) copy_node(xml, child);
  xml.close();
}

std::string content_of(const wire::XmlNode& root) {
  wire::XmlWriter xml(false);
  for (const auto& child : root.children()) copy_node(xml, child);
  return xml.finish();
}

AwsResult<std::vector<wire::XmlNode>> rules_of(const wire::XmlNode& root, std::string_view name, std::size_t most) {
  const auto all = root.children();
  const auto rules = root.children(name);
  if (rules.empty() || rules.size() > most || rules.size() != all.size()) return malformed_xml();
  return rules;
}

Answer get_document(Operation& operation, const DocumentKind& kind) {
  ASSIGN_OR_RETURN(const auto bucket, allowed_bucket(operation, fmt::format("Get{}", kind.noun)));
  const auto kept = operation.catalog.config(bucket, kind.subresource);
  const std::string content = kept == k_deleted ? "" : kept.value_or(std::string(kind.initial));
  if (content.empty() && !kind.missing_code.empty()) {
    return s3_fail(404, std::string(kind.missing_code), std::string(kind.missing_message),
                   {{"BucketName", bucket.name}});
  }
  wire::XmlWriter xml;
  xml.open(kind.root, k_xmlns).raw(content);
  auto response = xml_answer(xml.finish());
  add_transition_size(response, kind);
  return response;
}

Task<Answer> put_document(Operation& operation, const DocumentKind& kind) {
  if (!kind.digests.empty()) CO_RETURN_IF_ERROR(check_digest_sent(operation.request, kind.digests));
  ASSIGN_OR_CO_RETURN(const auto body, co_await read_body(operation.request, kind.limit));
  ASSIGN_OR_CO_RETURN(const auto bucket, allowed_bucket(operation, fmt::format("Put{}", kind.noun)));
  ASSIGN_OR_CO_RETURN(const auto document, parse_document(body, kind.root));
  ASSIGN_OR_CO_RETURN(const auto content, kind.read(document.root()));
  if (kind.check != nullptr) CO_RETURN_IF_ERROR(kind.check(operation, bucket, document.root()));
  operation.catalog.set_config(bucket, kind.subresource, content);
  auto response = empty_answer(200);
  add_transition_size(response, kind);
  co_return response;
}

Answer delete_document(Operation& operation, const DocumentKind& kind) {
  const auto action = fmt::format("{}{}", kind.own_delete_action ? "Delete" : "Put", kind.noun);
  ASSIGN_OR_RETURN(const auto bucket, allowed_bucket(operation, action));
  const bool leaves_none = !kind.initial.empty() && !kind.missing_code.empty();
  operation.catalog.set_config(bucket, kind.subresource,
                               leaves_none ? std::optional(std::string(k_deleted)) : std::optional<std::string>());
  return empty_answer(204);
}

}  // namespace sortie::emulator::s3
