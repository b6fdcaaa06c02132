#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/error.h"

namespace sortie::package {

/// A file as it was at the moment of reading.
struct FileContent {
  std::shared_ptr<const std::string> bytes;
  bool executable = false;  ///< someone may execute it
  bool read_only = false;   ///< not even its owner may write it
};

/// Reads a regular file whole, symbolic links followed. ErrorKind::config (never not_found or denied: the user named
/// the file) when it is not there, not readable, a folder or a device, or larger than `limit` bytes.
Result<FileContent> read_file(const std::string& path, std::uint64_t limit);

/// SHA-256, hexadecimal.
std::string sha256_hex(std::string_view bytes);
/// SHA-256, base64.
std::string sha256_base64(std::string_view bytes);

}  // namespace sortie::package
