#include "emulator/core/verified_body.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "wire/checksum.h"

namespace sortie::emulator {

namespace {

constexpr std::size_t k_read_bytes = 64 * 1024;

std::unexpected<Error> refuse(std::string code, std::string message) {
  Error error;
  error.kind = ErrorKind::protocol;
  error.code = std::move(code);
  error.message = std::move(message);
  return std::unexpected(std::move(error));
}

std::unexpected<Error> incomplete() {
  return refuse("IncompleteBody",
                "You did not provide the number of bytes specified by the Content-Length HTTP header.");
}

class HashedSource final : public http::BodySource {
 public:
  HashedSource(http::Body inner, std::string expected)
      : inner_(std::move(inner)), expected_(std::move(expected)), length_(inner_.length()) {}

  Task<Result<std::size_t>> read(std::span<char> buffer) override {
    if (done_) co_return std::size_t{0};
    ASSIGN_OR_CO_RETURN(const std::size_t count, co_await inner_.read(buffer));
    hash_.update({buffer.data(), count});
    total_ += count;
    const bool end = count == 0 || (length_ && total_ == *length_);
    if (!end) co_return count;
    if (length_ && total_ != *length_) co_return incomplete();
    done_ = true;
    if (!wire::equal_in_constant_time(wire::hex_encode(hash_.finish()), expected_)) {
      co_return refuse("XAmzContentSHA256Mismatch",
                       "The provided 'x-amz-content-sha256' header does not match what was computed.");
    }
    co_return count;
  }

  [[nodiscard]] std::optional<std::uint64_t> length() const override { return length_; }

 private:
  http::Body inner_;
  std::string expected_;
  std::optional<std::uint64_t> length_;
  wire::Checksum hash_{wire::ChecksumAlgorithm::sha256};
  std::uint64_t total_ = 0;
  bool done_ = false;
};

class ChunkedSource final : public http::BodySource {
 public:
  ChunkedSource(http::Body inner, wire::ChunkedDecoderOptions options, std::shared_ptr<Trailers> trailers)
      : inner_(std::move(inner)),
        length_(options.decoded_length),
        decoder_(std::move(options)),
        trailers_(std::move(trailers)) {}

  Task<Result<std::size_t>> read(std::span<char> buffer) override {
    while (!ended_ && (offset_ == pending_.size() || holds_last_bytes())) CO_RETURN_IF_ERROR(co_await fill());
    const std::size_t count = std::min(buffer.size(), pending_.size() - offset_);
    std::memcpy(buffer.data(), pending_.data() + offset_, count);
    offset_ += count;
    given_ += count;
    co_return count;
  }

  [[nodiscard]] std::optional<std::uint64_t> length() const override { return length_; }

 private:
  [[nodiscard]] bool holds_last_bytes() const { return length_ && given_ + (pending_.size() - offset_) >= *length_; }

  Task<Result<void>> fill() {
    if (offset_ > 0) {
      pending_.erase(0, offset_);
      offset_ = 0;
    }
    raw_.resize(k_read_bytes);
    ASSIGN_OR_CO_RETURN(const std::size_t count, co_await inner_.read(raw_));
    if (count > 0) co_return decoder_.feed({raw_.data(), count}, pending_);
    CO_RETURN_IF_ERROR(decoder_.finish());
    ended_ = true;
    if (trailers_) trailers_->fields = decoder_.trailers();
    co_return Result<void>{};
  }

  http::Body inner_;
  std::optional<std::uint64_t> length_;
  wire::ChunkedDecoder decoder_;
  std::shared_ptr<Trailers> trailers_;
  std::vector<char> raw_;
  std::string pending_;
  std::size_t offset_ = 0;
  std::uint64_t given_ = 0;
  bool ended_ = false;
};

}  // namespace

http::Body hashed_body(http::Body inner, std::string expected_sha256) {
  return {std::make_unique<HashedSource>(std::move(inner), std::move(expected_sha256))};
}

http::Body chunked_body(http::Body inner, wire::ChunkedDecoderOptions options, std::shared_ptr<Trailers> trailers) {
  return {std::make_unique<ChunkedSource>(std::move(inner), std::move(options), std::move(trailers))};
}

}  // namespace sortie::emulator
