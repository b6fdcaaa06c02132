#include "wire/aes_ctr.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace sortie::wire {
namespace {

constexpr std::size_t k_key = 32;
constexpr std::size_t k_block = 16;

// Fetched once: looking an algorithm up by name costs more than a small object. Never freed.
const EVP_CIPHER* cipher() {
  static const EVP_CIPHER* const aes = EVP_CIPHER_fetch(nullptr, "AES-256-CTR", nullptr);
  return aes;
}

}  // namespace

struct AesCtr::State {
  State() : context(EVP_CIPHER_CTX_new()) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { EVP_CIPHER_CTX_free(context); }  // overwrites the key
  EVP_CIPHER_CTX* context;
};

AesCtr::AesCtr(std::string_view key, std::uint64_t offset) : state_(std::make_unique<State>()) {
  std::array<unsigned char, k_block> counter{};
  std::uint64_t block = offset / k_block;
  for (std::size_t i = k_block; block != 0; block >>= 8) counter.at(--i) = static_cast<unsigned char>(block);
  const bool ready = state_->context != nullptr && cipher() != nullptr && key.size() == k_key &&
                     EVP_EncryptInit_ex2(state_->context, cipher(), reinterpret_cast<const unsigned char*>(key.data()),
                                         counter.data(), nullptr) == 1;
  if (!ready) throw std::runtime_error("AES-256 is not there");
  std::array<char, k_block> skipped{};
  apply(std::span(skipped).first(offset % k_block));
}

AesCtr::AesCtr(AesCtr&&) noexcept = default;
AesCtr& AesCtr::operator=(AesCtr&&) noexcept = default;
AesCtr::~AesCtr() = default;

void AesCtr::apply(std::span<char> bytes) {
  constexpr std::size_t k_most = 1 << 30;  // OpenSSL counts in int
  while (!bytes.empty()) {
    const auto some = bytes.first(std::min(bytes.size(), k_most));
    auto* at = reinterpret_cast<unsigned char*>(some.data());
    int count = 0;
    if (EVP_EncryptUpdate(state_->context, at, &count, at, static_cast<int>(some.size())) != 1) {
      throw std::runtime_error("AES-256 failed");
    }
    bytes = bytes.subspan(some.size());
  }
}

}  // namespace sortie::wire
