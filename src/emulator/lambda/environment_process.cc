#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>

#include "emulator/lambda/environment.h"
#include "emulator/lambda/environment_output.h"
#include "emulator/lambda/variables.h"

/// The process of an environment: starting, watching, its output, its end.
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

#if defined(__x86_64__)
constexpr Elf64_Half k_machine = EM_X86_64;
#elif defined(__aarch64__)
constexpr Elf64_Half k_machine = EM_AARCH64;
#else
#error "functions run on x86_64 and aarch64"
#endif

/// One buffer for all environments: it is empty again before anything else runs.
std::array<char, k_read_bytes>& read_buffer() {
  static thread_local std::array<char, k_read_bytes> buffer;
  return buffer;
}

/// What the kernel would say to executing `path`: 0, or an errno value.
int check_executable(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return errno;
  if (!S_ISREG(status.st_mode) || (status.st_mode & 0111) == 0) return EACCES;
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return 0;  // execute permission is enough to try
  Elf64_Ehdr header{};
  auto size = ::read(file.get(), &header, sizeof header);
  bool elf = size >= SELFMAG && std::string_view(reinterpret_cast<const char*>(header.e_ident), SELFMAG) == ELFMAG;
  if (elf) return size == sizeof header && header.e_machine == k_machine ? 0 : ENOEXEC;
  bool script = size >= 2 && header.e_ident[0] == '#' && header.e_ident[1] == '!';
  return script ? 0 : ENOEXEC;
}

/// errno in the words of Go's `fork/exec`, which Lambda's messages carry.
std::string_view exec_error_text(int error) {
  switch (error) {
    case EACCES: return "permission denied";
    case ENOEXEC: return "exec format error";
    default: return "no such file or directory";
  }
}

int errno_of(const Error& error) {
  if (error.kind == ErrorKind::not_found) return ENOENT;
  if (error.kind == ErrorKind::denied) return EACCES;
  return ENOEXEC;
}

}  // namespace

/// What is executed: the function's own bootstrap, or the managed runtime, that through the function's wrapper script
/// if it has one.
Result<std::vector<std::string>> Environment::find_command() const {
  if (runtime_) {
    std::vector<std::string> command;
    const auto& environment = deployment_->version.environment;
    if (environment && environment->contains("AWS_LAMBDA_EXEC_WRAPPER")) {
      command = {"/bin/sh", sandbox_->inside_path("/var/runtime") + "/bootstrap"};
    }
    for (const auto& argument : runtime_->command) command.push_back(sandbox_->inside_path(argument));
    return command;
  }
  auto host_path = (deployment_->code / "bootstrap").string();
  auto inside = sandbox_->inside_path("/var/task") + "/bootstrap";
  auto in_layer = layers_ / "bootstrap";
  if (!layers_.empty() && check_executable(host_path) == ENOENT && check_executable(in_layer.string()) != ENOENT) {
    host_path = in_layer.string();
    inside = sandbox_->inside_path("/opt") + "/bootstrap";
  }
  switch (int error = check_executable(host_path)) {
    case 0: return std::vector{inside};
    case ENOENT:
    case ENOTDIR:
      return fail(ErrorKind::not_found, "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]");
    default: return fail(ErrorKind::denied, fmt::format("fork/exec {}: {}", inside, exec_error_text(error)));
  }
}

/// Starts the bootstrap and waits until it asks for work. Afterwards it is ready, or nothing runs and the reason is
/// given.
Task<std::optional<Environment::Failure>> Environment::start_and_wait(std::chrono::steady_clock::time_point deadline) {
  auto command = find_command();
  if (!command) co_return Failure{.type = k_invalid_entrypoint, .message = command.error().message};
  if (auto failed = co_await start(*std::move(command))) co_return failed;
  while (instance_.state() == State::initializing && !init_error_ && std::chrono::steady_clock::now() < deadline) {
    co_await changed_.wait_until(deadline);
  }
  if (instance_.state() == State::ready) {
    drain_outputs(false);
    co_return std::nullopt;
  }
  bool timed_out = instance_.state() == State::initializing && !init_error_;
  if (init_error_) {
    auto limit = std::chrono::steady_clock::now() + k_exit_limit;
    while (watching_ && std::chrono::steady_clock::now() < limit) co_await changed_.wait_until(limit);
  }
  co_await stop();
  if (timed_out) co_return Failure{.status = "timeout", .type = "Sandbox.Timedout"};
  if (init_error_) co_return std::exchange(init_error_, std::nullopt);
  co_return failure_of(ended_.value_or(sandbox::ExitStatus{}));
}

Task<std::optional<Environment::Failure>> Environment::start(std::vector<std::string> argv) {
  ended_.reset();
  init_error_.reset();
  extension_id_.clear();
  if (credentials_.expires - services_.clock.now() < k_renew_before) {
    if (auto assumed = assume_role(); !assumed) {
      co_return Failure{.type = "Runtime.AccessDenied", .message = assumed.error().message};
    }
  }
  sandbox::Command command{.argv = std::move(argv),
                           .environment = make_variables(*deployment_, credentials_, log_stream_, place()),
                           .working_folder = sandbox_->inside_path("/var/task")};
  sandbox_->thaw();
  // Before the await: a fast bootstrap asks for work before this coroutine goes on.
  instance_.apply(Event::started);
  auto started = co_await sandbox_->start(std::move(command));
  if (!started) {
    instance_.apply(Event::died);
    instance_.apply(Event::emptied);
    co_return Failure{
        .type = k_invalid_entrypoint,
        .message = fmt::format("fork/exec /var/task/bootstrap: {}", exec_error_text(errno_of(started.error())))};
  }
  take_outputs();
  watching_ = true;
  asio::co_spawn(
      services_.executor,
      [](std::shared_ptr<Environment> self) -> Task<void> { co_await self->watch(); }(shared_from_this()),
      asio::detached);
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
  if (watching_) {
    instance_.apply(Event::died);
    sandbox_->kill_all();
    sandbox_->thaw();
  }
  while (watching_) co_await changed_.wait();
}

/// Lives as long as the process. The state after it is empty.
Task<void> Environment::watch() {
  auto status = co_await sandbox_->wait();
  if (abandoned_) co_return;
  co_await hear_last_words();
  if (abandoned_) co_return;
  drain_outputs(true);
  outputs_.clear();
  ended_ = status;
  instance_.apply(Event::died);
  instance_.apply(Event::emptied);
  if (!invocation_) {
    log_.end_output();
    log_.flush();
  }
  watching_ = false;
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

void Environment::take_outputs() {
  outputs_.clear();
  auto add = [this](UniqueFd fd, FunctionLog::Source source) {
    if (!fd) return;
    auto pipe = std::make_shared<OutputPipe>(services_.executor, std::move(fd), source);
    outputs_.push_back(pipe);
    asio::co_spawn(services_.executor, read_output(shared_from_this(), pipe), asio::detached);
  };
  add(sandbox_->take_stdout(), FunctionLog::Source::standard_output);
  add(sandbox_->take_stderr(), FunctionLog::Source::standard_error);
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
    if (!self->invocation_ && self->instance_.state() != State::ready) self->log_.flush();
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
