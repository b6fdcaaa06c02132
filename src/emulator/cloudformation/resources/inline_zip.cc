#include "emulator/cloudformation/resources/inline_zip.h"

#include <cstdint>
#include <vector>

#include "wire/checksum.h"

namespace sortie::emulator::cloudformation {
namespace {

// PKWARE's APPNOTE, 4.3: local header, central header, end of central directory.
constexpr std::uint32_t k_local = 0x04034b50;
constexpr std::uint32_t k_central = 0x02014b50;
constexpr std::uint32_t k_end = 0x06054b50;
constexpr std::uint16_t k_version = 20;
constexpr std::uint16_t k_made_on_unix = 0x0314;
constexpr std::uint16_t k_utf8_name = 0x0800;
constexpr std::uint16_t k_date = 0x21;  // 1 January 1980
constexpr std::uint32_t k_mode = 0100644U << 16;

class Writer {
 public:
  void two(std::uint16_t value) { little(value, 2); }
  void four(std::uint32_t value) { little(value, 4); }
  void bytes(std::string_view text) { out_ += text; }
  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(out_.size()); }
  std::string take() { return std::move(out_); }

 private:
  void little(std::uint32_t value, int count) {
    for (int i = 0; i < count; ++i) out_ += static_cast<char>((value >> (8 * i)) & 0xff);
  }
  std::string out_;
};

std::uint32_t crc_of(std::string_view content) {
  wire::Checksum checksum(wire::ChecksumAlgorithm::crc32);
  checksum.update(content);
  std::uint32_t crc = 0;
  for (char byte : checksum.finish()) crc = crc << 8 | static_cast<unsigned char>(byte);
  return crc;
}

/// What the local and the central header of a file share.
void write_header(Writer& zip, const ZipEntry& entry) {
  zip.two(k_version);
  zip.two(k_utf8_name);
  zip.two(0);  // stored
  zip.two(0);  // midnight
  zip.two(k_date);
  zip.four(crc_of(entry.content));
  zip.four(static_cast<std::uint32_t>(entry.content.size()));
  zip.four(static_cast<std::uint32_t>(entry.content.size()));
  zip.two(static_cast<std::uint16_t>(entry.name.size()));
  zip.two(0);  // no extra fields
}

}  // namespace

std::string zip_files(std::span<const ZipEntry> entries) {
  Writer zip;
  std::vector<std::uint32_t> offsets;
  for (const ZipEntry& entry : entries) {
    offsets.push_back(zip.size());
    zip.four(k_local);
    write_header(zip, entry);
    zip.bytes(entry.name);
    zip.bytes(entry.content);
  }
  const std::uint32_t directory = zip.size();
  for (std::size_t index = 0; index < entries.size(); ++index) {
    zip.four(k_central);
    zip.two(k_made_on_unix);
    write_header(zip, entries[index]);
    zip.two(0);  // no comment
    zip.two(0);  // first disk
    zip.two(0);  // binary
    zip.four(k_mode);
    zip.four(offsets[index]);
    zip.bytes(entries[index].name);
  }
  const std::uint32_t directory_size = zip.size() - directory;
  zip.four(k_end);
  zip.four(0);  // one disk
  zip.two(static_cast<std::uint16_t>(entries.size()));
  zip.two(static_cast<std::uint16_t>(entries.size()));
  zip.four(directory_size);
  zip.four(directory);
  zip.two(0);
  return zip.take();
}

}  // namespace sortie::emulator::cloudformation
