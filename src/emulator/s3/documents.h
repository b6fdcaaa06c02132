#pragma once

#include <string>
#include <string_view>

#include "emulator/core/call.h"
#include "wire/xml.h"

namespace sortie::emulator::s3 {

/// One of the configurations that a bucket has as an XML document of its own. What is kept is the content of the root
/// element, as it is answered.
struct DocumentKind {
  std::string_view subresource;  ///< of the query: `cors`
  std::string_view root;         ///< `CORSConfiguration`
  std::string_view noun;         ///< of the IAM actions behind Get and Put: `BucketCORS`
  std::string_view operation;    ///< of the API behind Get, Put and Delete: `BucketCors`
  /// The content in a bucket where none was put; when it is empty and `absent_code` is not, reading is a 404.
  std::string_view initial;
  std::string_view absent_code;
  std::string_view absent_message;
  bool deletable = false;
  /// The content to keep, from a document with the right root; an error when it is not valid, or asks for what the
  /// embedded AWS does not do.
  AwsResult<std::string> (*read)(const wire::XmlNode& root) = nullptr;
};

/// Writes the element with all that is in it.
void copy_node(wire::XmlWriter& xml, const wire::XmlNode& node);
/// What is inside of the root, as it is kept.
std::string content_of(const wire::XmlNode& root);

/// Null when the sub-resource is not such a document.
const DocumentKind* find_document_kind(std::string_view subresource);

/// ObjectOwnership of kept ownership controls, or of none: whether ACLs mean anything in the bucket.
bool acls_enabled(std::string_view ownership_controls);

}  // namespace sortie::emulator::s3
