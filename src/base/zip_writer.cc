#include "base/zip_writer.h"

#include <fmt/format.h>

#include <limits>
#include <string_view>

namespace sortie {
namespace {

constexpr std::uint32_t k_local_signature = 0x04034b50;
constexpr std::uint32_t k_central_signature = 0x02014b50;
constexpr std::uint32_t k_end_signature = 0x06054b50;
constexpr std::size_t k_local_size = 30;
constexpr std::size_t k_central_size = 46;
constexpr std::size_t k_end_size = 22;
constexpr std::uint16_t k_version_needed = 20;
constexpr std::uint16_t k_made_by_unix = (3U << 8U) | k_version_needed;
constexpr std::uint16_t k_utf8_names = 1U << 11U;
constexpr std::uint16_t k_method_stored = 0;
constexpr std::uint16_t k_method_deflated = 8;
constexpr std::uint16_t k_first_day = (1U << 5U) | 1U;  // 1980-01-01 in MS-DOS's form
constexpr std::size_t k_entry_limit = 65'534;
constexpr std::uint64_t k_archive_limit = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint32_t k_regular_file = 0100000;
constexpr std::uint32_t k_folder = 0040000;
constexpr std::uint32_t k_symbolic_link = 0120000;

class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}
  Writer& u16(std::uint64_t value) { return little_endian(value, 2); }
  Writer& u32(std::uint64_t value) { return little_endian(value, 4); }
  Writer& bytes(std::string_view text) {
    out_ += text;
    return *this;
  }

 private:
  Writer& little_endian(std::uint64_t value, int size) {
    for (int i = 0; i < size; ++i) out_ += static_cast<char>(value >> (8 * i) & 0xff);
    return *this;
  }
  std::string& out_;
};

/// The fields that the local and the central header have in common.
void write_common(Writer& writer, const ZipPart& part, const Packed& content) {
  writer.u16(k_version_needed).u16(k_utf8_names).u16(content.stored ? k_method_stored : k_method_deflated);
  writer.u16(0).u16(k_first_day);
  writer.u32(content.crc32).u32(content.data.size()).u32(content.size).u16(part.path.size()).u16(0);
}

const Packed& content_of(const ZipPart& part) {
  static const Packed empty{.data = {}, .stored = true};
  return part.content ? *part.content : empty;
}

}  // namespace

Result<std::string> write_zip(std::span<const ZipPart> parts) {
  if (parts.size() > k_entry_limit)
    return fail(ErrorKind::config, fmt::format("{} files are too many for a zip", parts.size()));
  std::uint64_t total = k_end_size;
  for (const ZipPart& part : parts)
    total += k_local_size + k_central_size + 2 * part.path.size() + content_of(part).data.size();
  if (total > k_archive_limit) return fail(ErrorKind::config, "the archive would be larger than 4 GiB");

  std::string archive;
  std::string directory;
  archive.reserve(total);
  Writer local(archive);
  Writer central(directory);
  for (const ZipPart& part : parts) {
    const Packed& content = content_of(part);
    const std::uint32_t kind = part.link ? k_symbolic_link : part.path.ends_with('/') ? k_folder : k_regular_file;
    central.u32(k_central_signature).u16(k_made_by_unix);
    write_common(central, part, content);
    central.u16(0).u16(0).u16(0).u32((part.mode | kind) << 16U).u32(archive.size());
    central.bytes(part.path);
    local.u32(k_local_signature);
    write_common(local, part, content);
    local.bytes(part.path).bytes(content.data);
  }
  const std::size_t directory_at = archive.size();
  local.bytes(directory).u32(k_end_signature).u16(0).u16(0).u16(parts.size()).u16(parts.size());
  local.u32(directory.size()).u32(directory_at).u16(0);
  return archive;
}

}  // namespace sortie
