#include "suite/tally.h"

namespace sortie::suite {
namespace {

bool is_good(Outcome outcome) {
  return outcome == Outcome::passed || outcome == Outcome::skipped;
}

}  // namespace

Tally::Tally(const std::vector<TestCase>& tests) {
  names_.reserve(tests.size());
  for (const TestCase& test : tests) {
    names_.push_back(test.name);
    entries_.emplace(test.name, Entry{});
  }
}

Tally::State Tally::state_of(std::string_view test) const {
  const auto found = entries_.find(test);
  return found == entries_.end() ? State::unknown : found->second.state;
}

void Tally::note(Progress::Kind kind, std::string_view test, std::size_t offset) {
  progress_.push_back({.kind = kind, .test = std::string(test), .offset = offset});
}

void Tally::start(std::string_view test, std::size_t offset) {
  entries_.find(test)->second.state = State::running;
  last_ended_.clear();
  any_started_ = true;
  note(Progress::Kind::started, test, offset);
}

void Tally::end(Progress end) {
  Entry& entry = entries_.find(end.test)->second;
  entry.state = State::ended;
  entry.outcome = end.outcome;
  end.kind = Progress::Kind::ended;
  last_ended_ = end.test;
  last_end_ = end;
  progress_.push_back(std::move(end));
}

void Tally::blame_last(Outcome outcome, std::string message) {
  Progress amended = last_end_;
  amended.offset = 0;
  if (is_good(amended.outcome)) {
    amended.outcome = outcome;
    amended.message = std::move(message);
  } else {
    if (!amended.message.empty()) amended.message += '\n';
    amended.message += message;
  }
  end(std::move(amended));
}

void Tally::amend_last(Outcome outcome, std::string_view message) {
  Progress amended = last_end_;
  amended.offset = 0;
  amended.outcome = outcome;
  if (!amended.message.empty()) amended.message += '\n';
  amended.message += message;
  end(std::move(amended));
}

void Tally::end_unlisted(Progress end) {
  end.kind = Progress::Kind::ended;
  end.unlisted = true;
  any_unlisted_failure_ = any_unlisted_failure_ || !is_good(end.outcome);
  progress_.push_back(std::move(end));
}

void Tally::explain(ExitStatus status, int accepted) {
  if (entries_.empty() || any_unlisted_failure_) return;
  if (status.signal != 0 || status.code == 0 || status.code == accepted) return;
  for (const auto& [name, entry] : entries_) {
    if (entry.state != State::ended || !is_good(entry.outcome)) return;
  }
  end_unlisted({.test = std::string(k_process_exit),
                .outcome = Outcome::failed,
                .message = "exited with status " + std::to_string(status.code) + " after all tests had ended well"});
}

}  // namespace sortie::suite
