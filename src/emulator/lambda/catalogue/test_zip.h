#pragma once

#include <libdeflate.h>
#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <vector>

/// For tests: makes zip files, good and bad ones.
namespace sortie::emulator::lambda {

struct ZipItem {
  std::string name;
  std::string content;
  mode_t mode = S_IFREG | 0644;
  bool deflate = true;
};

namespace test_zip {
inline void put(std::string& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>(value >> (8 * i) & 0xff));
}
}  // namespace test_zip

/// A zip of these entries as a Unix program makes it.
inline std::string make_zip(const std::vector<ZipItem>& items) {
  using test_zip::put;
  std::string out;
  std::string directory;
  auto* compressor = libdeflate_alloc_compressor(1);
  for (const auto& item : items) {
    std::string body = item.content;
    if (item.deflate) {
      body.resize(libdeflate_deflate_compress_bound(compressor, item.content.size()));
      body.resize(
          libdeflate_deflate_compress(compressor, item.content.data(), item.content.size(), body.data(), body.size()));
    }
    std::string common;
    put(common, 20, 2);
    put(common, 0, 2);
    put(common, item.deflate ? 8 : 0, 2);
    put(common, 0x00210000, 4);
    put(common, libdeflate_crc32(0, item.content.data(), item.content.size()), 4);
    put(common, body.size(), 4);
    put(common, item.content.size(), 4);
    put(common, item.name.size(), 2);
    put(common, 0, 2);
    put(directory, 0x02014b50, 4);
    put(directory, 3 << 8 | 20, 2);
    directory += common;
    put(directory, 0, 6);
    put(directory, static_cast<std::uint64_t>(item.mode) << 16, 4);
    put(directory, out.size(), 4);
    directory += item.name;
    put(out, 0x04034b50, 4);
    out += common + item.name + body;
  }
  libdeflate_free_compressor(compressor);
  auto start = out.size();
  out += directory;
  put(out, 0x06054b50, 4);
  put(out, 0, 4);
  put(out, items.size(), 2);
  put(out, items.size(), 2);
  put(out, directory.size(), 4);
  put(out, start, 4);
  put(out, 0, 2);
  return out;
}

}  // namespace sortie::emulator::lambda
