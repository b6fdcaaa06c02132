#include "emulator/lambda/execution/environment.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/deadline.h"
#include "base/error.h"
#include "emulator/core/protocol.h"
#include "wire/date.h"

namespace sortie::emulator::lambda {
namespace {

/// `2024/01/31/[$LATEST]<32 hexadecimal digits>`
std::string make_stream_name(SystemTime now, std::string_view version) {
  auto date = wire::format_iso8601(now).substr(0, 10);
  std::replace(date.begin(), date.end(), '-', '/');
  auto id = make_request_id();
  std::erase(id, '-');
  return fmt::format("{}/[{}]{}", date, version, id);
}

}  // namespace

Environment::Environment(EnvironmentServices& services, std::shared_ptr<const Deployment> deployment,
                         const LogTarget& target, std::string_view initialization)
    : services_(services),
      deployment_(std::move(deployment)),
      initialization_(initialization),
      log_(services.logs, services.clock, target),
      role_(services, *deployment_),
      sandbox_(services, *deployment_),
      changed_(services.executor),
      telemetry_(services.executor, log_),
      exchange_(
          services.executor, services.clock, lifecycle_, changed_, [this] { return programs_.ending_runtime(); },
          services.realistic_streaming),
      extensions_api_(services.executor, *deployment_, lifecycle_, changed_, extensions_, telemetry_),
      programs_(
          {services, *deployment_, log_, role_, sandbox_, lifecycle_, changed_, extensions_, telemetry_, exchange_},
          target.stream, initialization),
      freeze_timer_(services.executor, k_freeze_delay, [this] { freeze_when_idle(); }) {}

Environment::~Environment() {
  sandbox_.close_listeners();
}

Task<AwsResult<std::shared_ptr<Environment>>> Environment::create(EnvironmentServices& services,
                                                                  std::shared_ptr<const Deployment> deployment,
                                                                  std::string_view initialization) {
  const LogTarget target{.region = deployment->region,
                         .group = deployment->version.log_group,
                         .stream = make_stream_name(services.clock.now(), deployment->version.version),
                         .format = deployment->version.log_format,
                         .least_level = parse_system_level(deployment->version.system_log_level)};
  auto environment = std::make_shared<Environment>(services, std::move(deployment), target, initialization);
  environment->programs_.set_owner(environment);
  CO_RETURN_IF_ERROR(co_await environment->sandbox_.find_runtime());
  CO_RETURN_IF_ERROR(environment->role_.assume());
  if (const auto& slow = services.realism) {
    co_await sleep_for(environment->sandbox_.runtime() != nullptr ? slow->managed_cold_start : slow->native_cold_start);
  }
  if (!environment->role_.may_write_logs(target)) environment->log_.forbid();
  CO_RETURN_IF_ERROR(co_await environment->sandbox_.make(*environment));
  co_return environment;
}

Task<void> Environment::retire() {
  auto self = shared_from_this();
  programs_.refuse_starts();
  co_await programs_.shut_down("spindown");
  if (!lifecycle_.apply(Event::retire) && state() != State::retired) co_return;  // it was abandoned meanwhile
  freeze_timer_.cancel();
  sandbox_.close_listeners();
  log_.end_output();
  log_.flush();
}

void Environment::abandon() {
  sandbox_.close_listeners();
  telemetry_.close();
  abandoned_ = true;
  programs_.abandon();
  freeze_timer_.cancel();
  log_.end_output();
  log_.flush();
  log_.forbid();
  changed_.notify();
}

void Environment::freeze_when_idle() {
  if (abandoned_ || exchange_.invocation()) return;
  programs_.drain_output();
  log_.flush();
  if (lifecycle_.apply(Event::froze)) sandbox_->freeze();
}

bool Environment::finishing() const {
  return exchange_.invocation() && exchange_.invocation()->done;
}

Task<Result<http::Response>> Environment::handle(http::Request request) {
  auto self = shared_from_this();
  const auto call = parse_runtime_call(request.method, request.path);
  if (call.kind != RuntimeCall::Kind::unknown) co_return co_await exchange_.handle(call, std::move(request));
  const auto extension_call = parse_extension_call(request.method, request.path);
  if (extension_call.kind == ExtensionCall::Kind::unknown)
    co_return runtime_error(404, "NotFound", "404 page not found");
  auto open_socket = [weak = weak_from_this()]() -> Task<Result<UniqueFd>> {
    auto environment = weak.lock();
    if (!environment || environment->abandoned_) co_return fail(ErrorKind::unavailable, "the environment is gone");
    co_return co_await environment->sandbox_->open_socket();
  };
  co_return co_await extensions_api_.handle(extension_call, std::move(request), std::move(open_socket));
}

void Environment::notify_extensions() {
  for (const auto& extension : extensions_) {
    if (!extension->wants_invoke) continue;
    extension->notify(invoke_event(epoch_ms(services_.clock, exchange_.deadline()), *exchange_.invocation()));
  }
}

}  // namespace sortie::emulator::lambda
