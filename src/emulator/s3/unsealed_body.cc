#include "emulator/s3/unsealed_body.h"

#include <algorithm>

namespace sortie::emulator::s3 {
namespace {

class UnsealedBody final : public http::BodySource {
 public:
  UnsealedBody(http::Body sealed, std::vector<SealedStretch> stretches)
      : sealed_(std::move(sealed)), length_(sealed_.length()), stretches_(std::move(stretches)) {}

  [[nodiscard]] std::optional<std::uint64_t> length() const override { return length_; }

  Task<Result<std::size_t>> read(std::span<char> out) override {
    while (at_ < stretches_.size() && stretches_[at_].size == 0) ++at_;
    if (at_ == stretches_.size()) co_return 0;
    SealedStretch& stretch = stretches_[at_];
    out = out.first(static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), stretch.size)));
    auto count = co_await sealed_.read(out);
    if (!count) co_return std::unexpected(count.error());
    stretch.cipher.apply(out.first(*count));
    stretch.size -= *count;
    co_return *count;
  }

 private:
  http::Body sealed_;
  std::optional<std::uint64_t> length_;
  std::vector<SealedStretch> stretches_;
  std::size_t at_ = 0;
};

}  // namespace

http::Body unsealed(http::Body sealed, std::vector<SealedStretch> stretches) {
  return std::unique_ptr<http::BodySource>(std::make_unique<UnsealedBody>(std::move(sealed), std::move(stretches)));
}

}  // namespace sortie::emulator::s3
