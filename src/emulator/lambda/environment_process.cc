#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <csignal>

#include "emulator/lambda/environment.h"
#include "emulator/lambda/environment_output.h"
#include "emulator/lambda/executable.h"
#include "emulator/lambda/java_runtime.h"
#include "emulator/lambda/variables.h"

/// The processes of an environment: starting, watching, their output, their end.
namespace sortie::emulator::lambda {
namespace {

constexpr char k_invalid_entrypoint[] = "Runtime.InvalidEntrypoint";
constexpr std::size_t k_read_bytes = 64 * 1024;
/// How long a bootstrap that has reported its init error may take to exit.
constexpr auto k_exit_limit = std::chrono::milliseconds(500);
/// How long an answer of a process that has ended may take to begin, and to be read.
constexpr auto k_last_words_limit = std::chrono::milliseconds(5);
constexpr auto k_last_answer_limit = std::chrono::seconds(2);
/// Credentials are renewed at a start when they end sooner than this.
constexpr auto k_renew_before = std::chrono::hours(1);

/// One buffer for all environments: it is empty again before anything else runs.
std::array<char, k_read_bytes>& read_buffer() {
  static thread_local std::array<char, k_read_bytes> buffer;
  return buffer;
}

}  // namespace

/// As AWS starts its runtimes: little to warm up, a small collector, and the heap most of the function's memory.
/// https://docs.aws.amazon.com/lambda/latest/dg/java-customization.html
void Environment::add_java_arguments(std::vector<std::string>& command) const {
  const auto& version = deployment_->version;
  constexpr int k_heap_percent = 85;
  std::string class_path;
  for (const auto& path : runtime_->class_path) {
    class_path += (class_path.empty() ? "" : ":") + sandbox_->inside_path(path);
  }
  command.insert(command.end(), {"-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto",
                                 fmt::format("-XX:MaxHeapSize={}k", version.memory_mb * 1024 / 100 * k_heap_percent),
                                 "-cp", class_path});
  for (auto& argument : java_main(deployment_->code, version.handler)) command.push_back(std::move(argument));
}

/// What is executed: the function's own bootstrap, or the managed runtime, that through the function's wrapper script
/// if it has one.
Result<std::vector<std::string>> Environment::find_command() const {
  if (runtime_) {
    std::vector<std::string> command;
    const auto& environment = deployment_->version.environment;
    if (environment && environment->contains("AWS_LAMBDA_EXEC_WRAPPER")) {
      command = {"/bin/sh", sandbox_->inside_path("/var/runtime") + "/bootstrap"};
    }
    const auto interpreter = command.size();
    for (const auto& argument : runtime_->command) command.push_back(sandbox_->inside_path(argument));
    if (!runtime_->class_path.empty()) add_java_arguments(command);
    // An option in the function's NODE_OPTIONS switches it on again.
    const auto given = environment && environment->contains("NODE_OPTIONS") ? environment->at("NODE_OPTIONS") : "";
    auto after = command.begin() + static_cast<std::ptrdiff_t>(interpreter) + 1;
    for (const auto& feature : runtime_->disabled_features) {
      if (!given.contains("--" + feature)) after = command.insert(after, "--no-" + feature) + 1;
    }
    return command;
  }
  auto host_path = (deployment_->code / "bootstrap").string();
  std::string folder = "/var/task";
  auto in_layer = layers_ / "bootstrap";
  if (!layers_.empty() && check_executable(host_path) == ENOENT && check_executable(in_layer.string()) != ENOENT) {
    host_path = in_layer.string();
    folder = "/opt";
  }
  switch (int error = check_executable(host_path)) {
    case 0: return std::vector{sandbox_->inside_path(folder) + "/bootstrap"};
    case ENOENT:
    case ENOTDIR:
      return fail(ErrorKind::not_found, "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]");
    // As Lambda names it, also where the sandbox is a plain process and the path another.
    default: return fail(ErrorKind::denied, fmt::format("fork/exec {}/bootstrap: {}", folder, exec_error_text(error)));
  }
}

/// Starts the extensions and the bootstrap, and waits until all of them ask for work. Afterwards they are ready, or
/// nothing runs and the reason is given.
Task<std::optional<Environment::Failure>> Environment::start_and_wait(std::chrono::steady_clock::time_point deadline) {
  broken_.reset();
  init_error_.reset();
  extensions_.clear();
  initialized_ = false;
  log_.forget_sources();
  // The emulator ends: what failed because it was ended is not tried again.
  if (abandoned_ || retiring_) co_return Failure{.type = "Runtime.ExitError", .message = "The environment was ended"};
  if (credentials_.expires - services_.clock.now() < k_renew_before) {
    if (auto assumed = assume_role(); !assumed) {
      co_return Failure{.type = "Runtime.AccessDenied", .message = assumed.error().message};
    }
  }
  sandbox_->thaw();
  auto failure = co_await bring_up(deadline);
  if (!extensions_.empty()) log_extensions();
  initialized_ = true;
  if (failure) {
    co_await shut_down(failure->status == "timeout" ? "timeout" : "failure");
  } else {
    drain_outputs(false);
  }
  co_return failure;
}

Task<std::optional<Environment::Failure>> Environment::bring_up(std::chrono::steady_clock::time_point deadline) {
  using std::chrono::steady_clock;
  if (!layers_.empty()) {
    if (auto failed = co_await start_extensions(deadline)) co_return failed;
  }
  auto command = find_command();
  if (!command) co_return Failure{.type = k_invalid_entrypoint, .message = command.error().message};
  if (auto failed = co_await start(*std::move(command))) co_return failed;
  while (!at_rest() && !init_error_ && !broken_ && !abandoned_ && steady_clock::now() < deadline) {
    co_await changed_.wait_until(deadline);
  }
  if (init_error_) {
    auto limit = steady_clock::now() + k_exit_limit;
    while (runtime_runs_ && steady_clock::now() < limit) co_await changed_.wait_until(limit);
    co_return std::exchange(init_error_, std::nullopt);
  }
  if (broken_) co_return broken_;
  if (!at_rest()) co_return Failure{.status = "timeout", .type = "Sandbox.Timedout"};
  co_return std::nullopt;
}

Task<std::optional<Environment::Failure>> Environment::start(std::vector<std::string> argv) {
  sandbox::Command command{.argv = std::move(argv),
                           .environment = make_variables(*deployment_, credentials_, log_stream_, place()),
                           .working_folder = sandbox_->inside_path("/var/task")};
  // Before the await: a fast bootstrap asks for work before this coroutine goes on.
  instance_.apply(Event::started);
  ++programs_;
  auto started = co_await sandbox_->start(std::move(command));
  if (!started) {
    program_gone();
    co_return Failure{
        .type = k_invalid_entrypoint,
        .message = fmt::format("fork/exec /var/task/bootstrap: {}", exec_error_text(errno_of(started.error())))};
  }
  add_output(sandbox_->take_stdout(), FunctionLog::k_standard_output);
  add_output(sandbox_->take_stderr(), FunctionLog::k_standard_error);
  runtime_runs_ = true;
  asio::co_spawn(services_.executor, watch(shared_from_this()), asio::detached);
  co_return std::nullopt;
}

Environment::Failure Environment::failure_of(const sandbox::ExitStatus& status) const {
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

/// Kills what runs and waits until nothing is left and its output has been read.
Task<void> Environment::stop() {
  if (programs_ > 0) {
    instance_.apply(Event::died);
    sandbox_->kill_all();
    sandbox_->thaw();
  }
  while (programs_ > 0 && !abandoned_) co_await changed_.wait();
}

/// Ends what runs, gently where there are extensions: first the runtime, then them.
Task<void> Environment::shut_down(std::string_view reason) {
  while (shutting_down_ && !abandoned_) co_await changed_.wait();
  if (programs_ > 0 && !extensions_.empty()) {
    shutting_down_ = true;
    instance_.apply(Event::died);
    sandbox_->thaw();
    const bool external = extensions_.has(true);
    const auto began = std::chrono::steady_clock::now();
    const auto limit = began + (extensions_.has(false) ? k_internal_shutdown : k_runtime_shutdown);
    if (runtime_runs_) sandbox_->signal(SIGTERM);
    while (runtime_runs_ && std::chrono::steady_clock::now() < limit) co_await changed_.wait_until(limit);
    if (runtime_runs_) sandbox_->signal(SIGKILL);
    if (external) co_await shut_down_extensions(reason, began + k_external_shutdown);
  }
  co_await stop();
  shutting_down_ = false;
  changed_.notify();
}

/// Lives as long as the runtime's process.
Task<void> Environment::watch(std::shared_ptr<Environment> self) {
  auto status = co_await self->sandbox_->wait();
  if (self->abandoned_) co_return;
  co_await self->hear_last_words();
  if (self->abandoned_) co_return;
  self->runtime_runs_ = false;
  if (!self->broken_) self->broken_ = self->failure_of(status);
  self->instance_.apply(Event::died);
  self->program_gone();
  self->clear_if_idle();
}

/// A program that ends by itself while nobody is there to notice takes the others along.
void Environment::clear_if_idle() {
  if (programs_ == 0 || invocation_ || initializing_ahead_ || shutting_down_) return;
  asio::co_spawn(
      services_.executor,
      [](std::shared_ptr<Environment> self) -> Task<void> { co_await self->shut_down("failure"); }(shared_from_this()),
      asio::detached);
}

/// After the last one nothing is left: the state is empty, the output has been read.
void Environment::program_gone() {
  if (--programs_ == 0) {
    drain_outputs(true);
    outputs_.clear();
    close_telemetry();
    for (const auto& extension : extensions_) {
      extension->gone = true;
      extension->work.notify();
    }
    instance_.apply(Event::died);
    instance_.apply(Event::emptied);
    if (!invocation_) {
      log_.end_output();
      log_.flush();
    }
  }
  changed_.notify();
}

/// What a process sent before it ended by itself is still in the sockets: it is read before the end is acted upon.
Task<void> Environment::hear_last_words() {
  if (state() != State::running && state() != State::responding) co_return;
  answer_cut_ = false;
  auto limit = std::chrono::steady_clock::now() + k_last_words_limit;
  while (state() == State::running && std::chrono::steady_clock::now() < limit) co_await changed_.wait_until(limit);
  limit = std::chrono::steady_clock::now() + k_last_answer_limit;
  while (state() == State::responding && !answer_cut_ && std::chrono::steady_clock::now() < limit) {
    co_await changed_.wait_until(limit);
  }
}

void Environment::add_output(UniqueFd fd, FunctionLog::Source source) {
  if (!fd) return;
  auto pipe = std::make_shared<OutputPipe>(services_.executor, std::move(fd), source);
  outputs_.push_back(pipe);
  asio::co_spawn(services_.executor, read_output(shared_from_this(), pipe), asio::detached);
}

Task<void> Environment::read_output(std::shared_ptr<Environment> self, std::shared_ptr<OutputPipe> pipe) {
  while (pipe->open && pipe->descriptor.is_open()) {
    auto [error] = co_await pipe->descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                                                        asio::as_tuple(asio::use_awaitable));
    if (error || !pipe->open || self->abandoned_) co_return;
    auto& buffer = read_buffer();
    auto count = ::read(pipe->descriptor.native_handle(), buffer.data(), buffer.size());
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) {
      pipe->open = false;
      co_return;
    }
    if (count < 0) continue;
    self->log_.output(pipe->source, {buffer.data(), static_cast<std::size_t>(count)});
    const auto state = self->instance_.state();
    if (state == State::initializing || (!self->invocation_ && state != State::ready)) self->log_.flush();
  }
}

/// Reads what is in the pipes now: a program that goes on writing does not keep us. `to_the_end`: nobody writes any
/// more, everything is read.
void Environment::drain_outputs(bool to_the_end) {
  for (const auto& pipe : outputs_) {
    int left = 0;
    if (!pipe->open || ::ioctl(pipe->descriptor.native_handle(), FIONREAD, &left) != 0) continue;
    while (left > 0 || to_the_end) {
      auto& buffer = read_buffer();
      auto count = ::read(pipe->descriptor.native_handle(), buffer.data(), buffer.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) break;
      left -= static_cast<int>(count);
      log_.output(pipe->source, {buffer.data(), static_cast<std::size_t>(count)});
    }
    if (to_the_end) {
      pipe->open = false;
      boost::system::error_code ignored;
      pipe->descriptor.close(ignored);
    }
  }
}

}  // namespace sortie::emulator::lambda
