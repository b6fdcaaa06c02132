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
  /// The end of that test was read, and is still in the pipe.
  void on_end(const Process& process, std::uint64_t printed);
  /// True when less was written than was read since the start. Exact when something behind the end was read already.
  [[nodiscard]] bool lags(const Process& process) const;
  /// True when the process, by what it has `written` to its end, cannot have written that end: neither as much as was
  /// printed since the start, nor anything behind it, as every framework does.
  [[nodiscard]] bool is_foreign(std::optional<std::uint64_t> written) const;

 private:
  std::optional<std::uint64_t> written_at_start_;
  std::optional<std::uint64_t> written_at_end_;
  std::uint64_t printed_at_start_ = 0;
  std::uint64_t printed_since_ = 0;
};

}  // namespace sortie::harness
