#include "package/loader_cache.h"

#include <cstdint>
#include <cstring>
#include <optional>

namespace sortie::package {
namespace {

constexpr std::string_view k_magic = "glibc-ld.so.cache1.1";
constexpr std::string_view k_old_magic = "ld.so-1.7.0";
constexpr std::size_t k_header_size = 48;
constexpr std::size_t k_entry_size = 24;
constexpr std::size_t k_entry_limit = 65'536;
constexpr std::size_t k_string_limit = 4096;

std::uint64_t number_at(std::string_view bytes, std::size_t offset, std::size_t size) {
  std::uint64_t value = 0;
  std::memcpy(&value, bytes.data() + offset, size);
  return value;
}

std::optional<std::string> string_at(std::string_view bytes, std::uint64_t offset) {
  if (offset >= bytes.size()) return std::nullopt;
  const auto rest = bytes.substr(offset, k_string_limit + 1);
  const auto end = rest.find('\0');
  if (end == std::string_view::npos || end == 0) return std::nullopt;
  return std::string(rest.substr(0, end));
}

}  // namespace

std::unordered_map<std::string, std::vector<std::string>> read_loader_cache(std::string_view bytes) {
  std::unordered_map<std::string, std::vector<std::string>> files;
  if (bytes.starts_with(k_old_magic)) {
    // The old format comes first in caches that have both; string offsets count from the new one's start.
    const auto start = bytes.find(k_magic);
    if (start == std::string_view::npos) return files;
    bytes.remove_prefix(start);
  }
  if (!bytes.starts_with(k_magic) || bytes.size() < k_header_size) return files;
  const std::uint64_t count = number_at(bytes, k_magic.size(), 4);
  for (std::size_t i = 0; i < count && i < k_entry_limit; ++i) {
    const std::size_t entry = k_header_size + i * k_entry_size;
    if (entry + k_entry_size > bytes.size()) break;
    const std::uint64_t hardware = number_at(bytes, entry + 16, 8);
    if (hardware != 0) continue;
    auto name = string_at(bytes, number_at(bytes, entry + 4, 4));
    auto file = string_at(bytes, number_at(bytes, entry + 8, 4));
    if (name && file && file->front() == '/') files[*std::move(name)].push_back(*std::move(file));
  }
  return files;
}

}  // namespace sortie::package
