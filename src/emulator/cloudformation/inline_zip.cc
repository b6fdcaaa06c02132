#include "emulator/cloudformation/inline_zip.h"

#include <cstdint>

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

}  // namespace

std::string zip_one_file(std::string_view name, std::string_view content) {
  wire::Checksum checksum(wire::ChecksumAlgorithm::crc32);
  checksum.update(content);
  std::uint32_t crc = 0;
  for (char byte : checksum.finish()) crc = crc << 8 | static_cast<unsigned char>(byte);
  Writer zip;
  const auto shared = [&] {
    zip.two(k_version);
    zip.two(k_utf8_name);
    zip.two(0);  // stored
    zip.two(0);  // midnight
    zip.two(k_date);
    zip.four(crc);
    zip.four(static_cast<std::uint32_t>(content.size()));
    zip.four(static_cast<std::uint32_t>(content.size()));
    zip.two(static_cast<std::uint16_t>(name.size()));
    zip.two(0);  // no extra fields
  };
  zip.four(k_local);
  shared();
  zip.bytes(name);
  zip.bytes(content);
  const std::uint32_t directory = zip.size();
  zip.four(k_central);
  zip.two(k_made_on_unix);
  shared();
  zip.two(0);  // no comment
  zip.two(0);  // first disk
  zip.two(0);  // binary
  zip.four(k_mode);
  zip.four(0);  // the local header is at the start
  zip.bytes(name);
  const std::uint32_t directory_size = zip.size() - directory;
  zip.four(k_end);
  zip.four(0);  // one disk
  zip.two(1);
  zip.two(1);
  zip.four(directory_size);
  zip.four(directory);
  zip.two(0);
  return zip.take();
}

}  // namespace sortie::emulator::cloudformation
