#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/unique_fd.h"
#include "http/message.h"

/// Files that are read.
namespace sortie::s3cli {

/// A whole file of at most `limit` bytes.
Result<std::string> read_small_file(const std::string& path, std::size_t limit);

/// An open file that is uploaded.
struct InputFile {
  UniqueFd fd;
  std::string path;
  std::optional<std::uint64_t> size;  ///< nothing: a pipe or a device, read once from the front

  /// ErrorKind::not_found, denied or usage; a folder is refused.
  static Result<InputFile> open(const std::string& path);
};

/// A piece of a regular file.
struct Slice {
  int fd = -1;  ///< must stay open while the slice is used
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

/// The slice as a request's body. A file that has become shorter is an error in `read`.
http::Body make_body(Slice slice);

struct SliceDigest {
  std::string crc32;   ///< base64, when asked for
  std::string sha256;  ///< hex, when asked for
};
/// Reads the slice once, in small steps. Blocks: for the pool, or for what is short. A file that is shorter than the
/// slice is an error.
Result<SliceDigest> digest_of(Slice slice, bool want_crc32, bool want_sha256);

/// Reads until `limit` bytes are there or the end. Blocks.
Result<std::string> read_up_to(int fd, std::size_t limit);

}  // namespace sortie::s3cli
