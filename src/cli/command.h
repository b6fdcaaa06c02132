#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/task.h"

namespace CLI {
class App;
}

namespace sortie::cli {

/// What every subcommand gets from `main`. Lives as long as the program.
struct Context {
  Executor executor;
  const Clock& clock;
  std::map<std::string, std::string> environment;
};

/// One subcommand: says its options, then does its work. One object a process; io_context thread only.
class Command {
 public:
  virtual ~Command() = default;
  /// Adds the subcommand with its options to `app`.
  virtual CLI::App* describe(CLI::App& app) = 0;
  /// What stood after `--` on the command line. False: this command takes nothing there.
  virtual bool take_trailing(std::vector<std::string> /*arguments*/) { return false; }
  /// Does it. The value is the process's exit status.
  virtual Task<Result<int>> execute(Context& context) = 0;
  /// SIGINT or SIGTERM came. True: the command sees to its own end; false: it is cancelled.
  virtual bool interrupt(int /*signal*/) { return false; }
};

std::unique_ptr<Command> make_run();
std::unique_ptr<Command> make_list();
std::unique_ptr<Command> make_package();
std::unique_ptr<Command> make_invoke();
std::unique_ptr<Command> make_logs();
std::unique_ptr<Command> make_serve();

/// Reads the command line, runs the command on an io_context of its own, prints an error if there is one, and returns
/// the exit status.
int main(int argc, char** argv);

}  // namespace sortie::cli
