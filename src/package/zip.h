#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace sortie::package {

/// A file's content as it stands in an archive.
struct Packed {
  std::string data;  ///< deflated, or as it is when that is not smaller
  bool stored = false;
  std::uint32_t crc32 = 0;  ///< of the content
  std::uint64_t size = 0;   ///< of the content
};

/// Deflates `content` at a libdeflate level (1 fastest, 12 smallest). The same input gives the same bytes.
Packed pack(std::string_view content, int level);

/// One file or folder to be written. A folder's path ends in `/`.
struct ZipPart {
  std::string path;                 ///< relative, `/` between folders, UTF-8
  std::uint32_t mode = 0644;        ///< permission bits alone
  const Packed* content = nullptr;  ///< nullptr: empty; must live until the archive is written
  bool link = false;                ///< a symbolic link; its content is where it leads
};

/// Writes a zip archive (APPNOTE 6.3, no zip64) with the entries in the given order. The same input gives the same
/// bytes: every entry is dated 1980-01-01 00:00 and carries its Unix mode and nothing else of this machine.
/// ErrorKind::config when there are more than 65,534 entries or the archive passes 4 GiB.
Result<std::string> write_zip(std::span<const ZipPart> parts);

struct ZipEntry {
  std::string path;
  std::string content;
  std::uint32_t mode = 0644;
  bool link = false;  ///< a symbolic link, which leads to `content`: anywhere
};

struct ZipLimits {
  std::size_t entries = 65'535;
  std::uint64_t unzipped_bytes = 262'144'000;  ///< AWS Lambda's limit
};

/// Reads a whole archive whose bytes may be hostile: paths that leave the folder, overlapping or cut entries, entries
/// that unpack to other than their stated size or checksum, encrypted and zip64 ones are errors of ErrorKind::config.
Result<std::vector<ZipEntry>> read_zip(std::string_view archive, ZipLimits limits = {});

}  // namespace sortie::package
