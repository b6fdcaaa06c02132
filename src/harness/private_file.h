#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/unique_fd.h"

namespace sortie::harness {

/// A file that the harness and the suite hand each other. It lies in memory and is opened by a path under the harness's
/// own /proc entry: whatever tests do to /tmp (fill it, use up its inodes, close it) does not touch it.
class PrivateFile {
 public:
  /// `otherwise`: where it lies where /proc does not give such paths; its folders are made.
  static Result<PrivateFile> make(const std::string& otherwise);

  [[nodiscard]] const std::string& path() const { return path_; }
  Result<void> write(std::string_view content);
  /// Its first `limit` bytes; empty when there are none.
  [[nodiscard]] std::string read(std::size_t limit) const;

 private:
  PrivateFile() = default;

  UniqueFd memory_;  ///< not there when it is an ordinary file
  std::string path_;
};

}  // namespace sortie::harness
