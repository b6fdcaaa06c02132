#include "run/runner.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <utility>

#include "base/deadline.h"
#include "run/list_cache.h"

namespace sortie::run {
namespace {

/// Lambda's longest invocation, and the function's timeout (AWS Lambda quotas).
constexpr auto k_function_limit = std::chrono::seconds(900);
/// Invocations without a single test begun before the run gives up.
constexpr int k_max_fruitless = 5;
/// AWS Lambda pricing, us-east-1, first tier.
constexpr double k_dollars_per_gb_second_x86 = 0.0000166667;
constexpr double k_dollars_per_gb_second_arm = 0.0000133334;
constexpr double k_dollars_per_invocation = 0.20 / 1e6;

InvocationLimits limits_of(const Waits& waits) {
  return {.total = k_function_limit, .first_word = waits.first_word, .silence = waits.silence};
}

/// Why invocations that succeed bring no test to run.
std::string why_fruitless(int invocations, const Collector& collector) {
  std::string why = "in " + std::to_string(invocations) + " invocations in a row no test began: the suite " +
                    "ended well without running those that it was given";
  const std::string_view printed = collector.loose_output();
  if (!printed.empty()) why += "; it printed: " + std::string(printed);
  return why;
}

}  // namespace

Runner::Runner(Executor executor, Target& target, const Deployment& deployment, const Clock& clock, Reporter& reporter,
               RunSpec spec)
    : executor_(executor),
      target_(target),
      deployment_(deployment),
      clock_(clock),
      reporter_(reporter),
      spec_(std::move(spec)),
      ledger_(reporter, {.retries = spec_.retries, .fail_fast = spec_.fail_fast}),
      changed_(executor) {}

Task<Result<std::vector<std::vector<suite::TestCase>>>> Runner::list() {
  std::vector<std::vector<suite::TestCase>> all;
  for (std::size_t i = 0; i < spec_.suites.size(); ++i) {
    auto tests = co_await list_suite(i);
    if (!tests) co_return std::unexpected(wrap(std::move(tests).error(), "list " + spec_.suites[i].name));
    all.push_back(*std::move(tests));
  }
  co_return all;
}

Task<Result<std::vector<suite::TestCase>>> Runner::list_suite(std::size_t index) {
  const ListCache cache(spec_.list_cache_folder);
  const std::string key = index < spec_.list_keys.size() ? spec_.list_keys[index] : "";
  if (auto known = cache.find(key)) co_return *std::move(known);
  auto list = co_await list_on_worker(index);
  if (!list) co_return std::unexpected(std::move(list).error());
  // What came with a notice is listed again each time, so that the notice is seen each time.
  if (list->plain && !list->tests.empty()) cache.keep(key, list->tests);
  co_return std::move(list->tests);
}

Task<Result<Runner::List>> Runner::list_on_worker(std::size_t index) {
  std::optional<std::vector<suite::TestCase>> listed;
  std::vector<std::string> notices;
  std::optional<suite::HarnessError> error;
  std::string partial;
  std::optional<Error> nonsense;
  const auto on_line = [&](std::string_view line) {
    auto event = suite::decode_event(line);
    if (!event) {
      nonsense = std::move(event).error();
    } else if (auto* list = std::get_if<suite::Listed>(&*event)) {
      listed = std::move(list->tests);
      notices = std::move(list->notices);
    } else if (auto* failure = std::get_if<suite::HarnessError>(&*event)) {
      error = std::move(*failure);
    }
  };
  const auto on_bytes = [&](std::string_view bytes) {
    partial.append(bytes);
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = partial.find('\n', begin)) != std::string::npos; begin = end + 1) {
      on_line(std::string_view(partial).substr(begin, end - begin));
    }
    partial.erase(0, begin);
    if (partial.size() > Collector::k_max_line) partial.clear();
  };
  const suite::HarnessRequest request = suite::ListRequest{spec_.suites[index], spec_.list_timeout};
  auto invocation = co_await invoke_harness(target_.lambda, deployment_.function_name(), suite::encode(request),
                                            limits_of(spec_.waits), on_bytes);
  if (!invocation) co_return std::unexpected(std::move(invocation).error());
  // A stream that broke off because we were asked to stop says nothing of the suite.
  const auto state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() != asio::cancellation_type::none) co_return fail(ErrorKind::cancelled, "interrupted");
  invocation->log_complete = invocation->report.has_value();
  account(*invocation, "");
  if (error) co_return fail(ErrorKind::unavailable, error->message);
  if (invocation->end != InvocationEnd::succeeded) co_return fail(ErrorKind::unavailable, invocation->message);
  if (nonsense) co_return std::unexpected(*nonsense);
  if (!listed) co_return fail(ErrorKind::protocol, "the harness gave no list");
  for (const std::string& notice : notices) reporter_.on(Notice{spec_.suites[index].name + ": " + notice});
  co_return List{*std::move(listed), notices.empty()};
}

