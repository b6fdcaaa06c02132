#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/error.h"
#include "base/unique_fd.h"

/// Where a download goes.
namespace sortie::s3cli {

/// A target that is a device, a pipe or a socket takes bytes in order and nothing else. What lies in /dev and /proc
/// counts as one: `/dev/stdout` may be a file that somebody else has open.
bool is_stream_target(const std::string& path);

/// Opens such a target for writing. A pipe waits for its reader.
Result<UniqueFd> open_stream_target(const std::string& path);
/// Writes everything, waiting as long as it takes.
Result<void> write_all(int fd, std::span<const char> bytes);

/// A file that appears under its name when it is complete and not before: it is written under a temporary name in the
/// same folder and renamed by `commit`. An existing file keeps its permissions; a symbolic link is followed. Not
/// committed, the temporary file is removed. Nothing is flushed to the disk: what `commit` promises holds against a
/// failing program, not against a failing machine.
class OutputFile {
 public:
  /// ErrorKind::usage when `path` is a folder.
  static Result<OutputFile> create(const std::string& path);
  OutputFile(OutputFile&&) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();

  /// Takes the space beforehand, so that a full disk shows at once; where the file system cannot, it does nothing.
  Result<void> reserve(std::uint64_t size);
  Result<void> write_at(std::span<const char> bytes, std::uint64_t offset);
  /// Makes it the file of that name. With another length than `size`: ErrorKind::internal, and nothing is done.
  Result<void> commit(std::optional<std::uint64_t> size = std::nullopt);

 private:
  OutputFile() = default;

  UniqueFd fd_;
  std::string path_;       // with links resolved
  std::string temporary_;  // empty: committed, or moved from
};

}  // namespace sortie::s3cli
