#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/error.h"

namespace sortie {

/// A file's content as it stands in an archive.
struct Packed {
  std::string data;  ///< deflated, or as it is when that is not smaller
  bool stored = false;
  std::uint32_t crc32 = 0;  ///< of the content
  std::uint64_t size = 0;   ///< of the content
};

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

}  // namespace sortie
