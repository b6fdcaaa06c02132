#include "wire/crc.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>
#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace sortie::wire::crc_detail {

namespace {

// Reflected polynomials: Castagnoli (RFC 3720, B.4) and NVM Express (base specification, 5.2.1.3.4).
constexpr std::uint32_t k_castagnoli = 0x82F63B78U;
constexpr std::uint64_t k_nvme = 0x9A6C9329AC4BC9B5ULL;

/// Tables for eight bytes at a step ("slicing by 8").
template <class Word>
struct Tables {
  std::array<std::array<Word, 256>, 8> at{};

  constexpr explicit Tables(Word polynomial) {
    for (unsigned byte = 0; byte < 256; ++byte) {
      Word crc = byte;
      for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? Word(crc >> 1) ^ polynomial : Word(crc >> 1);
      at[0][byte] = crc;
    }
    for (unsigned byte = 0; byte < 256; ++byte) {
      for (std::size_t k = 1; k < 8; ++k) at[k][byte] = Word(at[k - 1][byte] >> 8) ^ at[0][at[k - 1][byte] & 255];
    }
  }
};

constinit const Tables<std::uint32_t> k_castagnoli_tables{k_castagnoli};
constinit const Tables<std::uint64_t> k_nvme_tables{k_nvme};

std::uint64_t load_little_endian(const char* bytes) {
  static_assert(std::endian::native == std::endian::little);
  std::uint64_t word;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

template <class Word>
Word update(const Tables<Word>& tables, std::string_view bytes, Word crc) {
  const auto& at = tables.at;
  while (bytes.size() >= 8) {
    const std::uint64_t word = load_little_endian(bytes.data()) ^ crc;
    crc = at[7][word & 255] ^ at[6][word >> 8 & 255] ^ at[5][word >> 16 & 255] ^ at[4][word >> 24 & 255] ^
          at[3][word >> 32 & 255] ^ at[2][word >> 40 & 255] ^ at[1][word >> 48 & 255] ^ at[0][word >> 56];
    bytes.remove_prefix(8);
  }
  for (const char c : bytes) crc = Word(crc >> 8) ^ at[0][(crc ^ static_cast<unsigned char>(c)) & 255];
  return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t update_with_instruction(std::string_view bytes, std::uint32_t crc) {
  std::uint64_t wide = crc;
  while (bytes.size() >= 8) {
    wide = _mm_crc32_u64(wide, load_little_endian(bytes.data()));
    bytes.remove_prefix(8);
  }
  auto narrow = std::uint32_t(wide);
  for (const char c : bytes) narrow = _mm_crc32_u8(narrow, static_cast<unsigned char>(c));
  return narrow;
}
#endif

}  // namespace

std::uint32_t crc32c(std::string_view bytes, std::uint32_t crc) {
#if defined(__x86_64__)
  static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
  if (has_instruction) return ~update_with_instruction(bytes, ~crc);
#endif
  return ~update(k_castagnoli_tables, bytes, ~crc);
}

std::uint64_t crc64nvme(std::string_view bytes, std::uint64_t crc) {
  return ~update(k_nvme_tables, bytes, ~crc);
}

}  // namespace sortie::wire::crc_detail
