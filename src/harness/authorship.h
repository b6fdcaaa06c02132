#pragma once

#include <cstdint>
#include <optional>

#include "harness/process.h"

namespace sortie::harness {

/// Whose word a test's end is. A test may fork and let its child go on as the suite (`if (fork()) _exit(0);`): the
/// child then prints the end of the test, of all further tests, and writes the result file, while what counts is how
/// the process that was started has ended. The kernel counts what each process writes: one that wrote less than was
/// read has not written it.
class Authorship {
 public:
  /// The start of a test was read; `printed`: all bytes read from standard output so far, those of this read too.
  void on_start(const Process& process, std::uint64_t printed);
  /// True while the process has written less since then than was read. For a moment it may: a write is counted just
  /// after it can be read.
  [[nodiscard]] bool lags(const Process& process, std::uint64_t printed) const;

 private:
  std::optional<std::uint64_t> count_at_start(const Process& process, std::uint64_t printed);

  bool prints_itself_ = true;  ///< so far what was read was counted soon
  std::optional<std::uint64_t> written_at_start_;
  std::uint64_t printed_at_start_ = 0;
};

}  // namespace sortie::harness
