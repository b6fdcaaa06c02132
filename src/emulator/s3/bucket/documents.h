#pragma once

#include <string>
#include <string_view>

#include "emulator/s3/operation/operation.h"
#include "wire/xml.h"

/// The settings of a bucket that are an XML document each. One implementation serves them all; each has its kind, and
/// its rows made of it.
namespace sortie::emulator::s3 {

/// What is kept is the content of the root element, as it is answered.
struct DocumentKind {
  std::string_view subresource;  ///< of the query: `cors`
  std::string_view root;         ///< `CORSConfiguration`
  std::string_view noun;         ///< of the IAM actions behind Get and Put: `BucketCORS`
  /// The content in a bucket where none was put; when it is empty and `missing_code` is not, reading is a 404.
  std::string_view initial = {};
  std::string_view missing_code = {};
  std::string_view missing_message = {};
  /// The content to keep, from a document with the right root; an error when it is not valid, or asks for what the
  /// embedded AWS does not do.
  AwsResult<std::string> (*read)(const wire::XmlNode& root) = nullptr;
  /// What else the bucket must be for the document; null: nothing.
  AwsResult<void> (*check)(const Operation& operation, const Bucket& bucket, const wire::XmlNode& root) = nullptr;
  std::size_t limit = 2 * 1024 * 1024;  ///< of the body, in bytes
  std::string_view digests = {};        ///< what S3 says is missing without a digest; empty: none is needed
  bool own_delete_action = false;       ///< deletion is an action of its own, not Put's
  bool has_transition_size = false;     ///< answers have `x-amz-transition-default-minimum-object-size`
};

Answer get_document(Operation& operation, const DocumentKind& kind);
Task<Answer> put_document(Operation& operation, const DocumentKind& kind);
Answer delete_document(Operation& operation, const DocumentKind& kind);

/// The handlers of one kind, for its rows.
template <const DocumentKind& kind>
Answer get_document_of(Operation& operation) {
  return get_document(operation, kind);
}
template <const DocumentKind& kind>
Task<Answer> put_document_of(Operation& operation) {
  return put_document(operation, kind);
}
template <const DocumentKind& kind>
Answer delete_document_of(Operation& operation) {
  return delete_document(operation, kind);
}

/// Writes the element with all that is in it.
void copy_node(wire::XmlWriter& xml, const wire::XmlNode& node);
/// What is inside of the root, as it is kept.
std::string content_of(const wire::XmlNode& root);
/// The children, all of that name; MalformedXML for another one, or for a number of them outside 1 to `most`.
AwsResult<std::vector<wire::XmlNode>> rules_of(const wire::XmlNode& root, std::string_view name, std::size_t most);

/// The content to keep of a ServerSideEncryptionConfiguration: AES256, the one that the embedded AWS has.
AwsResult<std::string> read_encryption(const wire::XmlNode& root);

}  // namespace sortie::emulator::s3
