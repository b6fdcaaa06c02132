#include "run/collector.h"

#include <algorithm>
#include <utility>

#include "suite/framework.h"

namespace sortie::run {
namespace {

/// A hostile suite could fill the screen with complaints about itself.
constexpr int k_max_complaints = 3;

Outcome outcome_of(InvocationEnd end) {
  switch (end) {
    case InvocationEnd::timed_out:
    case InvocationEnd::silent: return Outcome::timed_out;
    case InvocationEnd::out_of_memory: return Outcome::out_of_memory;
    default: return Outcome::crashed;
  }
}

}  // namespace

Collector::Collector(Ledger& ledger, Reporter& reporter, std::string suite_name, Ledger::Batch batch)
    : ledger_(ledger), reporter_(reporter), suite_(std::move(suite_name)), attempt_(batch.attempt) {
  for (const std::size_t test : batch.tests) {
    order_.push_back(ledger.test_case(test).name);
    tests_.emplace(order_.back(), Known{.test = test});
  }
}

void Collector::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t newline = bytes.find('\n');
    if (newline == std::string_view::npos) {
      partial_.append(bytes);
      if (partial_.size() > k_max_line) {
        complain("the harness sent a line that is too long");
        partial_.clear();
      }
      return;
    }
    if (partial_.empty()) {
      line(bytes.substr(0, newline));
    } else {
      partial_.append(bytes.substr(0, newline));
      line(std::exchange(partial_, {}));
    }
    bytes.remove_prefix(newline + 1);
  }
}

void Collector::line(std::string_view text) {
  if (text.empty() || complete_) return;
  const Result<suite::HarnessEvent> event = suite::decode_event(text);
  if (!event) {
    complain("the harness sent something that is not an event: " + describe(event.error()));
    return;
  }
  std::visit([this](const auto& value) { on(value); }, *event);
}

void Collector::on(const suite::Hello& hello) {
  greeted_ = true;
  worker_ = hello.worker;
}

void Collector::on(const suite::Listed&) {
  complain("the harness sent a listing in answer to a batch");
}

void Collector::on(const suite::TestStarted& started) {
  commit();
  Known* known = find(started.test);
  if (known == nullptr || known->ended) return;
  progressed_ = true;
  known->running = true;
  speaking_ = known->test;
  ledger_.start(known->test, worker_);
}

void Collector::on(const suite::Output& output) {
  streamed_ = std::max(streamed_, output.log_offset);
  if (output.test.empty()) {
    loose(output.to_stderr, output.bytes);
    return;
  }
  // The test that ended last may still be speaking: what comes before the next start is told with its end.
  Known* known = find(output.test);
  if (known != nullptr && (!known->ended || (last_ && last_->test == known->test))) {
    ledger_.output(known->test, output.to_stderr, output.bytes);
  }
}

void Collector::loose(bool to_stderr, const std::string& bytes) {
  loose_ += bytes;
  if (loose_.size() > 2 * k_loose_kept) loose_.erase(0, loose_.size() - k_loose_kept);
  reporter_.on(TestOutput{.id = {suite_, ""}, .attempt = attempt_, .to_stderr = to_stderr, .bytes = bytes});
}

std::string_view Collector::loose_output() const {
  const std::string_view all = loose_;
  return all.substr(all.size() - std::min(all.size(), k_loose_kept));
}

void Collector::on(const suite::TestEnded& ended) {
  if (ended.unlisted) {
    progressed_ = true;
    unlisted_.insert_or_assign(ended.test, ended);
    return;
  }
  Known* known = find(ended.test);
  if (known == nullptr) return;
  if (last_ && last_->test == known->test) {
    last_->ended = ended;
    return;
  }
  commit();
  if (known->ended) {
    complain("the harness reported " + suite_ + "::" + ended.test + " twice; the first report counts");
    return;
  }
  progressed_ = true;
  known->ended = true;
  known->running = false;
  if (speaking_ == known->test) speaking_ = std::nullopt;
  last_ = Held{known->test, ended};
}

void Collector::commit() {
  if (auto last = std::exchange(last_, std::nullopt)) {
    if (last->ended.log_offset > streamed_) {
      held_.push_back(*std::move(last));
    } else {
      ledger_.end(last->test, last->ended, worker_);
    }
  }
  for (const auto& [name, ended] : std::exchange(unlisted_, {})) ledger_.end_unlisted(suite_, ended, worker_);
}

void Collector::on(const suite::BatchEnded& ended) {
  commit();
  complete_ = true;
  not_run_ = ended.not_run;
  left_out_ = ended.output_left_out;
  for (const std::string& notice : ended.notices) complain(suite_ + ": " + notice);
}

void Collector::on(const suite::HarnessError& error) {
  error_ = error;
}

Collector::Known* Collector::find(const std::string& name) {
  const auto found = tests_.find(name);
  if (found != tests_.end()) return &found->second;
  complain("the harness reported a test that it was not given: " + suite_ + "::" + name);
  return nullptr;
}

void Collector::complain(const std::string& what) {
  if (++complaints_ <= k_max_complaints) reporter_.on(Notice{what});
}

void Collector::feed_log(std::string_view bytes) {
  commit();
  if (log_read_ < streamed_) {
    const std::size_t known = std::min<std::uint64_t>(streamed_ - log_read_, bytes.size());
    log_read_ += known;
    bytes.remove_prefix(known);
  }
  attribute(bytes);
}

