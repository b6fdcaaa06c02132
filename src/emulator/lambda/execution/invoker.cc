#include "emulator/lambda/execution/invoker.h"

#include <fmt/format.h>

#include <random>

#include "base/error.h"

namespace sortie::emulator::lambda {
namespace {

/// `Root=1-<time>-<24 digits>;Parent=<16 digits>;Sampled=0`, the digits those of the request id.
std::string make_trace_id(SystemTime now, std::string request_id) {
  std::erase(request_id, '-');
  request_id.resize(32, '0');
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  return fmt::format("Root=1-{:08x}-{};Parent={};Sampled=0", seconds, request_id.substr(0, 24), request_id.substr(16));
}

/// From [0, 1). Not for secrets.
double next_chance() {
  static std::minstd_rand numbers(std::random_device{}());
  return std::uniform_real_distribution<double>(0, 1)(numbers);
}

}  // namespace

std::shared_ptr<Invocation> Invoker::make_invocation(std::string request_id, std::string trace_id) const {
  auto invocation = std::make_shared<Invocation>(executor_);
  invocation->trace_id = trace_id.empty() ? make_trace_id(clock_.now(), request_id) : std::move(trace_id);
  invocation->request_id = std::move(request_id);
  return invocation;
}

std::shared_ptr<ResponseStream> Invoker::make_stream(ResponseStream::Framing framing) const {
  return std::make_shared<ResponseStream>(executor_, framing);
}

std::optional<InvokedVersion> Invoker::choose(const std::string& region, const std::string& name,
                                              const std::string& qualifier) {
  const auto* function = functions_.find(region, name);
  const auto* version = function != nullptr ? function->find(qualifier, next_chance()) : nullptr;
  if (version == nullptr) return std::nullopt;
  return InvokedVersion{function, version};
}

AwsResult<void> Invoker::submit(const InvokedVersion& invoked, const std::string& qualifier,
                                std::shared_ptr<Invocation> invocation) {
  const auto& function = *invoked.function;
  const auto& version = *invoked.version;
  if (version.status == Version::Status::creating) {
    return aws_fail(409, "ResourceConflictException",
                    "The operation cannot be performed at this time. The function is currently in the following state: "
                    "Pending");
  }
  RETURN_IF_ERROR(check_rate(function));
  ASSIGN_OR_RETURN(auto deployment, deployments_.find(function, version));
  Concurrency concurrency{.region = function.region,
                          .name = function.name,
                          .reserved = function.reserved_concurrency,
                          .reserved_elsewhere = functions_.reserved_except(function)};
  concurrency.provisioned_total = function.provisioned_total();
  if (const auto name = function.provisioned_name(qualifier, version.version); !name.empty()) {
    concurrency.provisioned = function.arn(name);
    concurrency.provisioned_here = function.provisioned.at(name).executions;
  }
  return pool_.submit(concurrency, std::move(deployment), std::move(invocation));
}

AwsResult<void> Invoker::check_rate(const Function& function) {
  if (calls_per_environment_ == 0) return {};
  const int concurrency =
      function.reserved_concurrency.value_or(k_account_concurrency - functions_.reserved_concurrency(function.region));
  const double rate = concurrency * calls_per_environment_;
  auto& limit = rates_.try_emplace(function.arn(), rate).first->second;
  if (limit.rate() != rate) limit = RateLimit(rate);
  if (limit.take(std::chrono::steady_clock::now())) return {};
  return std::unexpected(throttled(function.reserved_concurrency ? "ReservedFunctionInvocationRateLimitExceeded"
                                                                 : "FunctionInvocationRateLimitExceeded"));
}

}  // namespace sortie::emulator::lambda
