#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace sortie::emulator {

/// Addresses for AWS's host names, a different one for each, out of 198.18.0.0/15: set aside for benchmarks (RFC 2544),
/// so that no real host has one. A name keeps its address; past 131,070 names the later ones share the last.
class NameAddresses {
 public:
  /// Names are compared without case and final dot.
  std::array<std::uint8_t, 4> of(std::string_view name);
  /// Whether an IPv4 address, 127.0.0.1 being 0x7f000001, is out of that block.
  static constexpr bool holds(std::uint32_t address) { return (address & k_mask) == k_block; }

 private:
  static constexpr std::uint32_t k_block = 0xc6120000;
  static constexpr std::uint32_t k_mask = 0xfffe0000;
  static constexpr std::uint32_t k_last = ~k_mask - 1;

  std::unordered_map<std::string, std::uint32_t> known_;  ///< the part behind the block's
};

}  // namespace sortie::emulator
