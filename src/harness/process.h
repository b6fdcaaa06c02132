#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "base/utf8.h"
#include "harness/buffered_writer.h"
#include "harness/connection.h"
#include "harness/descendants.h"
#include "harness/runtime_api.h"
#include "suite/framework.h"
#include "suite/text.h"

namespace sortie::harness {

/// How to start one process of the suite.
struct Launch {
  std::vector<std::string> argv;  ///< argv[0] is the file to execute
  std::vector<std::string> environment;
  std::string working_folder;
};

/// Hears what a process does. It may stop the process from within each call.
class ProcessListener {
 public:
  virtual ~ProcessListener() = default;
  /// What was printed to standard error since the last call, and then at most one write to standard output: the
  /// former was printed before the latter, or just behind it. Each at most 64 KiB, either may be empty. True when it
  /// showed a test's start or end: the place where order matters.
  virtual bool on_output(std::string_view standard_error, std::string_view standard_output) = 0;
  /// All that could be read now has been told; before the harness waits again.
  virtual void on_pause() = 0;
  /// The process is gone and all that it had printed has been told. What comes now was printed by processes it left.
  virtual void on_exited() = 0;
  /// Standard output was closed while the process lives.
  virtual void on_stdout_closed() = 0;
  /// When `on_wake` is to be called; asked again after every call.
  [[nodiscard]] virtual TimePoint wake_at() const = 0;
  virtual void on_wake() = 0;
};

/// How a process ended.
struct ProcessEnd {
  suite::ExitStatus status;
  bool out_of_memory = false;      ///< the kernel killed it because memory was short
  std::vector<Descendant> leaked;  ///< what it left running, all killed by now; nothing when it was stopped
};

/// Where what a suite prints goes: the harness's own standard output, which is the function's log, and the streamed
/// answer. One for each invocation.
struct OutputStreams {
  Answer& answer;
  BufferedWriter& log;
  std::uint64_t logged = 0;  ///< bytes given to the log

  /// The log is text: what is not UTF-8 becomes U+FFFD here, so that the log keeps the bytes that `logged` counts.
  void write_log(std::string_view bytes) {
    const std::string text = to_valid_utf8(bytes);
    log.append(text);
    logged += text.size();
  }
  [[nodiscard]] bool congested() const { return answer.congested() || log.congested(); }
  void flush() {
    answer.flush();
    log.flush();
  }
  void add_poll(std::vector<pollfd>& fds) const {
    answer.add_poll(fds);
    log.add_poll(fds);
  }
};

/// One process of the suite, in a process group of its own, with pipes for what it prints.
class Process {
 public:
  /// ErrorKind::not_found, denied or config when it cannot be executed.
  static Result<Process> start(const Launch& launch);
  Process(Process&&) = default;
  Process& operator=(Process&&) = default;

  [[nodiscard]] pid_t pid() const { return pid_; }
  /// Asks it to end with `signal`; SIGKILL follows after `grace`. The first call counts.
  void stop(int signal, std::chrono::milliseconds grace);
  /// How many bytes it has written so far, to anything, with its children that it has waited for (proc(5),
  /// /proc/PID/io); nothing where the kernel does not count.
  [[nodiscard]] std::optional<std::uint64_t> written() const;
  /// It is at most one write ahead of what was read.
  [[nodiscard]] bool in_step() const { return in_step_; }
  /// It has exited, whatever still holds its pipes open.
  [[nodiscard]] bool has_exited() const;

  /// Follows it to its end and drains and kills all it leaves behind. It is read as long as the outputs take what it
  /// prints; its time runs in any case.
  ProcessEnd follow(ProcessListener& listener, OutputStreams& outputs);

 private:
  Process() = default;
  /// What there is to do.
  struct Ready {
    bool child = true;  ///< one may have ended
    bool out = true;
    bool err = true;
  };

  [[nodiscard]] Ready wait_for_something(ProcessListener& listener, const OutputStreams& outputs) const;
  void read_step(ProcessListener& listener, OutputStreams& outputs, Ready ready);
  void read_output(ProcessListener& listener, OutputStreams& outputs, std::size_t limit);
  std::size_t read_once(ProcessListener& listener, OutputStreams& outputs, Ready ready);
  void read_last_output(ProcessListener& listener, OutputStreams& outputs);
  ssize_t peek_stdout(char* buffer, std::size_t size);
  void consume_stdout(std::size_t count);
  void adapt_step(bool boundary);
  void drain(ProcessListener& listener, OutputStreams& outputs);
  bool reap(ProcessEnd& end);
  [[nodiscard]] bool killed_for_memory(const ProcessEnd& end, long max_rss_kib) const;

  pid_t pid_ = 0;
  UniqueFd stdout_;
  UniqueFd stderr_;
  UniqueFd peek_in_;  ///< a pipe of our own: what is in standard output's pipe is seen here without making room there
  UniqueFd peek_out_;
  UniqueFd io_;              ///< /proc/PID/io
  bool in_step_ = true;      ///< standard output's pipe holds one write
  int writes_in_a_row_ = 0;  ///< without a test's start or end
  bool reaped_ = false;
  bool stopping_ = false;
  bool killed_ = false;
  TimePoint kill_at_ = TimePoint::max();
  long oom_kills_before_ = 0;
};

/// Must be called once, before the first process is started: makes ends of children pollable, ignores SIGPIPE, opens
/// the standard descriptors where they are closed.
Result<void> prepare_for_processes();

}  // namespace sortie::harness
