#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "suite/protocol.h"

namespace sortie::suite {

/// A file the harness writes before it starts the suite.
struct InputFile {
  std::string path;
  std::string content;
};

/// How to start the suite for one purpose. Paths are under a scratch folder that the harness makes for each start.
struct CommandSpec {
  std::vector<std::string> args;
  std::vector<std::pair<std::string, std::string>> env;
  std::vector<std::string> folders;  ///< made by the harness before the start
  std::vector<InputFile> input_files;
  std::string result_file;  ///< written by the suite; empty when it writes none
  /// Variables that the suite must not find, unless they are among `env`: the user's too, because they would take tests
  /// or results away.
  std::vector<std::string> cleared;
};

/// How a process ended.
struct ExitStatus {
  int code = 0;    ///< when signal is 0
  int signal = 0;  ///< when it was killed
  friend bool operator==(const ExitStatus&, const ExitStatus&) = default;
};

/// What one run of the suite left for reading a listing.
struct ListOutput {
  std::string standard_output;
  std::string standard_error;
  std::string result_file;
  ExitStatus status;
  std::string_view executable;      ///< the suite's bytes; empty when they cannot be read
  std::vector<std::string> args;    ///< the user's, which the suite was given behind the listing's
  std::vector<ListOutput> further;  ///< of what Framework::further_listing asked for, in order
};

/// What the reader of a running suite's output says has happened. `paused` and `resumed` are for frameworks that run
/// tests at the same time (Go's t.Parallel): a paused test waits, a resumed one has the output from here on.
struct Progress {
  enum class Kind : std::uint8_t { started, ended, paused, resumed } kind = Kind::started;
  std::string test;
  /// Where in the bytes just fed the boundary is: what is before it belongs to the test that ran until then.
  std::size_t offset = 0;
  Outcome outcome = Outcome::passed;  ///< for ended
  bool flaky = false;                 ///< for ended: passed after the framework itself had repeated it
  std::chrono::microseconds duration{0};
  std::string message;
  std::string file;
  int line = 0;
  /// For ended: a failure that is no test's, because it came behind the tests that it could be charged to (a tear-down,
  /// the process's own exit status). `test` names it in brackets, as no framework names a test: `[AfterSuite]`,
  /// `[TearDownTestSuite of A]`. It needs no start, counts as one more result of the run, and leaves every test's end
  /// as it is; told twice under one name, the later word counts. Readers tell it with `Tally::end_unlisted`.
  bool unlisted = false;
};

/// The unlisted result of a process whose end no test explains.
inline constexpr std::string_view k_process_exit = "[process exit]";

/// Follows one process of the suite: fed with its output as it comes, then told how it ended. One object a process.
/// A test may be `ended` a second time as long as no other test has started: the later word counts (a failure in what
/// runs after the last test of a suite, a forged line followed by the true one). A duration of 0 means: not known.
class ResultReader {
 public:
  virtual ~ResultReader() = default;
  /// The process has been started. For a suite whose output does not tell when a test starts.
  virtual std::vector<Progress> start() { return {}; }
  /// Standard output, in any pieces. The bytes are test output as well: the harness passes them on itself.
  virtual std::vector<Progress> feed(std::string_view bytes) = 0;
  /// Standard error, in any pieces, for the words of a failure; it has no order with standard output.
  virtual void feed_errors(std::string_view /*bytes*/) {}
  /// The process is gone. Ends what only the result file or the status can end; an exit status that no reported test
  /// explains is told as the unlisted result k_process_exit (`Tally::explain`), which the harness charges to the test
  /// where a process was given one alone. Tests that were selected and are neither ended here nor before did not
  /// finish: the harness decides from the status what became of them. A signal is the harness's to explain.
  virtual std::vector<Progress> finish(ExitStatus status, std::string_view result_file) = 0;
};

/// One test framework: how to recognise a suite of it, list it, select tests, and read results. Stateless, pure.
/// Facts: docs/frameworks.md.
class Framework {
 public:
  virtual ~Framework() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  /// True when the executable's bytes show that it is a suite of this framework.
  [[nodiscard]] virtual bool recognises(std::string_view executable_bytes) const = 0;
  [[nodiscard]] virtual CommandSpec listing(const std::string& scratch_folder) const = 0;
  /// One more start that the list needs after those in `output`; nothing when it can be read.
  [[nodiscard]] virtual std::optional<CommandSpec> further_listing(const ListOutput& /*output*/,
                                                                   const std::string& /*scratch_folder*/) const {
    return std::nullopt;
  }
  /// Never a smaller list than the suite has: what is printed and not understood is an error that shows it.
  [[nodiscard]] virtual Result<Listed> read_list(const ListOutput& output) const = 0;
  /// Runs exactly `tests`, in which an unasked one stands before those of its unit that need it.
  [[nodiscard]] virtual CommandSpec selection(const std::vector<TestCase>& tests,
                                              const std::string& scratch_folder) const = 0;
  [[nodiscard]] virtual std::unique_ptr<ResultReader> reader(const std::vector<TestCase>& tests) const = 0;
  /// How many of the first `tests` fit into one `selection` (arguments have a length limit); at least 1.
  [[nodiscard]] virtual std::size_t selection_limit(const std::vector<TestCase>& tests) const { return tests.size(); }
  /// The list, when it is known without starting the suite.
  [[nodiscard]] virtual std::optional<std::vector<TestCase>> fixed_list(const std::string& /*executable*/) const {
    return std::nullopt;
  }
  /// Where a suite of this framework does things before its tests start, in words for a message: `SetUpTestSuite or
  /// main`. Empty when it is all one.
  [[nodiscard]] virtual std::string_view set_up() const { return {}; }
  /// With this character the framework marks what it prints itself to standard output; it is no output of the tests. 0:
  /// nothing is marked.
  [[nodiscard]] virtual char line_mark() const { return '\0'; }
  /// The signal that asks a suite which hangs to end; SIGKILL follows.
  [[nodiscard]] virtual int stop_signal() const { return 15; }
};

/// By name; nullptr when there is none.
const Framework* find_framework(std::string_view name);
/// The framework of an executable; `plain` when none of the others recognises it.
const Framework& detect_framework(std::string_view executable_bytes);

}  // namespace sortie::suite
