#include "aws/s3_body.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "wire/chunked_signing.h"

namespace sortie::aws {

namespace {

constexpr std::size_t k_chunk_bytes = 64 * 1024;

/// Turns a stream of known length into an aws-chunked one with a checksum trailer.
class ChunkedSource final : public http::BodySource {
 public:
  ChunkedSource(http::Body body, wire::ChecksumAlgorithm algorithm, std::uint64_t decoded_length)
      : body_(std::move(body)),
        encoder_(wire::ChunkMode::unsigned_trailer, std::nullopt, algorithm),
        left_(decoded_length),
        encoded_length_(wire::ChunkedEncoder::encoded_length(wire::ChunkMode::unsigned_trailer, algorithm,
                                                             decoded_length, k_chunk_bytes)) {}

  [[nodiscard]] std::optional<std::uint64_t> length() const override { return encoded_length_; }

  Task<Result<std::size_t>> read(std::span<char> buffer) override {
    if (offset_ == coded_.size()) CO_RETURN_IF_ERROR(co_await refill());
    const auto count = std::min(buffer.size(), coded_.size() - offset_);
    if (count != 0) std::memcpy(buffer.data(), coded_.data() + offset_, count);
    offset_ += count;
    co_return count;
  }

 private:
  Task<Result<void>> refill() {
    coded_.clear();
    offset_ = 0;
    if (finished_) co_return Result<void>();
    if (left_ == 0) {
      finished_ = true;
      coded_ = encoder_.finish();
      co_return Result<void>();
    }
    // Whole chunks only: the length told beforehand counts on them.
    const auto want = std::size_t(std::min<std::uint64_t>(left_, k_chunk_bytes));
    std::size_t have = 0;
    while (have < want) {
      ASSIGN_OR_CO_RETURN(const auto count, co_await body_.read(std::span(plain_).subspan(have, want - have)));
      if (count == 0) co_return fail(ErrorKind::internal, "the data to upload is shorter than it was");
      have += count;
    }
    left_ -= have;
    coded_ = encoder_.chunk({plain_.data(), have});
    co_return Result<void>();
  }

  http::Body body_;
  wire::ChunkedEncoder encoder_;
  std::uint64_t left_;
  std::uint64_t encoded_length_;
  std::vector<char> plain_ = std::vector<char>(k_chunk_bytes);
  std::string coded_;
  std::size_t offset_ = 0;
  bool finished_ = false;
};

}  // namespace

void put_body(Operation& operation, UploadBody body, const S3Options& options) {
  // Signature version 2 knows nothing of payloads.
  const auto algorithm = options.signature_version == 2 ? std::nullopt : options.upload_checksum;
  if (!body.stream) {
    operation.body = std::move(body.bytes);
    if (algorithm) {
      operation.headers.set(wire::checksum_header(*algorithm),
                            wire::base64_encode(wire::checksum(*algorithm, operation.body)));
    }
    return;
  }
  if (!body.sha256.empty()) operation.headers.set("x-amz-content-sha256", body.sha256);
  if (!algorithm || !body.checksum.empty()) {
    if (algorithm) operation.headers.set(wire::checksum_header(*algorithm), body.checksum);
    operation.stream = std::move(body.stream);
    return;
  }
  const auto& encoding = operation.headers.get_or("Content-Encoding", "");
  operation.headers.set("Content-Encoding", encoding.empty() ? "aws-chunked" : "aws-chunked," + std::string(encoding));
  operation.headers.set("x-amz-content-sha256", std::string(wire::to_string(wire::ChunkMode::unsigned_trailer)));
  operation.headers.set("x-amz-decoded-content-length", std::to_string(body.stream_length));
  operation.headers.set("x-amz-trailer", std::string(wire::checksum_header(*algorithm)));
  operation.stream = [make = std::move(body.stream), algorithm = *algorithm,
                      length = body.stream_length]() -> Result<http::Body> {
    ASSIGN_OR_RETURN(auto plain, make());
    return http::Body(std::make_unique<ChunkedSource>(std::move(plain), algorithm, length));
  };
}

}  // namespace sortie::aws
