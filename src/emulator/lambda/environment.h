#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "emulator/core/call.h"
#include "emulator/core/dns.h"
#include "emulator/core/ports.h"
#include "emulator/lambda/code_store.h"
#include "emulator/lambda/deployment.h"
#include "emulator/lambda/extension.h"
#include "emulator/lambda/extension_api.h"
#include "emulator/lambda/function_log.h"
#include "emulator/lambda/instance.h"
#include "emulator/lambda/invocation.h"
#include "emulator/lambda/managed_runtimes.h"
#include "emulator/lambda/realism.h"
#include "emulator/lambda/runtime_api.h"
#include "emulator/lambda/slots.h"
#include "emulator/lambda/telemetry.h"
#include "emulator/lambda/variables.h"
#include "http/server.h"
#include "http/service.h"
#include "http/tls.h"
#include "sandbox/sandbox.h"

namespace sortie::emulator::lambda {

/// The CPU that goes with a function's memory: a core at 1,769 MB.
/// https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
constexpr std::uint32_t cpu_share(int memory_mb) {
  return static_cast<std::uint32_t>(static_cast<std::int64_t>(memory_mb) * 1000 / 1769);
}
/// The init phase has a whole core at least, whatever the memory.
constexpr std::uint32_t init_cpu_share(int memory_mb) {
  return std::max<std::uint32_t>(cpu_share(memory_mb), 1000);
}

/// What every environment needs of the rest of the emulator. Outlives them, or `Environment::abandon` was called.
struct EnvironmentServices {
  Executor executor;
  const Clock& clock;
  LogSink& logs;
  Authorizer& authorizer;
  Identities& identities;
  http::Server& runtime_server;   ///< serves the Runtime API: waits without limit
  http::Server& endpoint_server;  ///< serves AWS's own names
  http::Service* aws = nullptr;
  http::CertificateAuthority* authority = nullptr;
  bool host_network = false;
  bool realistic_streaming = false;
  std::chrono::milliseconds init_limit{10'000};
  Slots& starts;  ///< how many may start at once
  ManagedRuntimes* runtimes = nullptr;
  CodeStore* codes = nullptr;
  std::optional<Realism> realism;
};

/// One execution environment: a sandbox, the bootstrap and the external extensions in it, its Runtime API, its name
/// server and endpoints, its log. It runs one invocation at a time. io_context thread only.
///
/// Frozen lazily: `k_freeze_delay` after it asked for work, so that a hot loop of invocations pays for no freezing.
class Environment final : public http::Service, public std::enable_shared_from_this<Environment> {
 public:
  static constexpr auto k_freeze_delay = std::chrono::milliseconds(5);
  /// How long the end of an environment may take: with an internal extension, with external ones, and what of the
  /// latter is the runtime's. https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
  static constexpr auto k_internal_shutdown = std::chrono::milliseconds(500);
  static constexpr auto k_external_shutdown = std::chrono::milliseconds(2000);
  static constexpr auto k_runtime_shutdown = std::chrono::milliseconds(300);

