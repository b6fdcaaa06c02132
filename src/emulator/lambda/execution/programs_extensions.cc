#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <cerrno>
#include <csignal>
#include <filesystem>

#include "emulator/lambda/execution/executable.h"
#include "emulator/lambda/execution/programs.h"
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

/// One that has reported an error before fails with that error; any other has crashed.
Failure crash_of(const Extension& extension, const sandbox::ExitStatus& status) {
  Failure failure{.type = "Extension.Crash", .message = end_text(status)};
  if (extension.state == ExtensionState::init_error) failure.type = "Extension.InitError";
  if (extension.state == ExtensionState::exit_error) failure.type = "Extension.ExitError";
  return failure;
}

}  // namespace

/// All of them, until they have registered.
Task<std::optional<Failure>> Programs::start_extensions(std::chrono::steady_clock::time_point deadline) {
  using std::chrono::steady_clock;
  for (const auto& name : extension_names(parts_.sandbox.layers())) {
    if (auto failed = co_await start_extension(name)) co_return failed;
  }
  while (!parts_.extensions.all_registered() && !broken_ && steady_clock::now() < deadline) {
    co_await parts_.changed.wait_until(deadline);
  }
  if (broken_) co_return broken_;
  if (!parts_.extensions.all_registered()) co_return Failure{.status = "timeout", .type = "Sandbox.Timedout"};
  co_return std::nullopt;
}

Task<std::optional<Failure>> Programs::start_extension(const std::string& name) {
  const auto path = fmt::format("{}/{}/{}", parts_.sandbox->inside_path("/opt"), k_folder, name);
  const bool too_many = parts_.extensions.size() >= k_extension_limit;
  auto extension = parts_.extensions.add(parts_.services.executor, name, true);
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
  if (int error = check_executable((parts_.sandbox.layers() / k_folder / name).string()); error != 0)
    co_return cannot_execute(error);
  sandbox::Command command{.argv = {path},
                           .environment = make_extension_variables(parts_.deployment, parts_.role.credentials(),
                                                                   parts_.sandbox.layout(initialization_)),
                           .working_folder = "/"};
  // Before the await: it may register before this coroutine goes on.
  if (!begin_program()) co_return cannot("UnknownError", "the environment is gone");
  auto started = co_await parts_.sandbox->start_beside(std::move(command));
  if (!started) {
    end_program();
    co_return cannot_execute(errno_of(started.error()));
  }
  extension->process = *std::move(started);
  auto owner = owner_.lock();
  outputs_.add(owner, extension->process->take_stdout(), parts_.log.add_source());
  outputs_.add(owner, extension->process->take_stderr(), parts_.log.add_source());
  asio::co_spawn(parts_.services.executor, watch_extension(std::move(owner), extension), asio::detached);
  co_return std::nullopt;
}

/// Lives as long as the extension's process.
Task<void> Programs::watch_extension(std::shared_ptr<void>, std::shared_ptr<Extension> extension) {
  const auto status = co_await extension->process->wait();
  if (abandoned_) co_return;
  extension->gone = true;
  extension->work.notify();
  if (!broken_) broken_ = crash_of(*extension, status);
  end_program();
  clear_if_unattended();
}

/// After the runtime: those registered for SHUTDOWN receive it and have until `deadline`; the others are killed.
Task<void> Programs::shut_down_extensions(std::string_view reason, std::chrono::steady_clock::time_point deadline) {
  outputs_.drain();
  parts_.telemetry.flush();
  for (const auto& extension : parts_.extensions) {
    if (!extension->process || extension->gone) continue;
    if (!extension->wants_shutdown) {
      extension->process->signal(SIGKILL);
      continue;
    }
    auto document = shutdown_event(epoch_ms(parts_.services.clock, deadline), reason);
    // One that is busy finds it when it asks again.
    if (!extension->notify(document)) extension->event = std::move(document);
  }
  while (parts_.extensions.any_process() && std::chrono::steady_clock::now() < deadline) {
    co_await parts_.changed.wait_until(deadline);
  }
}

/// What became of each in the init, after what it has printed.
void Programs::log_extensions() {
  outputs_.drain();
  for (const auto& extension : parts_.extensions) {
    parts_.telemetry.write_platform(
        [&](LogFormat format) {
          return extension_line(format, parts_.log.now(), extension->name, to_string(extension->state),
                                extension->events(), extension->error_type);
        },
        extension->state == ExtensionState::ready ? SystemLevel::info : SystemLevel::warn);
  }
}

}  // namespace sortie::emulator::lambda
