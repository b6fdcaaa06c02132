#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "emulator/core/call.h"
#include "wire/checksum.h"

/// Checksums of objects: what a request names, and the digests of its bytes. "Checking object integrity", S3 user
/// guide.
namespace sortie::emulator::s3 {

using wire::ChecksumAlgorithm;

/// A checksum as S3 keeps and shows it.
struct ObjectChecksum {
  ChecksumAlgorithm algorithm = ChecksumAlgorithm::crc64nvme;
  std::string value;  ///< base64; composite ones end in `-PARTS`
  bool composite = false;
};

/// The integrity headers of an upload.
struct DigestDemand {
  std::optional<std::string> content_md5;      ///< raw, 16 bytes
  std::optional<ChecksumAlgorithm> algorithm;  ///< nothing: the service chooses (CRC64NVME)
  std::optional<std::string> value;            ///< raw, when sent in a header
};

/// Reads `Content-MD5`, `x-amz-checksum-*`, `x-amz-trailer` and `x-amz-sdk-checksum-algorithm`.
AwsResult<DigestDemand> read_digest_demand(const http::Headers& headers);
/// The algorithm of a header like `x-amz-checksum-algorithm`; nothing when it is absent, an error when unknown.
AwsResult<std::optional<ChecksumAlgorithm>> read_checksum_algorithm(const http::Headers& headers,
                                                                    std::string_view header);
/// How many bytes a raw checksum has.
std::size_t checksum_size(ChecksumAlgorithm algorithm);
/// CRCs can be joined, digests cannot.
bool is_crc(ChecksumAlgorithm algorithm);
/// `crc32c`, as messages have it.
std::string lower_name(ChecksumAlgorithm algorithm);

/// MD5 and any checksums of the same bytes.
class Digests {
 public:
  /// Repeated algorithms count once; MD5 is always there.
  explicit Digests(const std::vector<ChecksumAlgorithm>& algorithms);
  void update(std::string_view bytes);

  struct Values {
    std::string md5;  ///< raw
    std::vector<std::pair<ChecksumAlgorithm, std::string>> checksums;
    /// Raw; empty when it was not asked for.
    [[nodiscard]] std::string of(ChecksumAlgorithm algorithm) const;
  };
  [[nodiscard]] Values finish();

 private:
  wire::Checksum md5_;
  std::vector<wire::Checksum> checksums_;
};

/// Compares with what was sent, trailers included (they are in by then).
AwsResult<void> check_digests(const DigestDemand& demand, const Digests::Values& values, const Trailers* trailers);

/// The CRC of two pieces of bytes one after the other, from their CRCs (raw, network byte order) and the length of the
/// second. `algorithm` must be a CRC.
std::string join_crc(ChecksumAlgorithm algorithm, std::string_view first, std::string_view second,
                     std::uint64_t second_size);

}  // namespace sortie::emulator::s3
