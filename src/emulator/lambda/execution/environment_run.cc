#include <fmt/format.h>

#include "emulator/lambda/execution/environment.h"
#include "wire/checksum.h"

/// One invocation in an environment.
namespace sortie::emulator::lambda {
namespace {

/// After its answer a runtime is given this long to ask for more before the caller is answered without the end of the
/// log. Most ask at once; then the log is complete when the caller has his answer.
constexpr auto k_ask_again_limit = std::chrono::milliseconds(50);
/// Invocations that follow each other closer than this are a hot loop: its callers are answered at once, and the log
/// follows when the environment rests.
constexpr auto k_hot_loop = std::chrono::milliseconds(100);
/// What a function prints is in its log stream at the latest this much later, also while it runs.
constexpr auto k_show_log = std::chrono::milliseconds(500);
/// An init ahead of invocations may take this long, or as long as an invocation if that is longer.
constexpr auto k_ahead_limit = std::chrono::seconds(130);

using std::chrono::steady_clock;

}  // namespace

Task<void> Environment::run(std::shared_ptr<Invocation> invocation) {
  auto self = shared_from_this();
  exchange_.begin(std::move(invocation));
  programs_.set_attended(true);
  auto began = steady_clock::now();
  hot_ = began - idle_since() < k_hot_loop && started_before_;
  auto failure = co_await initialize(began);
  if (abandoned_) co_return;
  log_.begin_tail(exchange_.invocation()->wants_tail);
  telemetry_.write_platform([this](LogFormat format) {
    return start_line(format, log_.now(), exchange_.invocation()->request_id, deployment_->version.version);
  });
  finished_ = steady_clock::now();
  if (!failure) failure = co_await serve(began);
  if (abandoned_) co_return;
  report(finished_ - began, failure);
  answer_caller();
  exchange_.end();
  programs_.set_attended(false);
  init_duration_.reset();
  // What has failed may have left nothing behind that would rest and hand the log over later.
  if (failure) {
    log_.flush();
  } else {
    log_.end_invocation();
  }
  freeze_timer_.restart(weak_from_this());
}

/// Makes the environment ready. A cold start's init is a phase of its own, with its own limit; when it fails it is
/// tried again as a part of the invocation, as Lambda does. `began` is moved to the invocation's own beginning.
Task<std::optional<Failure>> Environment::initialize(TimePoint& began) {
  if (lifecycle_.apply(Event::thawed)) sandbox_->thaw();
  if (lifecycle_.state() == State::ready) co_return std::nullopt;
  co_await programs_.wait_until_gone();  // the one before is still being cleared away
  auto slot = co_await services_.starts.take();
  if (!std::exchange(started_before_, true)) {
    auto failure = co_await first_init(steady_clock::now() + services_.init_limit);
    if (!failure) {
      began = steady_clock::now();
      co_return std::nullopt;
    }
  }
  began = steady_clock::now();
  sandbox_->set_cpu(init_cpu_share(deployment_->version.memory_mb));
  auto failure = co_await programs_.start_all(began + deployment_->version.timeout);
  sandbox_->set_cpu(cpu_share(deployment_->version.memory_mb));
  report_init("invoke", steady_clock::now() - began, failure);
  co_return failure;
}

/// The init phase of a new environment.
Task<std::optional<Failure>> Environment::first_init(TimePoint limit) {
  const auto& version = deployment_->version;
  auto line = [&](LogFormat format) {
    return init_start_line(
        format, log_.now(),
        runtime_version(version.runtime, sandbox_.runtime() != nullptr ? sandbox_.runtime()->version : std::string()),
        runtime_version_arn(deployment_->region, version.runtime), initialization_);
  };
  log_.platform(line(log_.format()));
  if (!sandbox_.layers().empty()) telemetry_.set_init_start(line(LogFormat::json));
  sandbox_->set_cpu(init_cpu_share(version.memory_mb));
  auto began = steady_clock::now();
  auto failure = co_await programs_.start_all(limit);
  auto duration = steady_clock::now() - began;
  sandbox_->set_cpu(cpu_share(version.memory_mb));
  report_init("init", duration, failure);
  if (!failure) init_duration_ = duration;
  co_return failure;
}

Task<bool> Environment::initialize_ahead() {
  auto self = shared_from_this();
  programs_.set_attended(true);
  started_before_ = true;
  auto slot = co_await services_.starts.take();
  auto limit = std::max<steady_clock::duration>(deployment_->version.timeout, k_ahead_limit);
  auto failure = co_await first_init(steady_clock::now() + limit);
  programs_.set_attended(false);
  if (abandoned_) co_return false;
  log_.end_output();
  log_.flush();
  freeze_timer_.restart(weak_from_this());
  co_return !failure;
}

/// Text format shows only an init that failed, and one of provisioned concurrency.
void Environment::report_init(std::string_view phase, steady_clock::duration duration,
                              const std::optional<Failure>& failure) {
  const auto format = log_.format();
  const bool ahead = initialization_ != k_on_demand && phase == "init";
  const bool shown = failure || format == LogFormat::json || ahead;
  if (!shown && telemetry_.empty()) return;
  const InitReport report{.phase = phase,
                          .status = failure ? failure->status : "success",
                          .error_type = failure && failure->status != "timeout" ? failure->type : "",
                          .duration = duration,
                          .initialization = initialization_};
  log_.end_output();
  auto done = [&](LogFormat each) { return init_runtime_done_line(each, log_.now(), report); };
  auto all = [&](LogFormat each) {
    return each == LogFormat::text && !shown ? std::string() : init_report_line(each, log_.now(), report);
  };
  telemetry_.write_platform(done, failure ? SystemLevel::warn : SystemLevel::debug);
  telemetry_.write_platform(all, failure || ahead ? SystemLevel::info : SystemLevel::debug);
}

/// Hands the invocation over and waits for its end. Nothing: the runtime has answered and asks for the next one.
Task<std::optional<Failure>> Environment::serve(TimePoint began) {
  if (lifecycle_.apply(Event::dispatched)) {
    exchange_.dispatch(began + deployment_->version.timeout);
    notify_extensions();
  }
  const auto deadline = exchange_.deadline();
  const auto& answer = exchange_.answer();
  auto show_log_at = began + k_show_log;
  while (!programs_.at_rest() && !programs_.broken() && !abandoned_) {
    auto now = steady_clock::now();
    if (now >= deadline) break;
    if (now >= show_log_at) {
      log_.flush();
      show_log_at = now + k_show_log;
    }
    auto wake = std::min(deadline, show_log_at);
    if (answer.complete && !exchange_.invocation()->done && !exchange_.invocation()->wants_tail) {
      auto limit = hot_ ? answer.at : answer.at + k_ask_again_limit;
      if (now >= limit) {
        if (!hot_) log_.flush();  // the caller may read it at once: what there is, is there
        answer_caller();
        continue;
      }
      wake = std::min(wake, limit);
    }
    co_await changed_.wait_until(wake);
  }
  if (abandoned_) co_return std::nullopt;
  finished_ = steady_clock::now();
  if (programs_.at_rest()) {
    programs_.drain_output();
    co_return std::nullopt;
  }
  // From here on an answer is refused: the state is no longer one in which answers are taken.
  auto failure = programs_.broken().value_or(Failure{.status = "timeout", .type = "Sandbox.Timedout"});
  co_await programs_.shut_down(failure.status == "timeout" ? "timeout" : "failure");
  co_return failure;
}

/// Writes the end of the invocation's log and, where there is no answer, makes the failure the result.
void Environment::report(steady_clock::duration duration, const std::optional<Failure>& failure) {
  log_.end_output();
  log_.report_loss();
  if (failure) report_failure(*failure);
  log_.platform(end_line(log_.format(), exchange_.invocation()->request_id));
  Report report{.request_id = exchange_.invocation()->request_id,
                .duration = duration,
                .init = init_duration_,
                .memory_mb = deployment_->version.memory_mb,
                .max_memory_bytes = sandbox_->memory_peak_bytes()};
  if (failure) {
    report.status = failure->status;
    if (failure->status != "timeout") report.error_type = failure->type;
  }
  auto runtime_done = report;
  if (!failure && !extensions_.empty()) runtime_done.duration -= finished_ - exchange_.rested_at();
  const auto level = failure ? SystemLevel::warn : SystemLevel::debug;
  telemetry_.write_platform(
      [&](LogFormat format) {
        return runtime_done_line(format, log_.now(), runtime_done, exchange_.answer().payload.size());
      },
      level);
  telemetry_.write_platform([&](LogFormat format) { return report_line(format, log_.now(), report); },
                            failure ? SystemLevel::warn : SystemLevel::info);
}

void Environment::report_failure(const Failure& failure) {
  auto& id = exchange_.invocation()->request_id;
  auto timeout = deployment_->version.timeout;
  auto message = failure.message;
  if (failure.status == "timeout") {
    log_.platform(timeout_line(log_.format(), log_.now(), id, timeout));
    message = fmt::format("Task timed out after {:.2f} seconds", static_cast<double>(timeout.count()));
  } else if (failure.document.empty() && log_.format() == LogFormat::text) {
    log_.platform(fmt::format("RequestId: {} Error: {}\n{}", id, failure.message, failure.type));
  }
  if (exchange_.answer().complete) return;  // the runtime answered in time: that answer stands
  message = fmt::format("RequestId: {} Error: {}", id, message);
  exchange_.answer() = {.complete = true,
                        .is_error = true,
                        .error_type = failure.type,
                        .payload = failure.document.empty() ? error_document(failure.type, message) : failure.document};
}

void Environment::answer_caller() {
  const auto& invocation = exchange_.invocation();
  if (invocation->done) return;
  auto& answer = exchange_.answer();
  auto& result = invocation->result;
  result.payload = std::move(answer.payload);
  result.log_tail = log_.tail();
  if (answer.is_error) {
    result.function_error = "Unhandled";
    result.error_type = answer.error_type;
    result.error_details = result.payload;
  }
  if (invocation->stream) {
    invocation->stream->complete(result.error_type, result.error_details,
                                 invocation->wants_tail ? wire::base64_encode(result.log_tail) : std::string());
  }
  invocation->finish();
}

}  // namespace sortie::emulator::lambda