void Collector::attribute(std::string_view bytes) {
  std::size_t next = 0;
  while (!bytes.empty()) {
    while (next < held_.size() && held_[next].ended.log_offset <= log_read_) ++next;
    if (next == held_.size()) break;
    const std::size_t piece = std::min<std::uint64_t>(held_[next].ended.log_offset - log_read_, bytes.size());
    ledger_.output(held_[next].test, false, bytes.substr(0, piece));
    log_read_ += piece;
    bytes.remove_prefix(piece);
  }
  log_read_ += bytes.size();
  if (bytes.empty()) return;
  if (speaking_) {
    ledger_.output(*speaking_, false, bytes);
  } else {
    loose(false, std::string(bytes));
  }
}

void Collector::release_held() {
  for (const Held& held : std::exchange(held_, {})) ledger_.end(held.test, held.ended, worker_);
}

void Collector::conclude(InvocationEnd end, const std::string& message) {
  if (std::exchange(settled_, true)) return;
  commit();
  release_held();
  for (const std::string& name : not_run_) {
    if (const auto found = tests_.find(name); found != tests_.end() && !found->second.ended) {
      found->second.ended = true;
      ledger_.put_back(found->second.test);
    }
  }
  const bool died = end != InvocationEnd::succeeded && end != InvocationEnd::cut && end != InvocationEnd::timed_out;
  if (!complete_ && died && (greeted_ || !running().empty())) {
    attribute_death(end, message);
  } else if (!running().empty()) {
    conclude_running(end, message);
    if (!complete_) put_back_rest();
  }
  // Backwards, because a test that waits again goes to the front of the queue.
  for (auto name = order_.rbegin(); name != order_.rend(); ++name) {
    Known& known = tests_.at(*name);
    if (std::exchange(known.ended, true)) continue;
    if (error_ && error_->kind == "cannot_start") {
      ledger_.lose(known.test, error_->message);
    } else {
      ledger_.unreported(known.test, complete_ ? "the suite ended without reporting this test" : message);
    }
  }
}

std::vector<std::string> Collector::running() const {
  std::vector<std::string> names;
  for (const std::string& name : order_) {
    if (tests_.at(name).running) names.push_back(name);
  }
  return names;
}

bool Collector::is_one_unit() const {
  const std::string& unit = ledger_.test_case(tests_.at(order_.front()).test).unit;
  return order_.size() == 1 || (!unit.empty() && std::ranges::all_of(order_, [&](const std::string& name) {
           return ledger_.test_case(tests_.at(name).test).unit == unit;
         }));
}

void Collector::put_back_rest() {
  for (auto name = order_.rbegin(); name != order_.rend(); ++name) {
    Known& known = tests_.at(*name);
    if (!std::exchange(known.ended, true)) ledger_.put_back(known.test);
  }
}

void Collector::blame(const std::string& name, InvocationEnd end, const std::string& why) {
  Known& known = tests_.at(name);
  known.ended = true;
  known.running = false;
  ledger_.end(known.test, suite::TestEnded{.outcome = outcome_of(end), .message = why}, worker_);
}

/// Without a death of the harness's own. A cut connection, or an answer that just stops, says nothing about the tests:
/// they run again.
void Collector::conclude_running(InvocationEnd end, const std::string& message) {
  const bool tells = end != InvocationEnd::cut && end != InvocationEnd::succeeded;
  for (const std::string& name : running()) {
    Known& known = tests_.at(name);
    if (tells && speaking_ == known.test) {
      blame(name, end, message.empty() ? "the function ended while this test ran" : message);
      continue;
    }
    known.ended = true;
    known.running = false;
    ledger_.unreported(known.test, message.empty() ? "the suite ended without reporting this test" : message);
  }
}

void Collector::attribute_death(InvocationEnd end, const std::string& message) {
  const std::string why = message.empty() ? "the function ended" : message;
  std::vector<std::string> suspects = running();
  const bool seen = !suspects.empty();
  if (!seen) {
    const auto next = std::ranges::find_if(order_, [this](const std::string& name) { return !tests_.at(name).ended; });
    if (next == order_.end()) {
      ledger_.end_unlisted(suite_,
                           {.test = std::string(suite::k_process_exit),
                            .unlisted = true,
                            .outcome = outcome_of(end),
                            .message = why + ", after the last test had ended"},
                           worker_);
      return;
    }
    suspects.push_back(*next);
  }
  // A harness that was stopped cannot have started another test meanwhile.
  const bool certain = is_one_unit() || (seen && end == InvocationEnd::silent);
  if (suspects.size() == 1 && certain) blame(suspects.front(), end, why);
  for (auto name = order_.rbegin(); name != order_.rend(); ++name) {
    Known& known = tests_.at(*name);
    if (known.ended) continue;
    if (std::ranges::find(suspects, *name) == suspects.end()) {
      known.ended = true;
      ledger_.put_back(known.test);
    }
  }
  for (const std::string& name : suspects) {
    Known& known = tests_.at(name);
    if (!std::exchange(known.ended, true)) ledger_.unreported(known.test, why);
  }
}

}  // namespace sortie::run