Task<Result<int>> Runner::run(std::vector<std::vector<suite::TestCase>> listed) {
  const auto began = std::chrono::steady_clock::now();
  const Filter filter(spec_.filters);
  for (std::size_t i = 0; i < listed.size(); ++i) {
    // The list is looked at again where filters leave nothing of it.
    std::vector<suite::TestCase> all = spec_.filters.empty() ? std::move(listed[i]) : listed[i];
    for (suite::TestCase& test : choose(filter, spec_.suites[i].name, std::move(all))) {
      ledger_.add(i, spec_.suites[i].name, std::move(test));
    }
  }
  if (ledger_.tests() == 0) reporter_.on(Notice{nothing_to_run(listed)});
  const std::size_t workers = std::max<std::size_t>(1, std::min(spec_.workers, ledger_.tests()));
  spec_.workers = workers;
  reporter_.on(RunStarted{.tests = ledger_.tests(), .workers = workers, .at = clock_.now()});
  ledger_.begin();
  if (interrupted_) ledger_.stop();
  cancel_.resize(workers);
  working_ = workers;
  for (asio::cancellation_signal& signal : cancel_) {
    asio::co_spawn(executor_, work(), asio::bind_cancellation_slot(signal.slot(), [this](std::exception_ptr bug) {
                     if (bug && !bug_) bug_ = bug;
                     --working_;
                     wake_all();
                   }));
  }
  while (working_ > 0) co_await changed_.wait();
  if (bug_) std::rethrow_exception(bug_);
  const RunFinished finished = finish(began);
  reporter_.on(finished);
  co_return finished.exit_status;
}

/// Why there is nothing to run.
std::string Runner::nothing_to_run(const std::vector<std::vector<suite::TestCase>>& listed) const {
  std::vector<TestId> ids;
  for (std::size_t i = 0; i < listed.size(); ++i) {
    for (const suite::TestCase& test : listed[i]) ids.push_back({spec_.suites[i].name, test.name});
  }
  return nothing_chosen(spec_.filters, ids);
}

