#include "emulator/core/name_addresses.h"

#include <algorithm>

#include "base/ascii.h"

namespace sortie::emulator {

std::array<std::uint8_t, 4> NameAddresses::of(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  std::string key = ascii_lower(name);
  const auto found = known_.find(key);
  std::uint32_t number = 0;
  if (found != known_.end()) {
    number = found->second;
  } else {
    number = static_cast<std::uint32_t>(std::min<std::size_t>(known_.size() + 1, k_last));
    if (known_.size() < k_last) known_.emplace(std::move(key), number);
  }
  const std::uint32_t address = k_block | number;
  return {static_cast<std::uint8_t>(address >> 24), static_cast<std::uint8_t>(address >> 16),
          static_cast<std::uint8_t>(address >> 8), static_cast<std::uint8_t>(address)};
}

}  // namespace sortie::emulator
