#include <malloc.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <span>
#include <sstream>

#include "base/deadline.h"
#include "cli/command.h"
#include "cli/command_line.h"
#include "cli/print.h"
#include "cli/standard_streams.h"
#include "http/tls.h"

extern char** environ;  // NOLINT(readability-redundant-declaration)

namespace sortie::cli {
namespace {

constexpr int k_reused_bytes = 32 << 20;
constexpr const char* k_footer =
    "Exit status of run: 0 every test passed, 1 a test failed, 2 usage or configuration,\n"
    "3 something could not be run or a test was lost, 4 no test matched, 130 interrupted.\n"
    "`sortie COMMAND --help` tells more.";

std::map<std::string, std::string> read_environment() {
  std::map<std::string, std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals != std::string_view::npos) environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return environment;
}

/// Hands signals to the command; the second one ends the process where it stands. Sandboxes die with it.
class Interrupts {
 public:
  Interrupts(asio::io_context& io, Command& command) : signals_(io, SIGINT, SIGTERM, SIGHUP), command_(command) {
    wait();
  }
  asio::cancellation_slot slot() { return cancel_.slot(); }
  [[nodiscard]] int received() const { return received_; }
  /// The command has ended: what still arrives is too late.
  void stop() {
    stopped_ = true;
    signals_.cancel();
  }

 private:
  void wait() {
    signals_.async_wait([this](const boost::system::error_code& error, int number) {
      if (error) return;
      if (stopped_) return;
      if (received_ != 0) std::_Exit(128 + number);
      received_ = number;
      if (!command_.interrupt(number)) cancel_.emit(asio::cancellation_type::terminal);
      wait();
    });
  }

  asio::signal_set signals_;
  Command& command_;
  asio::cancellation_signal cancel_;
  int received_ = 0;
  bool stopped_ = false;
};

/// What the process ends with; says why where something went wrong.
int exit_status(const Result<int>& result, int interrupted_by) {
  if (result) return *result;
  const Error& error = result.error();
  if (interrupted_by != 0 && error.kind == ErrorKind::cancelled) return 128 + interrupted_by;
  if (nobody_reads(error)) return 128 + SIGPIPE;  // as if we had died of it
  print_error(error);
  return exit_code(error.kind);
}

int execute(Command& command) {
  asio::io_context io(1);
  const SystemClock clock;
  Context context{io.get_executor(), clock, read_environment()};
  Interrupts interrupts(io, command);
  std::optional<Settled<int>> settled;
  asio::co_spawn(io, settle(command.execute(context)),
                 asio::bind_cancellation_slot(interrupts.slot(), [&](std::exception_ptr bug, Settled<int> value) {
                   settled = std::move(value);
                   if (bug) settled->exception = bug;
                   interrupts.stop();
                 }));
  io.run();
  if (settled->exception) std::rethrow_exception(settled->exception);
  return exit_status(*settled->result, interrupts.received());
}

}  // namespace

int main(int argc, char** argv) {
  prepare_standard_streams();
  http::ignore_openssl_configuration();
  // A package passes through several strings of its size: memory that was touched once is used again, not given back
  // to the system and faulted in anew.
  ::mallopt(M_MMAP_THRESHOLD, k_reused_bytes);
  ::mallopt(M_TRIM_THRESHOLD, k_reused_bytes);
  CLI::App app(
      "Sortie runs compiled test suites in AWS Lambda and tells the truth about the result.\n"
      "Without an AWS account it runs them on an embedded AWS inside this program.",
      "sortie");
  app.set_version_flag("--version", "sortie " SORTIE_VERSION);
  app.require_subcommand(1);
  app.footer(k_footer);
  std::vector<std::unique_ptr<Command>> commands;
  for (auto make : {make_run, make_list, make_package, make_invoke, make_logs, make_serve}) commands.push_back(make());
  Command* chosen = nullptr;
  for (const auto& command : commands) {
    command->describe(app)->callback([&chosen, &command] { chosen = command.get(); });
  }
  // What follows `--` is not ours to parse: the suite's arguments, or serve's command.
  char** const dashes =
      std::find_if(argv, argv + argc, [](const char* word) { return std::string_view(word) == "--"; });
  try {
    app.parse(static_cast<int>(dashes - argv), argv);
  } catch (const CLI::Success& help) {
    std::ostringstream text;
    (void)app.exit(help, text, text);
    if (auto written = write_stdout(text.str()); !written) return exit_status(std::unexpected(written.error()), 0);
    return 0;
  } catch (const CLI::ParseError& error) {
    const std::span<char* const> words(argv + 1, dashes);
    print_error(command_line_error(app, error, words));
    if (words.empty()) std::fputs(command_list(app).c_str(), stderr);
    return exit_code(ErrorKind::usage);
  }
  if (dashes != argv + argc && !chosen->take_trailing({dashes + 1, argv + argc})) {
    print_error(Error{.kind = ErrorKind::usage, .message = "this command takes nothing after --"});
    return exit_code(ErrorKind::usage);
  }
  return execute(*chosen);
}

}  // namespace sortie::cli
