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
  const std::size_t index = records_.size();
  Record record{.id = TestId{std::move(suite_name), test.name}, .unit = unit_for(suite, test)};
  record.test = std::move(test);
  units_[record.unit].tests.push_back(index);
  const bool asked = !record.test.unasked;
  if (!asked) record.place = Place::done;
  records_.push_back(std::move(record));
  if (!asked) return;
  ++asked_;
  ++open_;
  ++unit_of(index).unsettled;
  wait(index, false);
}

std::size_t Ledger::unit_for(std::size_t suite, const suite::TestCase& test) {
  std::size_t index = units_.size();
  if (!test.unit.empty()) index = unit_names_.try_emplace({suite, test.unit}, index).first->second;
  if (index == units_.size()) units_.push_back({.suite = suite});
  units_[index].serial = units_[index].serial || test.serial;
  return index;
}

void Ledger::wait(std::size_t test, bool first) {
  records_[test].place = Place::waiting;
  ++unit_of(test).waiting;
  ++waiting_tests_;
  enqueue(records_[test].unit, first);
}

void Ledger::enqueue(std::size_t unit, bool first) {
  if (std::exchange(units_[unit].queued, true)) return;
  std::deque<std::size_t>& queue = units_[unit].serial ? serial_ : waiting_;
  if (first) {
    queue.push_front(unit);
  } else {
    queue.push_back(unit);
  }
}

void Ledger::begin() {
  // Whether a unit is serial may have become known behind its first test.
  for (const std::size_t unit : std::exchange(waiting_, {})) {
    units_[unit].queued = false;
    enqueue(unit, false);
  }
  for (std::size_t test = 0; test < records_.size(); ++test) {
    Record& record = records_[test];
    if (record.test.unasked || !record.test.disabled) continue;
    drop(test);
    conclude(test, describe(test, {.outcome = Outcome::skipped, .message = "disabled"}, ""));
  }
}

/// Takes a waiting test off.
void Ledger::drop(std::size_t test) {
  Unit& unit = unit_of(test);
  records_[test].place = Place::ended;
  --unit.waiting;
  --unit.unsettled;
  --waiting_tests_;
}

std::optional<Ledger::Batch> Ledger::take(std::size_t workers) {
  for (std::deque<std::size_t>* queue : {&waiting_, &serial_}) {
    while (!queue->empty() && units_[queue->front()].waiting == 0) {
      units_[queue->front()].queued = false;
      queue->pop_front();
    }
  }
  std::deque<std::size_t>& queue = waiting_.empty() ? serial_ : waiting_;
  if (queue.empty() || serial_out_ || (waiting_.empty() && batches_out_ > 0)) return std::nullopt;
  const Unit& first = units_[queue.front()];
  Batch batch{.suite = first.suite, .attempt = first.attempt};
  const std::size_t wanted = batch_size(first, workers);
  serial_out_ = first.serial;
  ++batches_out_;
  while (!queue.empty() && batch.tests.size() < wanted) {
    Unit& unit = units_[queue.front()];
    const bool fits = unit.suite == batch.suite && unit.attempt == batch.attempt && !unit.alone;
    if (!batch.tests.empty() && !fits) break;
    queue.pop_front();
    deal(unit, batch);
  }
  return batch;
}

std::size_t Ledger::batch_size(const Unit& first, std::size_t workers) const {
  const std::size_t most = options_.fail_fast ? k_max_batch_fail_fast : k_max_batch;
  if (first.alone) return 1;
  if (first.serial) return most;
  // Half of a fair share: large batches at first, single tests at last. Where invocations cost more than tests, those
  // that are busy just now get nothing set aside: only workers that wait share what is left.
  const std::size_t half = (waiting_tests_ + 2 * workers - 1) / (2 * workers);
  const std::size_t idle = std::max<std::size_t>(1, workers - std::min(workers, batches_out_));
  const std::size_t fair = (waiting_tests_ + idle - 1) / idle;
  return std::clamp<std::size_t>(std::max(half, std::min(fair, worthwhile())), 1, most);
}

/// How many tests at least make a batch that is worth its invocation, by what those before took.
std::size_t Ledger::worthwhile() const {
  if (ended_ == 0 || invocations_ == 0) return 1;
  const Microseconds beside = (invoked_ - std::min(invoked_, spent_)) / static_cast<std::int64_t>(invocations_);
  const Microseconds mean = std::max(Microseconds(1), spent_ / static_cast<std::int64_t>(ended_));
  return static_cast<std::size_t>(std::max(k_worthwhile, 2 * beside) / mean);
}

void Ledger::deal(Unit& unit, Batch& batch) {
  unit.queued = false;
  std::size_t left = unit.waiting;
  for (const std::size_t test : unit.tests) {
    if (left == 0) break;
    Record& record = records_[test];
    const bool asked = record.place == Place::waiting;
    if (!asked && record.test.disabled) continue;
    batch.cases.push_back(record.test);
    batch.cases.back().unasked = !asked;
    if (!asked) continue;
    record.place = Place::at_worker;
    record.captured = nullptr;
    batch.tests.push_back(test);
    --left;
  }
  waiting_tests_ -= unit.waiting;
  unit.waiting = 0;
}

void Ledger::invocation_over(Microseconds took) {
  ++invocations_;
  invoked_ += took;
  --batches_out_;
  serial_out_ = false;
}

