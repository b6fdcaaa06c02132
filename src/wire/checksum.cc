#include "wire/checksum.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

#include "base/ascii.h"
#include "wire/crc.h"

namespace sortie::wire {

namespace {

// Fetched once: looking an algorithm up by name costs more than hashing a small request. Never freed.
const EVP_MD* digest_of(ChecksumAlgorithm algorithm) {
  static const EVP_MD* const sha256_digest = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  static const EVP_MD* const sha1_digest = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  static const EVP_MD* const md5_digest = EVP_MD_fetch(nullptr, "MD5", nullptr);
  switch (algorithm) {
    case ChecksumAlgorithm::sha1: return sha1_digest;
    case ChecksumAlgorithm::md5: return md5_digest;
    default: return sha256_digest;
  }
}

/// A digest context; allocation failure is the only way it can fail.
class Digest {
 public:
  Digest() : context_(EVP_MD_CTX_new()) {
    if (context_ == nullptr) throw std::bad_alloc();
  }
  Digest(const Digest&) = delete;
  Digest& operator=(const Digest&) = delete;
  ~Digest() { EVP_MD_CTX_free(context_); }

  void start(ChecksumAlgorithm algorithm) { EVP_DigestInit_ex2(context_, digest_of(algorithm), nullptr); }
  void update(std::string_view bytes) { EVP_DigestUpdate(context_, bytes.data(), bytes.size()); }
  std::string finish() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> out;
    unsigned length = 0;
    EVP_DigestFinal_ex(context_, out.data(), &length);
    return {reinterpret_cast<const char*>(out.data()), length};
  }

 private:
  EVP_MD_CTX* context_;
};

bool is_digest(ChecksumAlgorithm algorithm) {
  return algorithm == ChecksumAlgorithm::sha1 || algorithm == ChecksumAlgorithm::sha256 ||
         algorithm == ChecksumAlgorithm::md5;
}

// One context a thread for the one-shot functions: a new one costs an allocation and an initialisation.
std::string one_shot(ChecksumAlgorithm algorithm, std::string_view a, std::string_view b = {}) {
  thread_local Digest digest;
  digest.start(algorithm);
  digest.update(a);
  if (!b.empty()) digest.update(b);
  return digest.finish();
}

/// RFC 2104. Both hashes have blocks of 64 bytes.
std::string hmac(ChecksumAlgorithm algorithm, std::string_view key, std::string_view bytes) {
  constexpr std::size_t k_block = 64;
  const std::string short_key = key.size() > k_block ? one_shot(algorithm, key) : std::string(key);
  std::array<char, k_block> inner;
  std::array<char, k_block> outer;
  inner.fill(0x36);
  outer.fill(0x5c);
  for (std::size_t i = 0; i < short_key.size(); ++i) {
    inner[i] = char(inner[i] ^ short_key[i]);
    outer[i] = char(outer[i] ^ short_key[i]);
  }
  const auto hash = one_shot(algorithm, {inner.data(), inner.size()}, bytes);
  return one_shot(algorithm, {outer.data(), outer.size()}, hash);
}

template <class Integer>
std::string big_endian(Integer value) {
  std::string out(sizeof value, '\0');
  for (std::size_t i = 0; i < sizeof value; ++i) out[i] = char(value >> (8 * (sizeof value - 1 - i)));
  return out;
}

constexpr std::string_view k_hex = "0123456789abcdef";
int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

struct Names {
  ChecksumAlgorithm algorithm;
  std::string_view name;
  std::string_view header;
};
constexpr std::array<Names, 6> k_names = {{
    {ChecksumAlgorithm::crc32, "CRC32", "x-amz-checksum-crc32"},
    {ChecksumAlgorithm::crc32c, "CRC32C", "x-amz-checksum-crc32c"},
    {ChecksumAlgorithm::crc64nvme, "CRC64NVME", "x-amz-checksum-crc64nvme"},
    {ChecksumAlgorithm::sha1, "SHA1", "x-amz-checksum-sha1"},
    {ChecksumAlgorithm::sha256, "SHA256", "x-amz-checksum-sha256"},
    {ChecksumAlgorithm::md5, "MD5", ""},
}};

bool same_without_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return ascii_lower(x) == ascii_lower(y); });
}

}  // namespace

