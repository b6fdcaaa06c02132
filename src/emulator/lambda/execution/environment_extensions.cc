#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <cerrno>
#include <csignal>
#include <filesystem>

#include "emulator/lambda/execution/environment.h"
#include "emulator/lambda/execution/environment_output.h"
#include "emulator/lambda/execution/executable.h"
#include "emulator/lambda/execution/runtime_api.h"
#include "emulator/lambda/execution/variables.h"

/// The external extensions of an environment: the programs of `/opt/extensions`, which run beside the runtime.
namespace sortie::emulator::lambda {
namespace {

constexpr char k_launch_error[] = "Extension.LaunchError";
constexpr char k_folder[] = "extensions";

/// Everything there that is no folder, in the order of the names.
std::vector<std::string> extension_names(const std::filesystem::path& layers) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(layers / k_folder, ignored)) {
    if (entry.symlink_status(ignored).type() != std::filesystem::file_type::directory) {
      names.push_back(entry.path().filename().string());
    }
  }
  std::ranges::sort(names);
  return names;
}

/// As Go says how a process ended.
std::string end_text(const sandbox::ExitStatus& status) {
  if (status.signal != 0) return "signal: " + signal_name(status.signal);
  return status.code == 0 ? "exit code 0" : fmt::format("exit status {}", status.code);
}

}  // namespace

/// All of them, until they have registered.
Task<std::optional<Environment::Failure>> Environment::start_extensions(
    std::chrono::steady_clock::time_point deadline) {
  using std::chrono::steady_clock;
  for (const auto& name : extension_names(layers_)) {
    if (auto failed = co_await start_extension(name)) co_return failed;
  }
  while (!extensions_.all_registered() && !broken_ && steady_clock::now() < deadline) {
    co_await changed_.wait_until(deadline);
  }
  if (broken_) co_return broken_;
  if (!extensions_.all_registered()) co_return Failure{.status = "timeout", .type = "Sandbox.Timedout"};
  co_return std::nullopt;
}

Task<std::optional<Environment::Failure>> Environment::start_extension(const std::string& name) {
  const auto path = fmt::format("{}/{}/{}", sandbox_->inside_path("/opt"), k_folder, name);
  const bool too_many = extensions_.size() >= k_extension_limit;
  auto extension = extensions_.add(services_.executor, name, true);
  auto cannot = [&extension](std::string reason, std::string message) {
    extension->apply(ExtensionEvent::fails_to_launch);
    extension->error_type = std::move(reason);
    return Failure{.type = k_launch_error, .message = std::move(message)};
  };
  auto cannot_execute = [&](int error) {
    return cannot(error == EACCES ? "PermissionDenied" : "UnknownError",
                  fmt::format("fork/exec /opt/{}/{}: {}", k_folder, name, exec_error_text(error)));
  };
  if (too_many) co_return cannot("TooManyExtensions", "ErrTooManyExtensions");
  if (int error = check_executable((layers_ / k_folder / name).string()); error != 0) co_return cannot_execute(error);
  sandbox::Command command{.argv = {path},
                           .environment = make_extension_variables(*deployment_, credentials_, runtime_layout()),
                           .working_folder = "/"};
  // Before the await: it may register before this coroutine goes on.
  lifecycle_.apply(Event::started);
  ++programs_;
  auto started = co_await sandbox_->start_beside(std::move(command));
  if (!started) {
    program_gone();
    co_return cannot_execute(errno_of(started.error()));
  }
  extension->process = *std::move(started);
  add_output(extension->process->take_stdout(), log_.add_source());
  add_output(extension->process->take_stderr(), log_.add_source());
  asio::co_spawn(services_.executor, watch_extension(shared_from_this(), extension), asio::detached);
  co_return std::nullopt;
}

/// Lives as long as the extension's process.
Task<void> Environment::watch_extension(std::shared_ptr<Environment> self, std::shared_ptr<Extension> extension) {
  const auto status = co_await extension->process->wait();
  if (self->abandoned_) co_return;
  extension->gone = true;
  extension->work.notify();
  if (!self->broken_) self->broken_ = self->crash_of(*extension, status);
  self->program_gone();
  self->clear_if_idle();
}

/// One that has said before that it fails has its say; any other has crashed.
Environment::Failure Environment::crash_of(const Extension& extension, const sandbox::ExitStatus& status) const {
  Failure failure{.type = "Extension.Crash", .message = end_text(status)};
  if (extension.state == ExtensionState::init_error) failure.type = "Extension.InitError";
  if (extension.state == ExtensionState::exit_error) failure.type = "Extension.ExitError";
  return failure;
}

/// After the runtime: those that want to be told are told, and have until `deadline`; the others are killed at once.
Task<void> Environment::shut_down_extensions(std::string_view reason, std::chrono::steady_clock::time_point deadline) {
  drain_outputs(false);
  for (const auto& stream : telemetry_) stream->flush();
  for (const auto& extension : extensions_) {
    if (!extension->process || extension->gone) continue;
    if (!extension->wants_shutdown) {
      extension->process->signal(SIGKILL);
      continue;
    }
    auto document = shutdown_event(epoch_ms(deadline), reason);
    // One that is busy finds it when it asks again.
    if (!extension->notify(document)) extension->event = std::move(document);
  }
  while (extensions_.any_process() && std::chrono::steady_clock::now() < deadline) {
    co_await changed_.wait_until(deadline);
  }
}

void Environment::notify_extensions() {
  for (const auto& extension : extensions_) {
    if (extension->wants_invoke) extension->notify(invoke_event(epoch_ms(deadline_), *invocation_));
  }
}

/// What became of each in the init, after what it has printed.
void Environment::log_extensions() {
  drain_outputs(false);
  for (const auto& extension : extensions_) {
    write_platform(
        [&](LogFormat format) {
          return extension_line(format, log_.now(), extension->name, to_string(extension->state), extension->events(),
                                extension->error_type);
        },
        extension->state == ExtensionState::ready ? SystemLevel::info : SystemLevel::warn);
  }
}

std::int64_t Environment::epoch_ms(std::chrono::steady_clock::time_point when) const {
  auto remaining = std::chrono::duration_cast<std::chrono::milliseconds>(when - std::chrono::steady_clock::now());
  return (services_.clock.now() + remaining).time_since_epoch().count();
}

}  // namespace sortie::emulator::lambda
