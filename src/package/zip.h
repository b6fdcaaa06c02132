#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/zip_writer.h"

namespace sortie::package {

using sortie::Packed;
using sortie::write_zip;
using sortie::ZipPart;

/// Deflates `content` at a libdeflate level (1 fastest, 12 smallest). The same input gives the same bytes.
Packed pack(std::string_view content, int level);

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