Task<void> Runner::work() {
  // A cancelled wait must come back as an error to be settled, not as an exception that loses the batch.
  co_await asio::this_coro::throw_if_cancelled(false);
  while (!ledger_.finished()) {
    std::optional<Ledger::Batch> batch = ledger_.take(spec_.workers);
    if (batch) {
      const auto began = std::chrono::steady_clock::now();
      co_await run_batch(*std::move(batch));
      ledger_.invocation_over(std::chrono::duration_cast<Microseconds>(std::chrono::steady_clock::now() - began));
      wake_all();
    } else {
      co_await changed_.wait();
    }
    if ((co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none) co_return;
  }
}

Task<void> Runner::run_batch(Ledger::Batch batch) {
  suite::BatchRequest request{.suite = spec_.suites[batch.suite], .tests = std::move(batch.cases)};
  request.isolation = spec_.isolation;
  request.test_timeout = spec_.test_timeout;
  request.attempt = batch.attempt;
  request.fail_fast = spec_.fail_fast;
  const SystemTime began = clock_.now();
  Collector collector(ledger_, reporter_, request.suite.name, batch);
  auto invocation = co_await invoke_harness(target_.lambda, deployment_.function_name(),
                                            suite::encode(suite::HarnessRequest(request)), limits_of(spec_.waits),
                                            [&collector](std::string_view bytes) { collector.feed(bytes); });
  if (!invocation) {
    no_invocation(batch, invocation.error());
    if (!gave_up_ && !interrupted_) co_await spec_.waits.sleep(spec_.waits.throttled_pause);
    co_return;
  }
  invocation->log_complete = invocation->report && !collector.needs_log();
  if (!interrupted_ && !invocation->log_complete) co_await complete_from_log(collector, *invocation, began);
  account(*invocation, collector.worker());
  if (interrupted_) invocation->end = InvocationEnd::cut;
  if (!interrupted_ && collector.error()) {
    say_once(request.suite.name + ": " + collector.error()->message);
  }
  const bool progressed = collector.progressed();
  collector.conclude(invocation->end, invocation->message);
  fruitless_ = progressed ? 0 : fruitless_ + 1;
  if (fruitless_ >= k_max_fruitless) {
    give_up(invocation->message.empty() ? why_fruitless(fruitless_, collector) : invocation->message);
  }
}

/// What was not streamed is in the log, and the log is complete when its REPORT line is there.
Task<void> Runner::complete_from_log(Collector& collector, InvocationResult& invocation, SystemTime began) {
  if (invocation.request_id.empty()) co_return;
  if (const auto whole = whole_log(invocation.log_tail, invocation.request_id); whole && invocation.report) {
    collector.feed_log(*whole);
    invocation.log_complete = true;
    co_return;
  }
  LogQuery query{.group = deployment_.log_group(),
                 .stream = collector.worker(),
                 .request_id = invocation.request_id,
                 .from = began};
  auto report = co_await read_invocation_log(target_.logs, std::move(query),
                                             spec_.waits.for_log(invocation.end == InvocationEnd::silent),
                                             [&collector](std::string_view bytes) { collector.feed_log(bytes); });
  if (!report) {
    reporter_.on(
        Notice{"the log of request " + invocation.request_id + " cannot be read: " + describe(report.error())});
    co_return;
  }
  if (!*report) {
    reporter_.on(Notice{"the log of request " + invocation.request_id + " has no REPORT line: output may be missing"});
    co_return;
  }
  invocation.report = **report;
  invocation.log_complete = true;
  // A connection that was cut says nothing of the function; its REPORT line does.
  if (invocation.end == InvocationEnd::cut && !invocation.report->status.empty()) {
    invocation.end = classify_end("Unhandled", "", invocation.report);
    if (invocation.end == InvocationEnd::function_error) invocation.end = InvocationEnd::crashed;
  }
}

void Runner::no_invocation(const Ledger::Batch& batch, const Error& error) {
  if (interrupted_) {
    for (auto test = batch.tests.rbegin(); test != batch.tests.rend(); ++test) ledger_.put_back(*test);
    return;
  }
  InvocationFinished finished{.status = std::string(sortie::to_string(error.kind))};
  reporter_.on(finished);
  for (auto test = batch.tests.rbegin(); test != batch.tests.rend(); ++test) ledger_.put_back(*test);
  ++fruitless_;
  if (!is_retryable(error.kind) || fruitless_ >= k_max_fruitless) give_up(describe(error));
}

void Runner::account(const InvocationResult& invocation, const std::string& worker) {
  ++invocations_;
  InvocationFinished finished{.request_id = invocation.request_id,
                              .worker = worker,
                              .status = std::string(to_string(invocation.end)),
                              .duration = invocation.duration,
                              .memory_size_mb = deployment_.memory_mb(),
                              .log_complete = invocation.log_complete};
  if (invocation.report) {
    finished.billed = invocation.report->billed;
    finished.memory_size_mb = invocation.report->memory_size_mb;
    finished.max_memory_used_mb = invocation.report->max_memory_used_mb;
  } else {
    finished.billed = std::chrono::ceil<std::chrono::milliseconds>(invocation.duration);
  }
  gb_seconds_ += static_cast<double>(finished.billed.count()) / 1000.0 * finished.memory_size_mb / 1024.0;
  reporter_.on(finished);
}

/// What is wrong with a suite is wrong in each of its batches.
void Runner::say_once(const std::string& notice) {
  if (said_.insert(notice).second) reporter_.on(Notice{notice});
}

void Runner::give_up(const std::string& why) {
  if (std::exchange(gave_up_, true)) return;
  reporter_.on(Notice{"the run cannot go on: " + why});
  ledger_.stop();
  wake_all();
}

void Runner::interrupt() {
  if (std::exchange(interrupted_, true)) return;
  ledger_.stop();
  for (asio::cancellation_signal& signal : cancel_) signal.emit(asio::cancellation_type::terminal);
  wake_all();
}

void Runner::wake_all() {
  changed_.notify();
}

RunFinished Runner::finish(std::chrono::steady_clock::time_point began) {
  RunFinished finished{.counts = ledger_.counts()};
  finished.duration = std::chrono::duration_cast<Microseconds>(std::chrono::steady_clock::now() - began);
  finished.invocations = invocations_;
  finished.gb_seconds = gb_seconds_;
  const bool arm = deployment_.architecture() == "arm64";
  finished.dollars = gb_seconds_ * (arm ? k_dollars_per_gb_second_arm : k_dollars_per_gb_second_x86) +
                     static_cast<double>(invocations_) * k_dollars_per_invocation;
  finished.interrupted = interrupted_;
  const Counts& counts = finished.counts;
  if (interrupted_) {
    finished.exit_status = 130;
  } else if (counts.lost > 0 || counts.not_run > 0) {
    finished.exit_status = 3;
  } else if (counts.unsuccessful() > 0) {
    finished.exit_status = 1;
  } else if (counts.total() == 0) {
    finished.exit_status = 4;
  }
  return finished;
}

}  // namespace sortie::run
