#pragma once

#include <cstdint>
#include <string_view>

/// The CRCs that no library of ours has. Private to wire/checksum.
namespace sortie::wire::crc_detail {

std::uint32_t crc32c(std::string_view bytes, std::uint32_t crc);
std::uint64_t crc64nvme(std::string_view bytes, std::uint64_t crc);

}  // namespace sortie::wire::crc_detail
