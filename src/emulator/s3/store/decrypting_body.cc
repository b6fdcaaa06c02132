#include "emulator/s3/store/decrypting_body.h"

#include <algorithm>

namespace sortie::emulator::s3 {
namespace {

class DecryptingBody final : public http::BodySource {
 public:
  DecryptingBody(http::Body sealed, std::vector<EncryptedStretch> stretches)
      : sealed_(std::move(sealed)), length_(sealed_.length()), stretches_(std::move(stretches)) {}

  [[nodiscard]] std::optional<std::uint64_t> length() const override { return length_; }

  Task<Result<std::size_t>> read(std::span<char> out) override {
    while (at_ < stretches_.size() && stretches_[at_].size == 0) ++at_;
    if (at_ == stretches_.size()) co_return 0;
    EncryptedStretch& stretch = stretches_[at_];
    out = out.first(static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), stretch.size)));
    ASSIGN_OR_CO_RETURN(auto count, co_await sealed_.read(out));
    stretch.cipher.apply(out.first(count));
    stretch.size -= count;
    co_return count;
  }

 private:
  http::Body sealed_;
  std::optional<std::uint64_t> length_;
  std::vector<EncryptedStretch> stretches_;
  std::size_t at_ = 0;
};

}  // namespace

http::Body decrypting_body(http::Body sealed, std::vector<EncryptedStretch> stretches) {
  return std::unique_ptr<http::BodySource>(std::make_unique<DecryptingBody>(std::move(sealed), std::move(stretches)));
}

}  // namespace sortie::emulator::s3
