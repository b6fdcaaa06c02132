#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/unique_fd.h"

namespace sortie {

/// Any number of bytes in bounded memory: past a limit they go to a temporary file without a name, below $TMPDIR or
/// /tmp, which goes with the object or the process. Blocking; not for several threads.
class Spool {
 public:
  /// `in_memory`: how much is collected before it is written out.
  explicit Spool(std::size_t in_memory) : in_memory_(in_memory) {}

  /// After a failure of the disk the rest is only counted; `read` tells of it.
  void append(std::string_view bytes);
  [[nodiscard]] std::uint64_t size() const { return size_; }
  /// Hands over all bytes in order, a piece at a time. ErrorKind::internal when the disk fails, or failed before.
  [[nodiscard]] Result<void> read(const std::function<void(std::string_view)>& piece) const;

 private:
  void write_out();

  std::size_t in_memory_;
  std::string collected_;  ///< what is not in the file yet
  UniqueFd file_;
  std::uint64_t written_ = 0;
  std::uint64_t size_ = 0;
  int error_ = 0;
};

}  // namespace sortie
