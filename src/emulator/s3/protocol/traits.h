#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "emulator/core/call.h"
#include "emulator/s3/protocol/digests.h"
#include "emulator/s3/protocol/tags.h"

namespace sortie::emulator::s3 {

using Fields = std::vector<std::pair<std::string, std::string>>;

/// What an object is besides its bytes.
struct ObjectTraits {
  Fields headers;  ///< Content-Type, x-amz-meta-*, …: as they are answered, names in lower case
  std::string storage_class = "STANDARD";
  Tags tags;
  std::optional<ObjectChecksum> checksum;

  /// Whether the bytes are encrypted with a customer's key: its algorithm is among the headers.
  [[nodiscard]] bool sealed() const;
  /// Marks the bytes as encrypted with a customer's key, or as not.
  void set_sealed(bool sealed);
};

/// The headers of an upload that are kept with the object and answered on reads: Content-Type (default
/// binary/octet-stream) and other standard ones, x-amz-meta-*, the redirect location; and storage class and tags. More
/// than 2 KB of metadata: MetadataTooLarge. What the embedded AWS does not have (KMS, appending) is refused by name.
AwsResult<ObjectTraits> read_traits(const http::Headers& headers);
/// 501 for the headers of an upload that ask for what the embedded AWS does not have.
AwsResult<void> refuse_unknown_features(const http::Headers& headers);
/// Objects of this storage class have to be restored before they can be read.
bool is_archived(std::string_view storage_class);

}  // namespace sortie::emulator::s3
