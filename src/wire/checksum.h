#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/base64.h"

/// Digests, CRCs and their text forms. Pure, no I/O; safe on any thread as long as one object stays on one thread.
namespace sortie::wire {

enum class ChecksumAlgorithm : std::uint8_t { crc32, crc32c, crc64nvme, sha1, sha256, md5 };

/// S3's spelling: `CRC32`, `CRC32C`, `CRC64NVME`, `SHA1`, `SHA256`; `MD5` for the last.
std::string_view to_string(ChecksumAlgorithm algorithm);
/// The algorithm of `CRC32C` or of a field `x-amz-checksum-crc32c`, without case.
std::optional<ChecksumAlgorithm> checksum_algorithm_from(std::string_view name);
/// `x-amz-checksum-crc32c`. There is none for MD5 (`Content-MD5`): empty.
std::string_view checksum_header(ChecksumAlgorithm algorithm);

/// One running checksum. Movable; after `finish` it starts again from nothing.
class Checksum {
 public:
  explicit Checksum(ChecksumAlgorithm algorithm);
  Checksum(Checksum&&) noexcept;
  Checksum& operator=(Checksum&&) noexcept;
  ~Checksum();

  void update(std::string_view bytes);
  /// The raw digest; CRCs in network byte order, as S3 encodes them.
  [[nodiscard]] std::string finish();
  [[nodiscard]] ChecksumAlgorithm algorithm() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The raw digest of `bytes`.
std::string checksum(ChecksumAlgorithm algorithm, std::string_view bytes);
/// 32 bytes.
std::string sha256(std::string_view bytes);
/// 64 lower-case hexadecimal digits, the payload hash of SigV4.
std::string sha256_hex(std::string_view bytes);
/// 32 bytes.
std::string hmac_sha256(std::string_view key, std::string_view bytes);
/// 20 bytes; for signature version 2.
std::string hmac_sha1(std::string_view key, std::string_view bytes);

/// CRC-32 (IEEE), continued from `crc`.
std::uint32_t crc32(std::string_view bytes, std::uint32_t crc = 0);
/// CRC-32C (Castagnoli), continued from `crc`.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t crc = 0);
/// CRC-64/NVME, continued from `crc`.
std::uint64_t crc64nvme(std::string_view bytes, std::uint64_t crc = 0);

std::string hex_encode(std::string_view bytes);
/// Either case. Nothing when it is not hexadecimal.
std::optional<std::string> hex_decode(std::string_view text);
using sortie::base64_decode;
using sortie::base64_encode;

/// Compares in a time that depends on the lengths alone.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace sortie::wire
