#include "run/collector.h"

#include <algorithm>
#include <utility>

namespace sortie::run {
namespace {

/// A hostile suite could fill the screen with complaints about itself.
constexpr int k_max_complaints = 3;

Outcome outcome_of(InvocationEnd end) {
  switch (end) {
    case InvocationEnd::timed_out: return Outcome::timed_out;
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
  worker_ = hello.worker;
}

void Collector::on(const suite::Listed&) {
  complain("the harness sent a listing in answer to a batch");
}

void Collector::on(const suite::TestStarted& started) {
  Known* known = find(started.test);
  if (known == nullptr || known->ended) return;
  progressed_ = true;
  running_ = known->test;
  running_name_ = started.test;
  ledger_.start(known->test, worker_);
}

void Collector::on(const suite::Output& output) {
  streamed_ = std::max(streamed_, output.log_offset);
  if (output.test.empty()) {
    reporter_.on(
        TestOutput{.id = {suite_, ""}, .attempt = attempt_, .to_stderr = output.to_stderr, .bytes = output.bytes});
    return;
  }
  if (Known* known = find(output.test); known != nullptr && !known->ended) {
    ledger_.output(known->test, output.to_stderr, output.bytes);
  }
}

void Collector::on(const suite::TestEnded& ended) {
  Known* known = find(ended.test);
  if (known == nullptr) return;
  if (known->ended) {
    complain("the harness reported " + suite_ + "::" + ended.test + " twice; the first report counts");
    return;
  }
  progressed_ = true;
  known->ended = true;
  if (running_ == known->test) running_ = std::nullopt;
  if (ended.log_offset > streamed_) {
    held_.push_back({known->test, ended});
  } else {
    ledger_.end(known->test, ended, worker_);
  }
}

void Collector::on(const suite::BatchEnded& ended) {
  complete_ = true;
  not_run_ = ended.not_run;
  left_out_ = ended.output_left_out;
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
  if (running_) {
    ledger_.output(*running_, false, bytes);
  } else {
    reporter_.on(TestOutput{.id = {suite_, ""}, .attempt = attempt_, .bytes = std::string(bytes)});
  }
}

void Collector::release_held() {
  for (const Held& held : std::exchange(held_, {})) ledger_.end(held.test, held.ended, worker_);
}

void Collector::settle(InvocationEnd end, const std::string& message) {
  if (std::exchange(settled_, true)) return;
  release_held();
  const bool had_running = running_.has_value();
  if (had_running) settle_running(end, message);
  for (const std::string& name : not_run_) {
    if (const auto found = tests_.find(name); found != tests_.end() && !found->second.ended) {
      found->second.ended = true;
      ledger_.put_back(found->second.test);
    }
  }
  // Backwards, because a test that waits again goes to the front of the queue.
  for (auto name = order_.rbegin(); name != order_.rend(); ++name) {
    Known& known = tests_.at(*name);
    if (std::exchange(known.ended, true)) continue;
    if (error_ && error_->kind == "cannot_start") {
      ledger_.lose(known.test, error_->message);
    } else if (!complete_ && had_running) {
      ledger_.put_back(known.test);
    } else {
      ledger_.unreported(known.test, complete_ ? "the suite ended without reporting this test" : message);
    }
  }
}

void Collector::settle_running(InvocationEnd end, const std::string& message) {
  Known& known = tests_.at(running_name_);
  known.ended = true;
  // A cut connection, or an answer that just stops, says nothing about the test: it runs again.
  if (end == InvocationEnd::cut || end == InvocationEnd::succeeded) {
    ledger_.unreported(known.test, message.empty() ? "the suite ended without reporting this test" : message);
    return;
  }
  const std::string why = message.empty() ? "the function ended while this test ran" : message;
  ledger_.end(known.test, suite::TestEnded{.outcome = outcome_of(end), .message = why}, worker_);
}

}  // namespace sortie::run