void Ledger::start(std::size_t test, const std::string& worker) {
  Record& record = records_[test];
  if (record.place != Place::at_worker) return;
  reporter_.on(TestStarted{.id = record.id, .attempt = unit_of(test).attempt, .worker = worker});
}

void Ledger::output(std::size_t test, bool to_stderr, std::string_view bytes) {
  Record& record = records_[test];
  if (record.place != Place::at_worker) return;
  if (!record.captured) record.captured = std::make_unique<Capture>(k_output_kept);
  record.captured->append(bytes);
  reporter_.on(TestOutput{
      .id = record.id, .attempt = unit_of(test).attempt, .to_stderr = to_stderr, .bytes = std::string(bytes)});
}

bool Ledger::end(std::size_t test, const suite::TestEnded& ended, const std::string& worker) {
  if (records_[test].place != Place::at_worker) return false;
  finish(test, ended, worker);
  return true;
}

TestFinished Ledger::describe(std::size_t test, const suite::TestEnded& ended, const std::string& worker) {
  Record& record = records_[test];
  TestFinished finished{.id = record.id,
                        .attempt = unit_of(test).attempt,
                        .outcome = ended.outcome,
                        .flaky = ended.outcome == Outcome::passed && (ended.flaky || record.failed_before),
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
  return finished;
}

void Ledger::finish(std::size_t test, const suite::TestEnded& ended, const std::string& worker) {
  Record& record = records_[test];
  Unit& unit = unit_of(test);
  unit.held.emplace_back(test, describe(test, ended, worker));
  record.place = Place::ended;
  record.outcome = ended.outcome;
  record.failed_before = record.failed_before || !is_success(ended.outcome);
  unit.bad = unit.bad || (!is_success(ended.outcome) && ended.outcome != Outcome::lost);
  ++ended_;
  spent_ += ended.duration;
  --unit.unsettled;
  if (options_.retries == 0 || unit.unsettled == 0) report(unit);
}

/// Tells the held ends: of an attempt that is followed by another, or for good.
void Ledger::report(Unit& unit) {
  const bool again = unit.unsettled == 0 && unit.bad && unit.attempt <= options_.retries && !stopped_ && !failing_fast_;
  if (again) {
    ++unit.attempt;
    unit.bad = false;
  }
  for (auto& [test, finished] : std::exchange(unit.held, {})) {
    if (!again) {
      conclude(test, std::move(finished));
      continue;
    }
    finished.final = false;
    reporter_.on(finished);
    ++unit.unsettled;
    wait(test, false);
  }
}

void Ledger::conclude(std::size_t test, TestFinished finished) {
  records_[test].place = Place::done;
  --open_;
  count(finished);
  reporter_.on(finished);
  if (options_.fail_fast && !is_success(finished.outcome)) fail_fast();
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
  if (records_[test].place != Place::at_worker) return;
  if (stopped_) {
    not_run(test);
  } else if (failing_fast_) {
    skip_after_failure(test);
  } else if (const Record* broken = broken_before(test)) {
    finish(test,
           suite::TestEnded{.outcome = Outcome::skipped,
                            .message = "not run: " + broken->test.name + ", which it needs, did not end well"},
           "");
  } else {
    wait(test, true);
  }
}

/// The run ends without it.
void Ledger::not_run(std::size_t test) {
  Unit& unit = unit_of(test);
  records_[test].place = Place::done;
  --open_;
  ++counts_.not_run;
  if (--unit.unsettled == 0) report(unit);
}

/// What took its process along, in this attempt of the unit, in front of `test`: it would do so again.
const Ledger::Record* Ledger::broken_before(std::size_t test) {
  for (const std::size_t other : unit_of(test).tests) {
    if (other == test) break;
    const Record& record = records_[other];
    const bool ended = record.place == Place::ended || record.place == Place::done;
    const bool took_all = record.outcome == Outcome::crashed || record.outcome == Outcome::timed_out ||
                          record.outcome == Outcome::out_of_memory;
    if (ended && took_all) return &record;
  }
  return nullptr;
}

void Ledger::unreported(std::size_t test, const std::string& why) {
  Record& record = records_[test];
  if (record.place != Place::at_worker) return;
  if (stopped_ || ++record.returns < k_max_returns) {
    unit_of(test).alone = true;
    put_back(test);
    return;
  }
  lose(test, why);
}

void Ledger::lose(std::size_t test, const std::string& why) {
  if (records_[test].place != Place::at_worker) return;
  finish(test, suite::TestEnded{.outcome = Outcome::lost, .message = why}, "");
}

std::vector<std::size_t> Ledger::take_waiting() {
  std::vector<std::size_t> tests;
  for (std::deque<std::size_t>* queue : {&waiting_, &serial_}) {
    for (const std::size_t index : std::exchange(*queue, {})) {
      Unit& unit = units_[index];
      unit.queued = false;
      unit.waiting = 0;
      for (const std::size_t test : unit.tests) {
        if (records_[test].place == Place::waiting) tests.push_back(test);
      }
    }
  }
  waiting_tests_ = 0;
  return tests;
}

void Ledger::fail_fast() {
  failing_fast_ = true;
  for (const std::size_t test : take_waiting()) skip_after_failure(test);
}

void Ledger::skip_after_failure(std::size_t test) {
  finish(test,
         suite::TestEnded{.outcome = Outcome::skipped, .message = "not run: an earlier test failed (--fail-fast)"}, "");
}

void Ledger::stop() {
  stopped_ = true;
  for (const std::size_t test : take_waiting()) not_run(test);
}

}  // namespace sortie::run
