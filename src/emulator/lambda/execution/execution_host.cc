#include "emulator/lambda/execution/execution_host.h"

#include <algorithm>
#include <random>
#include <thread>

namespace sortie::emulator::lambda {
namespace {

/// Starting takes a core; more at once only makes each of them slower than its limit.
constexpr std::size_t k_starts_per_core = 4;

http::ServerLimits runtime_limits() {
  // A runtime waits for work, and streams, for as long as an invocation may take: its own deadline bounds it.
  return {.body_bytes = k_stream_limit + k_response_limit,
          .header_timeout = std::chrono::seconds(60),
          .idle_timeout = std::chrono::hours(24),
          .io_timeout = std::chrono::seconds(1000)};
}

}  // namespace

ExecutionHost::ExecutionHost(Executor executor, const Clock& clock, Store& store, Authorizer& authorizer,
                             Identities& identities, LogSink& logs, BlockingPool& blocking, CodeStore& codes,
                             const LambdaOptions& options)
    : late_logs_(options.realism ? std::make_unique<LateLogs>(executor, logs, *options.realism, std::random_device{}())
                                 : nullptr),
      runtimes_(store, blocking),
      runtime_server_(executor, runtime_limits()),
      endpoint_server_(executor),
      starts_(executor, std::max<std::size_t>(2, k_starts_per_core * std::thread::hardware_concurrency())),
      live_(std::make_shared<LiveEnvironments>(
          EnvironmentServices{.executor = executor,
                              .clock = clock,
                              .logs = late_logs_ ? static_cast<LogSink&>(*late_logs_) : logs,
                              .authorizer = authorizer,
                              .identities = identities,
                              .runtime_server = runtime_server_,
                              .endpoint_server = endpoint_server_,
                              .aws = options.aws,
                              .authority = options.authority,
                              .host_network = options.host_network,
                              .realistic_streaming = options.realistic_streaming || options.realism.has_value(),
                              .init_limit = options.init_limit,
                              .starts = starts_,
                              .runtimes = &runtimes_,
                              .codes = &codes,
                              .realism = options.realism})),
      provisioned_(std::make_shared<ProvisionedPool>(live_, options.provisioned_limit)),
      pool_(std::make_shared<Pool>(live_, provisioned_, options.idle_limit)) {}

Task<void> ExecutionHost::shutdown() {
  co_await pool_->shutdown();
  if (late_logs_) late_logs_->flush();
}

void ExecutionHost::abandon() {
  pool_->abandon();
  if (late_logs_) late_logs_->flush();
}

}  // namespace sortie::emulator::lambda
