#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/signal.h"
#include "base/task.h"
#include "emulator/lambda/execution/extension.h"
#include "emulator/lambda/execution/failure.h"
#include "emulator/lambda/execution/function_role.h"
#include "emulator/lambda/execution/function_sandbox.h"
#include "emulator/lambda/execution/lifecycle.h"
#include "emulator/lambda/execution/output_pipes.h"
#include "emulator/lambda/execution/runtime_exchange.h"
#include "emulator/lambda/execution/telemetry_hub.h"

namespace sortie::emulator::lambda {

/// The parts of an environment that its programs are made with. All outlive the Programs.
struct ProgramParts {
  EnvironmentServices& services;
  const Deployment& deployment;
  FunctionLog& log;
  FunctionRole& role;
  FunctionSandbox& sandbox;
  Lifecycle& lifecycle;
  Signal& changed;  ///< notified when a program ends
  Extensions& extensions;
  TelemetryHub& telemetry;
  RuntimeExchange& exchange;
};

/// The runtime and the external extensions that run in an environment: started together, watched, ended together.
/// io_context thread only.
class Programs {
 public:
  /// How long their end may take: with an internal extension, with external ones, and what of the latter is the
  /// runtime's. https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
  static constexpr auto k_internal_shutdown = std::chrono::milliseconds(500);
  static constexpr auto k_external_shutdown = std::chrono::milliseconds(2000);
  static constexpr auto k_runtime_shutdown = std::chrono::milliseconds(300);

  Programs(ProgramParts parts, std::string log_stream, std::string_view initialization);

  /// Once, before the first start: the tasks that watch programs keep `owner`, and with it all parts.
  void set_owner(std::weak_ptr<void> owner) { owner_ = std::move(owner); }
  /// Starts all, and waits until all of them ask for work. Afterwards they are ready, or nothing runs and the reason is
  /// given.
  Task<std::optional<Failure>> start_all(std::chrono::steady_clock::time_point deadline);
  /// Ends what runs, gently where there are extensions: first the runtime, then them. Returns when nothing is left.
  Task<void> shut_down(std::string_view reason);
  /// Waits until what was there before is gone.
  Task<void> wait_until_gone();
  /// Nothing is started any more: what fails because it is ended is not tried again.
  void refuse_starts() { refuses_starts_ = true; }
  /// Kills them; nobody waits for their end.
  void abandon();
  /// Somebody uses the environment: what ends now is his to notice. Otherwise one that ends by itself takes the others
  /// along.
  void set_attended(bool attended) { attended_ = attended; }
  /// The runtime and all extensions wait for work.
  [[nodiscard]] bool at_rest() const;
  /// The runtime runs, and was asked to end.
  [[nodiscard]] bool ending_runtime() const { return shutting_down_ && runtime_runs_; }
  /// The first program that ended since the start, as a failure.
  [[nodiscard]] const std::optional<Failure>& broken() const { return broken_; }
  /// Reads what they have printed by now.
  void drain_output() { outputs_.drain(); }

 private:
  Task<std::optional<Failure>> bring_up(std::chrono::steady_clock::time_point deadline);
  Task<std::optional<Failure>> start_runtime(std::vector<std::string> argv);
  Task<std::optional<Failure>> start_extensions(std::chrono::steady_clock::time_point deadline);
  Task<std::optional<Failure>> start_extension(const std::string& name);
  void log_extensions();
  Task<void> watch_runtime(std::shared_ptr<void> owner);
  Task<void> watch_extension(std::shared_ptr<void> owner, std::shared_ptr<Extension> extension);
  [[nodiscard]] bool begin_program();
  void end_program();
  void clear_if_unattended();
  Task<void> clear(std::shared_ptr<void> owner);
  Task<void> shut_down_extensions(std::string_view reason, std::chrono::steady_clock::time_point deadline);
  Task<void> stop();

  ProgramParts parts_;
  std::string log_stream_;
  std::string_view initialization_;
  std::weak_ptr<void> owner_;
  OutputPipes outputs_;
  std::size_t running_ = 0;     ///< or being started
  bool runtime_runs_ = false;   ///< one of them
  bool shutting_down_ = false;  ///< what ends now was asked to
  bool attended_ = false;
  bool refuses_starts_ = false;
  bool abandoned_ = false;
  std::optional<Failure> broken_;
};

}  // namespace sortie::emulator::lambda
