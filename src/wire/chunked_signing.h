#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "wire/checksum.h"

/// The `aws-chunked` content coding of S3 uploads, both sides: "Signature calculations for the authorization header:
/// transferring payload in multiple chunks", S3 API reference. Pure, incremental.
namespace sortie::wire {

enum class ChunkMode : std::uint8_t {
  signed_chunks,          ///< STREAMING-AWS4-HMAC-SHA256-PAYLOAD
  signed_chunks_trailer,  ///< STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER
  unsigned_trailer,       ///< STREAMING-UNSIGNED-PAYLOAD-TRAILER
};

/// The mode of a `x-amz-content-sha256` value; nothing when the body is not chunked.
std::optional<ChunkMode> chunk_mode_from(std::string_view content_sha256);
std::string_view to_string(ChunkMode mode);

/// What chunk signatures go on from: the request's own signature.
struct ChunkSigning {
  std::string signing_key;  ///< raw, from `sign_headers` or `verify`
  std::string amz_date;     ///< YYYYMMDDTHHMMSSZ
  std::string scope;        ///< date/region/service/aws4_request
  std::string seed_signature;
};

struct ChunkLimits {
  std::size_t chunk_header_bytes = 512;
  std::uint64_t chunk_bytes = 16 * 1024 * 1024;  ///< SDKs use 64 KiB to 1 MiB
  std::size_t trailer_bytes = 16 * 1024;
};

struct ChunkedDecoderOptions {
  ChunkMode mode = ChunkMode::signed_chunks;
  std::optional<ChunkSigning> signing;          ///< required for the signed modes
  std::optional<std::uint64_t> decoded_length;  ///< `x-amz-decoded-content-length`: checked when given
  std::string trailer_names;                    ///< `x-amz-trailer`: those must come, and no others
  ChunkLimits limits;
};

/// Decodes and verifies a body as it comes. Decoded bytes are handed out before the signature of their chunk is known:
/// what was written must be thrown away when a later call fails. A trailer `x-amz-checksum-*` is verified against the
/// bytes.
class ChunkedDecoder {
 public:
  explicit ChunkedDecoder(ChunkedDecoderOptions options);
  ChunkedDecoder(ChunkedDecoder&&) noexcept;
  ~ChunkedDecoder();

  /// Takes all of `input`, appends decoded bytes to `output`. Errors (kind protocol) carry the AWS code:
  /// `SignatureDoesNotMatch`, `IncompleteBody`, `InvalidChunkSizeError`, `MalformedTrailerError`, `BadDigest`,
  /// `InvalidRequest`. Bytes after the end are an error. After an error every call fails.
  Result<void> feed(std::string_view input, std::string& output);
  /// The input has ended: fails (`IncompleteBody`) when the body has not.
  Result<void> finish();
  [[nodiscard]] bool finished() const;
  /// After the end: names in lower case, without the signature.
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& trailers() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Encodes a body chunk by chunk.
class ChunkedEncoder {
 public:
  /// `trailer` is the checksum sent behind the data; required by the modes that have trailers.
  ChunkedEncoder(ChunkMode mode, std::optional<ChunkSigning> signing, std::optional<ChecksumAlgorithm> trailer);

  /// One chunk, framed. `bytes` must not be empty.
  std::string chunk(std::string_view bytes);
  /// The last chunk and the trailers.
  std::string finish();
  /// The length of the whole coded body when `decoded_length` bytes are sent in chunks of `chunk_bytes`.
  static std::uint64_t encoded_length(ChunkMode mode, std::optional<ChecksumAlgorithm> trailer,
                                      std::uint64_t decoded_length, std::uint64_t chunk_bytes);

 private:
  std::string sign(std::string_view bytes);

  ChunkMode mode_;
  std::optional<ChunkSigning> signing_;
  std::optional<ChecksumAlgorithm> algorithm_;
  std::optional<Checksum> checksum_;
};

}  // namespace sortie::wire
