#include "package/zip_reading.h"

#include <fmt/format.h>
#include <libdeflate.h>

#include <algorithm>
#include <memory>
#include <set>

namespace sortie::package {
namespace {

constexpr std::uint32_t k_local_signature = 0x04034b50;
constexpr std::uint32_t k_central_signature = 0x02014b50;
constexpr std::uint32_t k_end_signature = 0x06054b50;
constexpr std::size_t k_local_size = 30;
constexpr std::size_t k_central_size = 46;
constexpr std::size_t k_end_size = 22;
constexpr std::uint16_t k_encrypted = 1U;
constexpr std::uint16_t k_method_stored = 0;
constexpr std::uint16_t k_method_deflated = 8;
constexpr std::uint32_t k_symbolic_link = 0120000;
constexpr std::uint32_t k_kind_of_file = 0170000;

std::uint64_t little_endian_at(std::string_view bytes, std::size_t offset, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i)
    value |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[offset + i])) << (8 * i);
  return value;
}

/// One header of the central directory.
struct CentralEntry {
  std::string path;
  std::uint64_t flags = 0, method = 0, crc = 0, packed = 0, size = 0, mode = 0, offset = 0;
};

/// True for a relative path that stays inside: no empty, `.` or `..` part, no backslash, no NUL.
bool is_safe_path(std::string_view path) {
  if (path.ends_with('/')) path.remove_suffix(1);
  if (path.empty() || path.find('\\') != std::string_view::npos || path.find('\0') != std::string_view::npos)
    return false;
  while (true) {
    const auto slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

std::unexpected<Error> broken(std::string_view what) {
  return fail(ErrorKind::config, fmt::format("not a usable zip archive: {}", what));
}

Result<std::size_t> find_end(std::string_view archive) {
  constexpr std::size_t longest_comment = 65'535;
  if (archive.size() < k_end_size) return broken("too short");
  const std::size_t lowest = archive.size() - std::min(archive.size(), k_end_size + longest_comment);
  for (std::size_t at = archive.size() - k_end_size + 1; at-- > lowest;) {
    if (little_endian_at(archive, at, 4) == k_end_signature &&
        at + k_end_size + little_endian_at(archive, at + 20, 2) == archive.size())
      return at;
  }
  return broken("it has no end record");
}

Result<std::vector<CentralEntry>> read_directory(std::string_view archive, std::size_t end, const ZipLimits& limits) {
  const std::uint64_t count = little_endian_at(archive, end + 10, 2);
  std::uint64_t at = little_endian_at(archive, end + 16, 4);
  if (count == 0xffff || at == 0xffffffff) return broken("zip64 is not supported");
  if (count > limits.entries) return broken(fmt::format("{} entries are too many", count));
  std::vector<CentralEntry> entries;
  for (std::uint64_t i = 0; i < count; ++i) {
    if (at > end || end - at < k_central_size || little_endian_at(archive, at, 4) != k_central_signature)
      return broken("its directory is cut");
    const auto field = [&](std::size_t offset, std::size_t size) {
      return little_endian_at(archive, at + offset, size);
    };
    const std::uint64_t name = field(28, 2);
    const std::uint64_t whole = k_central_size + name + field(30, 2) + field(32, 2);
    if (end - at < whole) return broken("its directory is cut");
    entries.push_back({.path = std::string(archive.substr(at + k_central_size, name)),
                       .flags = field(8, 2),
                       .method = field(10, 2),
                       .crc = field(16, 4),
                       .packed = field(20, 4),
                       .size = field(24, 4),
                       .mode = field(38, 4) >> 16U,
                       .offset = field(42, 4)});
    at += whole;
  }
  return entries;
}

struct DecompressorDeleter {
  void operator()(libdeflate_decompressor* d) const { libdeflate_free_decompressor(d); }
};

Result<ZipEntry> unpack(std::string_view archive, const CentralEntry& entry) {
  if (entry.flags & k_encrypted) return broken(fmt::format("{} is encrypted", entry.path));
  if (entry.offset > archive.size() || archive.size() - entry.offset < k_local_size ||
      little_endian_at(archive, entry.offset, 4) != k_local_signature)
    return broken(fmt::format("{} is not where the directory says", entry.path));
  const std::uint64_t start = entry.offset + k_local_size + little_endian_at(archive, entry.offset + 26, 2) +
                              little_endian_at(archive, entry.offset + 28, 2);
  if (start > archive.size() || archive.size() - start < entry.packed)
    return broken(fmt::format("{} is cut", entry.path));
  const std::string_view packed = archive.substr(start, entry.packed);

  ZipEntry result{.path = entry.path,
                  .content = {},
                  .mode = static_cast<std::uint32_t>(entry.mode & 0777),
                  .link = (entry.mode & k_kind_of_file) == k_symbolic_link};
  if (entry.method == k_method_stored) {
    if (entry.packed != entry.size) return broken(fmt::format("{} has two sizes", entry.path));
    result.content = packed;
  } else if (entry.method == k_method_deflated) {
    // Deflate packs at most 1:1032, so a stated size beyond that is a lie not worth its memory.
    if (entry.size / 1032 > entry.packed) return broken(fmt::format("{} cannot be as large as it says", entry.path));
    result.content.resize(entry.size);
    const std::unique_ptr<libdeflate_decompressor, DecompressorDeleter> tool(libdeflate_alloc_decompressor());
    if (!tool || libdeflate_deflate_decompress(tool.get(), packed.data(), packed.size(), result.content.data(),
                                               result.content.size(), nullptr) != LIBDEFLATE_SUCCESS)
      return broken(fmt::format("{} does not unpack", entry.path));
  } else {
    return broken(fmt::format("{} is packed by method {}", entry.path, entry.method));
  }
  if (libdeflate_crc32(0, result.content.data(), result.content.size()) != entry.crc)
    return broken(fmt::format("{} does not have its checksum", entry.path));
  return result;
}

}  // namespace

Result<std::vector<ZipEntry>> read_zip(std::string_view archive, ZipLimits limits) {
  ASSIGN_OR_RETURN(const std::size_t end, find_end(archive));
  ASSIGN_OR_RETURN(const auto directory, read_directory(archive, end, limits));
  std::uint64_t total = 0;
  std::set<std::string_view> paths;
  for (const CentralEntry& entry : directory) {
    if (!is_safe_path(entry.path)) return broken("a path in it leaves the folder");
    if (!paths.insert(entry.path).second) return broken(fmt::format("{} is in it twice", entry.path));
    total += entry.size;
  }
  if (total > limits.unzipped_bytes)
    return broken(fmt::format("it unpacks to {} bytes, more than {}", total, limits.unzipped_bytes));
  std::vector<ZipEntry> entries;
  entries.reserve(directory.size());
  for (const CentralEntry& entry : directory) {
    ASSIGN_OR_RETURN(auto unpacked, unpack(archive, entry));
    entries.push_back(std::move(unpacked));
  }
  return entries;
}

}  // namespace sortie::package
