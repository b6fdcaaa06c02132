#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string_view>

#include "emulator/core/call.h"
#include "emulator/lambda/execution/deployment.h"
#include "emulator/lambda/execution/environment_services.h"
#include "emulator/lambda/execution/extension.h"
#include "emulator/lambda/execution/extensions_api.h"
#include "emulator/lambda/execution/freeze_timer.h"
#include "emulator/lambda/execution/function_role.h"
#include "emulator/lambda/execution/function_sandbox.h"
#include "emulator/lambda/execution/lifecycle.h"
#include "emulator/lambda/execution/programs.h"
#include "emulator/lambda/execution/runtime_exchange.h"
#include "emulator/lambda/execution/telemetry_hub.h"
#include "emulator/lambda/logging/function_log.h"
#include "http/service.h"

namespace sortie::emulator::lambda {

/// One execution environment: a sandbox, the bootstrap and the external extensions in it, its Runtime API, its name
/// server and endpoints, its log. It runs one invocation at a time. io_context thread only.
///
/// Frozen `k_freeze_delay` after it asked for work, so that invocations in quick succession pay for no freezing.
class Environment final : public http::Service, public std::enable_shared_from_this<Environment> {
 public:
  static constexpr auto k_freeze_delay = std::chrono::milliseconds(5);

  /// Makes the sandbox; nothing runs in it yet. `initialization` is k_on_demand or k_provisioned. A role that cannot be
  /// assumed: 403 AccessDeniedException.
  static Task<AwsResult<std::shared_ptr<Environment>>> create(EnvironmentServices& services,
                                                              std::shared_ptr<const Deployment> deployment,
                                                              std::string_view initialization = k_on_demand);
  /// Does beforehand what the first environment of a native function costs more than the next ones.
  static void prepare(const EnvironmentServices& services) { FunctionSandbox::prepare(services); }
  /// Use `create`.
  Environment(EnvironmentServices& services, std::shared_ptr<const Deployment> deployment, const LogTarget& target,
              std::string_view initialization);
  ~Environment() override;

  /// The whole life of one invocation: start or thaw, hand over, wait, report. `Invocation::finish` is called when the
  /// caller can be answered, which may be before this ends. Afterwards the environment can be used again.
  Task<void> run(std::shared_ptr<Invocation> invocation);
  /// The init phase ahead of any invocation. False: it failed, the log says why, and nothing runs.
  Task<bool> initialize_ahead();
  /// Ends what runs. Without extensions it is killed at once; else the runtime is sent SIGTERM and external extensions
  /// their SHUTDOWN event, and they are killed when their time is over. Returns when nothing is left. For an
  /// environment that runs an invocation this makes the invocation fail.
  Task<void> retire();
  /// The emulator goes away: kills, and uses none of its services from here on.
  void abandon();

  [[nodiscard]] const Deployment& deployment() const { return *deployment_; }
  [[nodiscard]] State state() const { return lifecycle_.state(); }
  [[nodiscard]] std::chrono::steady_clock::time_point idle_since() const { return freeze_timer_.idle_since(); }
  /// The caller has the answer, but the runtime has not asked for the next invocation yet.
  [[nodiscard]] bool finishing() const;

  /// The Runtime API, with the Extensions and Telemetry APIs.
  Task<Result<http::Response>> handle(http::Request request) override;

 private:
  using TimePoint = std::chrono::steady_clock::time_point;

  void freeze_when_idle();
  void notify_extensions();
  // One invocation: environment_run.cc
  Task<std::optional<Failure>> initialize(TimePoint& began);
  Task<std::optional<Failure>> first_init(TimePoint limit);
  Task<std::optional<Failure>> serve(TimePoint began);
  void report_init(std::string_view phase, std::chrono::steady_clock::duration duration,
                   const std::optional<Failure>& failure);
  void report(std::chrono::steady_clock::duration duration, const std::optional<Failure>& failure);
  void report_failure(const Failure& failure);
  void answer_caller();

  EnvironmentServices& services_;
  std::shared_ptr<const Deployment> deployment_;
  std::string_view initialization_;  ///< how it came to be
  FunctionLog log_;
  FunctionRole role_;
  FunctionSandbox sandbox_;
  Lifecycle lifecycle_;
  Signal changed_;         ///< wakes `run`
  Extensions extensions_;  ///< since the last start
  TelemetryHub telemetry_;
  RuntimeExchange exchange_;
  ExtensionsApi extensions_api_;
  Programs programs_;
  FreezeTimer freeze_timer_;
  bool started_before_ = false;
  bool abandoned_ = false;
  bool hot_ = false;  ///< this invocation began shortly after the one before
  std::optional<std::chrono::steady_clock::duration> init_duration_;  ///< for the first invocation's report
  TimePoint finished_;  ///< the end of the invocation, without what is cleared away
};

}  // namespace sortie::emulator::lambda
