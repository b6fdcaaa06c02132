#include "package/pack_cache.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <libdeflate.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <optional>
#include <vector>

#include "base/unique_fd.h"
#include "package/file.h"

namespace sortie::package {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t k_worth_keeping = 64 << 10;
constexpr std::string_view k_magic = "sortie packed 1\n";
constexpr std::size_t k_checksum_size = 8;  // CRC-32 of what follows, hexadecimal
constexpr std::size_t k_facts_size = 16;    // size, crc32, stored

/// Against a damaged disk, not an attacker: who can write here can write the suite too.
std::string checksum(std::string_view bytes) {
  return fmt::format("{:08x}", libdeflate_crc32(0, bytes.data(), bytes.size()));
}

std::string facts_of(const Packed& packed) {
  std::string facts(k_facts_size, '\0');
  const std::uint32_t stored = packed.stored ? 1 : 0;
  std::memcpy(facts.data(), &packed.size, 8);
  std::memcpy(facts.data() + 8, &packed.crc32, 4);
  std::memcpy(facts.data() + 12, &stored, 4);
  return facts;
}

std::optional<Packed> read_entry(const std::string& path, std::uint64_t content_size) {
  const auto file = read_file(path, content_size + 4096);
  if (!file) return std::nullopt;
  std::string_view bytes = *file->bytes;
  if (bytes.size() < k_magic.size() + k_checksum_size + k_facts_size || !bytes.starts_with(k_magic))
    return std::nullopt;
  bytes.remove_prefix(k_magic.size());
  const std::string_view stated = bytes.substr(0, k_checksum_size);
  bytes.remove_prefix(k_checksum_size);
  if (checksum(bytes) != stated) return std::nullopt;
  Packed packed;
  std::uint32_t stored = 0;
  std::memcpy(&packed.size, bytes.data(), 8);
  std::memcpy(&packed.crc32, bytes.data() + 8, 4);
  std::memcpy(&stored, bytes.data() + 12, 4);
  packed.stored = stored != 0;
  packed.data = bytes.substr(k_facts_size);
  if (packed.size != content_size) return std::nullopt;
  return packed;
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

/// Best effort: a full disk costs time at the next run, nothing else.
void write_entry(const std::string& path, const Packed& packed) {
  std::error_code ignored;
  fs::create_directories(fs::path(path).parent_path(), ignored);
  const std::string body = facts_of(packed) + packed.data;
  std::string aside = path + ".XXXXXX";
  const UniqueFd file(::mkostemp(aside.data(), O_CLOEXEC));
  if (!file) return;
  const bool whole =
      write_all(file.get(), k_magic) && write_all(file.get(), checksum(body)) && write_all(file.get(), body);
  if (!whole || ::rename(aside.c_str(), path.c_str()) != 0) ::unlink(aside.c_str());
}

}  // namespace

std::string PackCache::path_of(const std::string& sha256, int level) const {
  return fmt::format("{}/{}/{}.{}", folder_, sha256.substr(0, 2), sha256.substr(2), level);
}

Packed PackCache::pack(std::string_view content, const std::string& sha256, int level) {
  if (content.size() < k_worth_keeping) return package::pack(content, level);
  if (!folder_.empty()) {
    const std::string path = path_of(sha256, level);
    if (auto packed = read_entry(path, content.size())) {
      ::utimensat(AT_FDCWD, path.c_str(), nullptr, 0);  // used now: trim() goes by it
      return *std::move(packed);
    }
  }
  ++misses_;
  Packed packed = package::pack(content, level);
  if (!folder_.empty()) write_entry(path_of(sha256, level), packed);
  return packed;
}

void PackCache::trim() const {
  if (folder_.empty() || misses_ == 0) return;
  struct Item {
    fs::file_time_type used;
    std::uint64_t size;
    fs::path path;
  };
  std::vector<Item> items;
  std::uint64_t total = 0;
  std::error_code error;
  for (auto it = fs::recursive_directory_iterator(folder_, error); !error && it != fs::recursive_directory_iterator();
       it.increment(error)) {
    std::error_code gone;
    if (!it->is_regular_file(gone)) continue;
    const std::uint64_t size = it->file_size(gone);
    if (gone) continue;
    items.push_back({.used = it->last_write_time(gone), .size = size, .path = it->path()});
    total += size;
  }
  std::ranges::sort(items, {}, &Item::used);
  for (const Item& item : items) {
    if (total <= limit_bytes_) return;
    std::error_code ignored;
    fs::remove(item.path, ignored);
    total -= item.size;
  }
}

}  // namespace sortie::package