  /// Makes the sandbox; nothing runs in it yet. `initialization` is k_on_demand or k_provisioned. A role that cannot be
  /// assumed: 403 AccessDeniedException.
  static Task<Outcome<std::shared_ptr<Environment>>> create(EnvironmentServices& services,
                                                            std::shared_ptr<const Deployment> deployment,
                                                            std::string_view initialization = k_on_demand);
  /// Does beforehand what the first environment of a native function costs more than the next ones.
  static void prepare(const EnvironmentServices& services);
  /// Use `create`.
  Environment(EnvironmentServices& services, std::shared_ptr<const Deployment> deployment, LogTarget target,
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
  [[nodiscard]] State state() const { return instance_.state(); }
  [[nodiscard]] std::chrono::steady_clock::time_point idle_since() const { return idle_since_; }
  /// The caller has his answer, but the runtime has not asked for more yet.
  [[nodiscard]] bool settling() const;

  /// The Runtime API.
  Task<Result<http::Response>> handle(http::Request request) override;

 private:
  struct OutputPipe;
  struct Failure {
    std::string status = "error";  ///< of REPORT: `error` or `timeout`
    std::string type;              ///< `Runtime.ExitError`
    std::string message;           ///< without `RequestId: ID Error: `
    std::string document;          ///< what the runtime itself reported, if it did
  };
  struct Answer {
    bool complete = false;
    bool is_error = false;
    std::string error_type;
    std::string payload;
    std::chrono::steady_clock::time_point at;
  };

  // Sandbox: environment.cc
  Outcome<void> assume_role();
  bool may_write_logs(const LogTarget& target) const;
  Task<Result<void>> make_sandbox();
  void serve_listeners();
  void close_listeners();
  [[nodiscard]] Place place() const;
  // Process: environment_process.cc
  Task<std::optional<Failure>> start_and_wait(std::chrono::steady_clock::time_point deadline);
  Task<std::optional<Failure>> bring_up(std::chrono::steady_clock::time_point deadline);
  Task<std::optional<Failure>> start(std::vector<std::string> argv);
  void add_java_arguments(std::vector<std::string>& command) const;
  [[nodiscard]] Result<std::vector<std::string>> find_command() const;
  [[nodiscard]] Failure failure_of(const sandbox::ExitStatus& status) const;
  Task<void> stop();
  Task<void> shut_down(std::string_view reason);
  static Task<void> watch(std::shared_ptr<Environment> self);
  void program_gone();
  void clear_if_idle();
  Task<void> hear_last_words();
  void add_output(UniqueFd fd, FunctionLog::Source source);
  void drain_outputs(bool to_the_end);
  static Task<void> read_output(std::shared_ptr<Environment> self, std::shared_ptr<OutputPipe> pipe);
  void became_idle();
  void arm_idle_timer();
  void settle_when_idle();
  // External extensions: environment_extensions.cc
  Task<std::optional<Failure>> start_extensions(std::chrono::steady_clock::time_point deadline);
  Task<std::optional<Failure>> start_extension(const std::string& name);
  static Task<void> watch_extension(std::shared_ptr<Environment> self, std::shared_ptr<Extension> extension);
  [[nodiscard]] Failure crash_of(const Extension& extension, const sandbox::ExitStatus& status) const;
  Task<void> shut_down_extensions(std::string_view reason, std::chrono::steady_clock::time_point deadline);
  void tell_invocation();
  void log_extensions();
  /// The runtime and all extensions wait for work.
  [[nodiscard]] bool at_rest() const {
    return instance_.state() == State::ready && (extensions_.empty() || extensions_.all_ready());
  }
  [[nodiscard]] std::int64_t epoch_ms(std::chrono::steady_clock::time_point when) const;
  // Telemetry: environment_telemetry.cc
  http::Response subscribe(const Extension& extension, const std::string& body);
  void publish(TelemetryKind kind, const std::string& event);
  void publish_output(FunctionLog::Source source, std::string_view line);
  void close_telemetry();
  /// A line of Lambda's own for the log, and for those who have subscribed. `make` makes it in a format.
  template <class Make>
  void tell(const Make& make, SystemLevel level = SystemLevel::info) {
    log_.platform(make(log_.format()), level);
    if (!telemetry_.empty()) publish(TelemetryKind::platform, make(LogFormat::json));
  }
  // Invocation: environment_run.cc
  Task<std::optional<Failure>> initialize(std::chrono::steady_clock::time_point& began);
  Task<std::optional<Failure>> serve(std::chrono::steady_clock::time_point began);
  Task<std::optional<Failure>> first_init(std::chrono::steady_clock::time_point limit);
  void report_init(std::string_view phase, std::chrono::steady_clock::duration duration,
                   const std::optional<Failure>& failure);
  void answer_caller();
  void report_failure(const Failure& failure);
  void report(std::chrono::steady_clock::duration duration, const std::optional<Failure>& failure);
  // Runtime API: environment_runtime.cc
  Task<Result<http::Response>> on_next();
  Task<Result<http::Response>> on_answer(const RuntimeCall& call, http::Request request);
  Task<Result<http::Response>> on_init_error(http::Request request);
  Task<Result<http::Response>> read_buffered(std::shared_ptr<Invocation> invocation, http::Request request,
                                             bool is_error);
  Task<Result<http::Response>> read_streamed(std::shared_ptr<Invocation> invocation, http::Request request);
  http::Response finish_answer(const std::shared_ptr<Invocation>& invocation, Answer answer);
  http::Response deliver();
  [[nodiscard]] http::Response denied() const;
  // Extensions API: environment_extension_api.cc
  Task<Result<http::Response>> on_extension(ExtensionCall call, http::Request request);
  http::Response register_extension(const http::Headers& headers, const std::string& body);
  Task<Result<http::Response>> on_extension_next(std::shared_ptr<Extension> extension);
  http::Response on_extension_error(Extension& extension, ExtensionEvent event, std::string_view error_type);

  EnvironmentServices& services_;
  std::shared_ptr<const Deployment> deployment_;
  FunctionLog log_;
  std::string log_stream_;
  std::optional<RuntimeLaunch> runtime_;  ///< of a managed runtime
  std::filesystem::path layers_;          ///< for /opt; empty without layers
  std::string_view initialization_;       ///< how it came to be
  std::unique_ptr<sandbox::Sandbox> sandbox_;
  SessionCredentials credentials_;
  bool abandoned_ = false;
  bool retiring_ = false;  ///< nothing is started in it any more

  std::vector<std::uint64_t> runtime_listeners_;
  std::vector<std::uint64_t> endpoint_listeners_;
  std::unique_ptr<DnsServer> dns_;

  Instance instance_;
  Signal changed_;  ///< wakes `run`
  Signal work_;     ///< wakes the long poll
  std::uint64_t poll_ = 0;
  bool started_before_ = false;
  std::size_t programs_ = 0;    ///< that run or are being started
  bool runtime_runs_ = false;   ///< one of them
  bool shutting_down_ = false;  ///< what ends now was asked to
  bool initializing_ahead_ = false;
  std::optional<Failure> broken_;  ///< the first program that ended since the start, as a failure
  std::optional<Failure> init_error_;
  Extensions extensions_;  ///< since the last start
  std::vector<std::shared_ptr<TelemetryStream>> telemetry_;
  bool initialized_ = false;      ///< since the last start: nobody subscribes any more
  std::string init_start_event_;  ///< for those who subscribe after it
  std::vector<std::shared_ptr<OutputPipe>> outputs_;

  std::shared_ptr<Invocation> invocation_;
  bool delivered_ = false;
  bool hot_ = false;         ///< this invocation follows close on the one before
  bool answer_cut_ = false;  ///< the runtime's answer broke off
  Answer answer_;
  std::chrono::steady_clock::time_point deadline_;
  std::optional<std::chrono::steady_clock::duration> init_duration_;
  std::chrono::steady_clock::time_point finished_;        ///< the end of the invocation, without what is cleared away
  std::chrono::steady_clock::time_point runtime_rested_;  ///< when the runtime asked for more

  asio::steady_timer idle_timer_;
  bool idle_armed_ = false;
  std::chrono::steady_clock::time_point idle_since_;
};

}  // namespace sortie::emulator::lambda
