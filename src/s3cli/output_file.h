#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/error.h"
#include "base/unique_fd.h"

/// Where a download goes.
namespace sortie::s3cli {

/// A file that appears under its name when it is complete and not before: it is written without a name where the file
/// system can do that (O_TMPFILE), otherwise under a temporary one, in the same folder, and renamed by `commit`. An
/// existing file keeps its permissions; a symbolic link is followed. Not committed, nothing stays, also when the
/// program is killed, but for a temporary name. Nothing is flushed to the disk: what `commit` promises holds against a
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
  Result<void> open_temporary();
  Result<void> give_name();

  UniqueFd fd_;
  std::string path_;       // with links resolved
  std::string temporary_;  // empty: without a name, committed, or moved from
};

}  // namespace sortie::s3cli
