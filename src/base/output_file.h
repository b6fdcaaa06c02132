#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/unique_fd.h"

namespace sortie {

/// A file that the user named to be written, whatever stands under that name; symbolic links are followed. Pipes,
/// devices and our own standard streams are written through and never replaced. A regular file is replaced by rename
/// when all of it has been written, and keeps its mode and owner; where that cannot be (its folder is closed to us, it
/// has further names, it belongs to another) it is written in place. Blocking; not for several threads.
class OutputFile {
 public:
  enum class Writing : std::uint8_t {
    at_once,      ///< a regular file shows its new content when `close` has succeeded, its old one before
    as_it_comes,  ///< a regular file is emptied at once and grows with each `write`
  };

  /// Finds out whether the file can be written, without touching what is there (but for `as_it_comes`). A named pipe is
  /// waited for until someone reads it, at most 5 seconds. ErrorKind::config.
  static Result<OutputFile> open(const std::string& path, Writing writing);
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  /// Without `close`, a file written `at_once` stays as it was.
  ~OutputFile();

  /// After a failure further writes do nothing; `close` tells of it.
  void write(std::string_view bytes);
  /// The first failure, if any.
  [[nodiscard]] Result<void> close();

 private:
  explicit OutputFile(std::string path) : path_(std::move(path)) {}
  Result<void> open_stream(const struct stat& there);
  Result<void> open_regular(const struct stat* there, Writing writing);
  int make_temporary();
  int keep_mode_and_owner() const;
  void begin();

  std::string path_;       ///< as the user wrote it, for messages
  std::string target_;     ///< where links lead
  std::string temporary_;  ///< what is to be renamed; empty: none
  UniqueFd file_;
  struct stat replaced_{};  ///< what stands under the name
  bool replaces_ = false;
  bool renames_ = false;  ///< written beside the target first
  bool begun_ = false;
  int error_ = 0;
};

}  // namespace sortie
