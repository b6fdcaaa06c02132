#include "wire/aes_ctr.h"

#include <gtest/gtest.h>

#include <string>

#include "wire/checksum.h"

namespace sortie::wire {
namespace {

const std::string k_zero_key(32, '\0');
/// AES-256 under a key of zeros of the blocks 0, 1 and 2: AESAVS's first vector, and those behind test cases 13 and 14
/// of the GCM specification.
constexpr std::string_view k_stream =
    "dc95c078a2408989ad48a21492842087"
    "530f8afbc74536b9a963b4f1c4cb738b"
    "cea7403d4d606b6e074ec5d3baf39d18";

std::string stream(std::string_view key, std::uint64_t offset, std::size_t size) {
  std::string bytes(size, '\0');
  AesCtr(key, offset).apply(bytes);
  return bytes;
}

TEST(AesCtr, IsAesInCounterMode) {
  EXPECT_EQ(hex_encode(stream(k_zero_key, 0, 48)), k_stream);
}

TEST(AesCtr, BeginsAnywhere) {
  const std::string whole = hex_decode(k_stream).value();
  for (std::size_t offset = 0; offset < whole.size(); ++offset) {
    EXPECT_EQ(stream(k_zero_key, offset, whole.size() - offset), whole.substr(offset)) << offset;
  }
}

TEST(AesCtr, GoesOnWhereItWas) {
  std::string bytes(48, '\0');
  AesCtr cipher(k_zero_key, 0);
  for (std::size_t at = 0; at < bytes.size(); at += 5) {
    cipher.apply(std::span(bytes).subspan(at, std::min<std::size_t>(5, bytes.size() - at)));
  }
  EXPECT_EQ(hex_encode(bytes), k_stream);
}

TEST(AesCtr, CountsFurtherThan32Bits) {
  constexpr std::uint64_t k_wrap = (1ULL << 32) * 16;
  EXPECT_EQ(stream(k_zero_key, k_wrap - 16, 32).substr(16), stream(k_zero_key, k_wrap, 16));
  EXPECT_NE(stream(k_zero_key, k_wrap, 16), stream(k_zero_key, 0, 16));
}

TEST(AesCtr, TakesKeysOf32BytesAlone) {
  EXPECT_THROW(AesCtr("short", 0), std::runtime_error);
}

}  // namespace
}  // namespace sortie::wire
