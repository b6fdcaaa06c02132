#include "emulator/lambda/execution/programs.h"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <cerrno>
#include <csignal>

#include "emulator/lambda/execution/executable.h"
#include "emulator/lambda/execution/variables.h"

namespace sortie::emulator::lambda {
namespace {

constexpr char k_invalid_entrypoint[] = "Runtime.InvalidEntrypoint";
/// How long a bootstrap that has reported its init error may take to exit.
constexpr auto k_exit_limit = std::chrono::milliseconds(500);

Failure failure_of(const sandbox::ExitStatus& status) {
  Failure failure{.type = status.out_of_memory ? "Runtime.OutOfMemory" : "Runtime.ExitError"};
  if (status.signal != 0) {
    failure.message = "Runtime exited with error: signal: " + signal_name(status.signal);
  } else if (status.code != 0) {
    failure.message = fmt::format("Runtime exited with error: exit status {}", status.code);
  } else {
    failure.message = "Runtime exited without providing a reason";
  }
  return failure;
}

}  // namespace

Programs::Programs(ProgramParts parts, std::string log_stream, std::string_view initialization)
    : parts_(parts),
      log_stream_(std::move(log_stream)),
      initialization_(initialization),
      outputs_(parts.services.executor, parts.log, [this] {
        const auto state = parts_.lifecycle.state();
        return state == State::initializing || (!attended_ && state != State::ready);
      }) {}

Task<std::optional<Failure>> Programs::start_all(std::chrono::steady_clock::time_point deadline) {
  broken_.reset();
  parts_.exchange.forget_init_error();
  parts_.extensions.clear();
  parts_.telemetry.open_subscription();
  parts_.log.forget_sources();
  if (abandoned_ || refuses_starts_) {
    co_return Failure{.type = "Runtime.ExitError", .message = "The environment was ended"};
  }
  if (auto renewed = parts_.role.renew(); !renewed) {
    co_return Failure{.type = "Runtime.AccessDenied", .message = renewed.error().message};
  }
  parts_.sandbox->thaw();
  auto failure = co_await bring_up(deadline);
  if (!parts_.extensions.empty()) log_extensions();
  parts_.telemetry.close_subscription();
  if (failure) {
    co_await shut_down(failure->status == "timeout" ? "timeout" : "failure");
  } else {
    outputs_.drain();
  }
  co_return failure;
}

Task<std::optional<Failure>> Programs::bring_up(std::chrono::steady_clock::time_point deadline) {
  using std::chrono::steady_clock;
  if (!parts_.sandbox.layers().empty()) {
    if (auto failed = co_await start_extensions(deadline)) co_return failed;
  }
  auto command = parts_.sandbox.find_command();
  if (!command) co_return Failure{.type = k_invalid_entrypoint, .message = command.error().message};
  if (auto failed = co_await start_runtime(*std::move(command))) co_return failed;
  while (!at_rest() && !parts_.exchange.has_init_error() && !broken_ && !abandoned_ && steady_clock::now() < deadline) {
    co_await parts_.changed.wait_until(deadline);
  }
  if (parts_.exchange.has_init_error()) {
    auto limit = steady_clock::now() + k_exit_limit;
    while (runtime_runs_ && steady_clock::now() < limit) co_await parts_.changed.wait_until(limit);
    co_return parts_.exchange.take_init_error();
  }
  if (broken_) co_return broken_;
  if (!at_rest()) co_return Failure{.status = "timeout", .type = "Sandbox.Timedout"};
  co_return std::nullopt;
}

Task<std::optional<Failure>> Programs::start_runtime(std::vector<std::string> argv) {
  sandbox::Command command{.argv = std::move(argv),
                           .environment = make_variables(parts_.deployment, parts_.role.credentials(), log_stream_,
                                                         parts_.sandbox.layout(initialization_)),
                           .working_folder = parts_.sandbox->inside_path("/var/task")};
  // Before the await: a fast bootstrap asks for work before this coroutine goes on.
  if (!begin_program()) co_return Failure{.type = k_invalid_entrypoint, .message = "the environment is gone"};
  auto started = co_await parts_.sandbox->start(std::move(command));
  if (!started) {
    end_program();
    co_return Failure{
        .type = k_invalid_entrypoint,
        .message = fmt::format("fork/exec /var/task/bootstrap: {}", exec_error_text(errno_of(started.error())))};
  }
  auto owner = owner_.lock();
  outputs_.add(owner, parts_.sandbox->take_stdout(), FunctionLog::k_standard_output);
  outputs_.add(owner, parts_.sandbox->take_stderr(), FunctionLog::k_standard_error);
  runtime_runs_ = true;
  asio::co_spawn(parts_.services.executor, watch_runtime(std::move(owner)), asio::detached);
  co_return std::nullopt;
}

bool Programs::at_rest() const {
  return parts_.lifecycle.state() == State::ready && (parts_.extensions.empty() || parts_.extensions.all_ready());
}

/// The first one makes the environment initialize. False: nothing may be started in it any more.
bool Programs::begin_program() {
  if (running_ == 0 && !parts_.lifecycle.apply(Event::started)) return false;
  ++running_;
  return true;
}

/// After the last one nothing is left: the state is empty, the output has been read.
void Programs::end_program() {
  if (--running_ == 0) {
    outputs_.finish();
    parts_.telemetry.close();
    for (const auto& extension : parts_.extensions) {
      extension->gone = true;
      extension->work.notify();
    }
    parts_.lifecycle.stop();
    if (parts_.lifecycle.apply(Event::emptied) && !attended_) {
      parts_.log.end_output();
      parts_.log.flush();
    }
  }
  parts_.changed.notify();
}

/// Lives as long as the runtime's process.
Task<void> Programs::watch_runtime(std::shared_ptr<void>) {
  auto status = co_await parts_.sandbox->wait();
  if (abandoned_) co_return;
  co_await parts_.exchange.drain_answer();
  if (abandoned_) co_return;
  runtime_runs_ = false;
  if (!broken_) broken_ = failure_of(status);
  parts_.lifecycle.stop();
  end_program();
  clear_if_unattended();
}

void Programs::clear_if_unattended() {
  if (running_ == 0 || attended_ || shutting_down_) return;
  asio::co_spawn(parts_.services.executor, clear(owner_.lock()), asio::detached);
}

Task<void> Programs::clear(std::shared_ptr<void>) {
  co_await shut_down("failure");
}

Task<void> Programs::wait_until_gone() {
  while ((running_ > 0 || shutting_down_) && !abandoned_) co_await parts_.changed.wait();
}

Task<void> Programs::shut_down(std::string_view reason) {
  while (shutting_down_ && !abandoned_) co_await parts_.changed.wait();
  if (running_ > 0 && !parts_.extensions.empty()) {
    shutting_down_ = true;
    parts_.lifecycle.stop();
    parts_.sandbox->thaw();
    const bool external = parts_.extensions.has(true);
    const auto began = std::chrono::steady_clock::now();
    const auto limit = began + (parts_.extensions.has(false) ? k_internal_shutdown : k_runtime_shutdown);
    if (runtime_runs_) parts_.sandbox->signal(SIGTERM);
    while (runtime_runs_ && std::chrono::steady_clock::now() < limit) co_await parts_.changed.wait_until(limit);
    if (runtime_runs_) parts_.sandbox->signal(SIGKILL);
    if (external) co_await shut_down_extensions(reason, began + k_external_shutdown);
  }
  co_await stop();
  shutting_down_ = false;
  parts_.changed.notify();
}

/// Kills what runs and waits until nothing is left and its output has been read.
Task<void> Programs::stop() {
  if (running_ > 0) {
    parts_.lifecycle.stop();
    parts_.sandbox->kill_all();
    parts_.sandbox->thaw();
  }
  while (running_ > 0 && !abandoned_) co_await parts_.changed.wait();
}

void Programs::abandon() {
  abandoned_ = true;
  outputs_.abandon();
  if (parts_.sandbox.made() && parts_.lifecycle.occupied()) {
    parts_.sandbox->kill_all();
    parts_.sandbox->thaw();
  }
}

}  // namespace sortie::emulator::lambda