std::string_view to_string(ChecksumAlgorithm algorithm) {
  return k_names[std::size_t(algorithm)].name;
}

std::string_view checksum_header(ChecksumAlgorithm algorithm) {
  return k_names[std::size_t(algorithm)].header;
}

std::optional<ChecksumAlgorithm> checksum_algorithm_from(std::string_view name) {
  for (const auto& known : k_names) {
    if (same_without_case(name, known.name)) return known.algorithm;
    if (!known.header.empty() && same_without_case(name, known.header)) return known.algorithm;
  }
  return std::nullopt;
}

struct Checksum::State {
  ChecksumAlgorithm algorithm;
  std::optional<Digest> digest;
  std::uint64_t crc = 0;
};

Checksum::Checksum(ChecksumAlgorithm algorithm) : state_(std::make_unique<State>()) {
  state_->algorithm = algorithm;
  if (is_digest(algorithm)) state_->digest.emplace().start(algorithm);
}
Checksum::Checksum(Checksum&&) noexcept = default;
Checksum& Checksum::operator=(Checksum&&) noexcept = default;
Checksum::~Checksum() = default;

ChecksumAlgorithm Checksum::algorithm() const {
  return state_->algorithm;
}

void Checksum::update(std::string_view bytes) {
  switch (state_->algorithm) {
    case ChecksumAlgorithm::crc32: state_->crc = crc32(bytes, std::uint32_t(state_->crc)); break;
    case ChecksumAlgorithm::crc32c: state_->crc = crc32c(bytes, std::uint32_t(state_->crc)); break;
    case ChecksumAlgorithm::crc64nvme: state_->crc = crc64nvme(bytes, state_->crc); break;
    default: state_->digest->update(bytes);
  }
}

std::string Checksum::finish() {
  if (state_->digest) {
    auto out = state_->digest->finish();
    state_->digest->start(state_->algorithm);
    return out;
  }
  const auto crc = std::exchange(state_->crc, 0);
  return state_->algorithm == ChecksumAlgorithm::crc64nvme ? big_endian(crc) : big_endian(std::uint32_t(crc));
}

std::string checksum(ChecksumAlgorithm algorithm, std::string_view bytes) {
  if (is_digest(algorithm)) return one_shot(algorithm, bytes);
  Checksum running(algorithm);
  running.update(bytes);
  return running.finish();
}

std::string sha256(std::string_view bytes) {
  return one_shot(ChecksumAlgorithm::sha256, bytes);
}
std::string sha256_hex(std::string_view bytes) {
  return hex_encode(sha256(bytes));
}
std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  return hmac(ChecksumAlgorithm::sha256, key, bytes);
}
std::string hmac_sha1(std::string_view key, std::string_view bytes) {
  return hmac(ChecksumAlgorithm::sha1, key, bytes);
}

std::uint32_t crc32(std::string_view bytes, std::uint32_t crc) {
  return std::uint32_t(::crc32_z(crc, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

std::uint32_t crc32c(std::string_view bytes, std::uint32_t crc) {
  return crc_detail::crc32c(bytes, crc);
}
std::uint64_t crc64nvme(std::string_view bytes, std::uint64_t crc) {
  return crc_detail::crc64nvme(bytes, crc);
}

std::string hex_encode(std::string_view bytes) {
  std::string out(bytes.size() * 2, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    out[2 * i] = k_hex[byte >> 4];
    out[2 * i + 1] = k_hex[byte & 15];
  }
  return out;
}

std::optional<std::string> hex_decode(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string out(text.size() / 2, '\0');
  for (std::size_t i = 0; i < out.size(); ++i) {
    const int high = hex_value(text[2 * i]);
    const int low = hex_value(text[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out[i] = char(high * 16 + low);
  }
  return out;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace sortie::wire
