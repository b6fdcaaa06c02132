#pragma once

#include <string>
#include <string_view>

#include "emulator/core/call.h"
#include "wire/xml.h"

namespace sortie::emulator::s3 {

/// A kind of configuration of which a bucket has many, by id: metrics, analytics, inventories, intelligent tiering.
/// They are kept and shown; nothing acts by them.
struct ConfigurationKind {
  std::string_view subresource;  ///< of the query: `metrics`
  std::string_view root;         ///< `MetricsConfiguration`; after Get and Put the IAM action as well
  std::string_view list_root;
  int put_status = 200;
  /// Whether the document is as AWS wants it.
  AwsResult<void> (*check)(const wire::XmlNode& root) = nullptr;
};

/// Null when the sub-resource is not such a configuration.
const ConfigurationKind* find_configuration_kind(std::string_view subresource);

/// The content to keep of the document with this id; MalformedXML when it is not valid.
AwsResult<std::string> read_configuration(const ConfigurationKind& kind, std::string_view id, std::string_view xml);

}  // namespace sortie::emulator::s3
