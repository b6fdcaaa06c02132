#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

/// For the tests: what is in a zip that this folder wrote.
namespace sortie::package {

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

/// Reads a whole archive: paths that leave the folder, overlapping or cut entries, entries
/// that unpack to other than their stated size or checksum, encrypted and zip64 ones are errors of ErrorKind::config.
Result<std::vector<ZipEntry>> read_zip(std::string_view archive, ZipLimits limits = {});

}  // namespace sortie::package
