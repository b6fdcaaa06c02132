#include "run/ledger.h"

#include <algorithm>
#include <utility>

namespace sortie::run {
namespace {

bool is_success(Outcome outcome) {
  return outcome == Outcome::passed || outcome == Outcome::skipped;
}

}  // namespace

Ledger::Ledger(Reporter& reporter, Options options) : reporter_(reporter), options_(options) {}

void Ledger::add(std::size_t suite, std::string suite_name, suite::TestCase test) {
  Record record;
  record.id = TestId{std::move(suite_name), test.name};
  record.suite = suite;
  record.test = std::move(test);
  waiting_.push_back(records_.size());
  records_.push_back(std::move(record));
  ++open_;
}

void Ledger::begin() {
  std::deque<std::size_t> enabled;
  for (const std::size_t test : std::exchange(waiting_, {})) {
    if (!records_[test].test.disabled) {
      enabled.push_back(test);
      continue;
    }
    finish(test, suite::TestEnded{.outcome = Outcome::skipped, .message = "disabled"}, "");
  }
  waiting_ = std::move(enabled);
}

std::optional<Ledger::Batch> Ledger::take(std::size_t workers) {
  if (waiting_.empty()) return std::nullopt;
  const Record& first = records_[waiting_.front()];
  Batch batch{.suite = first.suite, .attempt = first.attempt};
  // Half of a fair share: large batches at first, single tests at last.
  const std::size_t share = (waiting_.size() + 2 * workers - 1) / (2 * workers);
  const std::size_t most = options_.fail_fast ? k_max_batch_fail_fast : k_max_batch;
  const std::size_t wanted = first.alone ? 1 : std::clamp<std::size_t>(share, 1, most);
  while (!waiting_.empty() && batch.tests.size() < wanted) {
    const std::size_t test = waiting_.front();
    Record& record = records_[test];
    const bool fits = record.suite == batch.suite && record.attempt == batch.attempt;
    if (!batch.tests.empty() && (!fits || record.alone)) break;
    waiting_.pop_front();
    record.place = Place::at_worker;
    record.captured = nullptr;
    batch.tests.push_back(test);
  }
  return batch;
}

void Ledger::start(std::size_t test, const std::string& worker) {
  Record& record = records_[test];
  if (record.place != Place::at_worker) return;
  reporter_.on(TestStarted{.id = record.id, .attempt = record.attempt, .worker = worker});
}

void Ledger::output(std::size_t test, bool to_stderr, std::string_view bytes) {
  Record& record = records_[test];
  if (record.place != Place::at_worker) return;
  if (!record.captured) record.captured = std::make_unique<Capture>(k_output_kept);
  record.captured->append(bytes);
  reporter_.on(
      TestOutput{.id = record.id, .attempt = record.attempt, .to_stderr = to_stderr, .bytes = std::string(bytes)});
}

bool Ledger::end(std::size_t test, const suite::TestEnded& ended, const std::string& worker) {
  if (records_[test].place != Place::at_worker) return false;
  finish(test, ended, worker);
  return true;
}

void Ledger::finish(std::size_t test, const suite::TestEnded& ended, const std::string& worker) {
  Record& record = records_[test];
  TestFinished finished{.id = record.id,
                        .attempt = record.attempt,
                        .outcome = ended.outcome,
                        .duration = ended.duration,
                        .message = ended.message,
                        .file = ended.file.empty() ? record.test.file : ended.file,
                        .line = ended.file.empty() ? record.test.line : ended.line,
                        .leaked_processes = ended.leaked_processes,
                        .worker = worker};
  if (record.captured) {
    finished.output = record.captured->text();
    finished.output_bytes = record.captured->total();
    record.captured = nullptr;
  }
  const bool again = !is_success(ended.outcome) && ended.outcome != Outcome::lost &&
                     record.attempt <= options_.retries && !stopped_ && !failing_fast_;
  finished.final = !again;
  finished.flaky = record.attempt > 1 && ended.outcome == Outcome::passed;
  if (again) {
    ++record.attempt;
    record.place = Place::waiting;
    waiting_.push_back(test);
  } else {
    record.place = Place::done;
    --open_;
    count(finished);
  }
  reporter_.on(finished);
  if (finished.final && options_.fail_fast && !is_success(ended.outcome)) fail_fast();
}

void Ledger::end_unlisted(const std::string& suite, const suite::TestEnded& ended, const std::string& worker) {
  TestFinished finished{.id = {suite, ended.test},
                        .unlisted = true,
                        .outcome = ended.outcome,
                        .duration = ended.duration,
                        .message = ended.message,
                        .file = ended.file,
                        .line = ended.line,
                        .worker = worker};
  if (!unlisted_.insert(finished.id).second) return;
  count(finished);
  reporter_.on(finished);
  if (options_.fail_fast && !is_success(ended.outcome)) fail_fast();
}

void Ledger::count(const TestFinished& finished) {
  switch (finished.outcome) {
    case Outcome::passed: ++counts_.passed; break;
    case Outcome::failed: ++counts_.failed; break;
    case Outcome::skipped: ++counts_.skipped; break;
    case Outcome::crashed: ++counts_.crashed; break;
    case Outcome::timed_out: ++counts_.timed_out; break;
    case Outcome::out_of_memory: ++counts_.out_of_memory; break;
    case Outcome::lost: ++counts_.lost; break;
  }
  if (finished.flaky) ++counts_.flaky;
}

void Ledger::put_back(std::size_t test) {
  Record& record = records_[test];
  if (record.place != Place::at_worker) return;
  if (stopped_) {
    record.place = Place::done;
    --open_;
    ++counts_.not_run;
    return;
  }
  if (failing_fast_) {
    skip_after_failure(test);
    return;
  }
  record.place = Place::waiting;
  waiting_.push_front(test);
}

void Ledger::unreported(std::size_t test, const std::string& why) {
  Record& record = records_[test];
  if (record.place != Place::at_worker) return;
  if (stopped_ || ++record.returns < k_max_returns) {
    record.alone = true;
    put_back(test);
    return;
  }
  lose(test, why);
}

void Ledger::lose(std::size_t test, const std::string& why) {
  if (records_[test].place != Place::at_worker) return;
  finish(test, suite::TestEnded{.outcome = Outcome::lost, .message = why}, "");
}

void Ledger::fail_fast() {
  failing_fast_ = true;
  for (const std::size_t test : std::exchange(waiting_, {})) skip_after_failure(test);
}

void Ledger::skip_after_failure(std::size_t test) {
  finish(test,
         suite::TestEnded{.outcome = Outcome::skipped, .message = "not run: an earlier test failed (--fail-fast)"}, "");
}

void Ledger::stop() {
  stopped_ = true;
  for (const std::size_t test : std::exchange(waiting_, {})) {
    records_[test].place = Place::done;
    --open_;
    ++counts_.not_run;
  }
}

}  // namespace sortie::run
