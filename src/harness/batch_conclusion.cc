#include <algorithm>

#include "harness/batch.h"
#include "suite/text.h"

/// What becomes of the tests of a process that has ended.
namespace sortie::harness {

using suite::Outcome;
using suite::TestCase;

namespace {

/// What loaders, and programs that start others, exit with when there was nothing to run; 127 likewise.
constexpr int k_not_started = 126;

std::string in_words(const suite::ExitStatus& status) {
  if (status.signal != 0) return suite::describe_signal(status.signal);
  return "exited with status " + std::to_string(status.code);
}

Outcome outcome_of(const ProcessEnd& end) {
  return end.out_of_memory ? Outcome::out_of_memory : Outcome::crashed;
}

}  // namespace

void Batch::conclude(const SuiteRun& suite_run, bool alone) {
  switch (suite_run.stopped()) {
    case SuiteRun::Stopped::not_at_all: conclude_ended(suite_run, alone); break;
    case SuiteRun::Stopped::test_timeout:
      again_together(suite_run.untouched());
      again_alone(cases(suite_run.running()));
      break;
    case SuiteRun::Stopped::hung: conclude_hung(suite_run, alone); break;
    case SuiteRun::Stopped::deadline: conclude_deadline(suite_run); break;
    case SuiteRun::Stopped::fail_fast:
    case SuiteRun::Stopped::spoilt:
      again_together(suite_run.untouched());
      again_together(cases(suite_run.running()));
      break;
  }
  conclude_leaks(suite_run);
  // What a test that was stopped printed on its way out is its own.
  const bool cut_short = suite_run.stopped() == SuiteRun::Stopped::test_timeout;
  if (suite::TestEnded* last = verdicts_.held(); last != nullptr && cut_short) {
    last->log_offset = context_.outputs.logged;
  }
}

/// The process ended by itself.
void Batch::conclude_ended(const SuiteRun& suite_run, bool alone) {
  const bool running = !suite_run.running().empty();
  const bool ended = suite_run.ended_count() > 0;
  const bool untouched = !suite_run.untouched().empty();
  if (ended && !alone) alone_next_ = 1;
  if (running) {
    conclude_running(suite_run);
  } else if (!ended) {
    conclude_barren(suite_run, alone);
  } else if (untouched) {
    conclude_between(suite_run, alone);
  } else {
    conclude_behind_the_last(suite_run, alone);
  }
  add_last_words(suite_run);
}

void Batch::conclude_running(const SuiteRun& suite_run) {
  const suite::ExitStatus status = suite_run.end().status;
  const std::vector<std::string> running = suite_run.running();
  const suite::TestEnded* held = verdicts_.held();
  const bool explained = suite_run.ended_count() > 0 && held != nullptr && held->outcome == Outcome::crashed;
  again_together(suite_run.untouched());
  if (running.size() == 1 && !explained) {
    end_with(suite_run, running.front(), in_words(status) + (status.signal == 0 ? " before it ended" : ""));
  } else {
    again_alone(cases(running));  // which of them it was shows when each is alone
  }
}

/// All tests have ended. A status is the reader's to explain, a signal is not.
void Batch::conclude_behind_the_last(const SuiteRun& suite_run, bool alone) {
  const ProcessEnd& end = suite_run.end();
  suite::TestEnded* last = verdicts_.held();
  if (end.status.signal == 0 || last == nullptr || last->outcome == Outcome::crashed) return;
  if (verdicts_.unlisted(suite::k_process_exit) != nullptr) return;
  const std::string words = in_words(end.status);
  // In a process for itself there is no other whose end this could be, and its own may have been printed too early.
  if (alone && Verdicts::is_bad(last->outcome)) {
    last->message += "\n" + words + " after its end was printed";
  } else if (alone) {
    last->outcome = outcome_of(end);
    last->message = words + " after its end was printed";
  } else {
    verdicts_.end_unlisted({.test = std::string(suite::k_process_exit),
                            .outcome = outcome_of(end),
                            .message = words + " after " + last->test + ", the last test, had ended"});
  }
}

/// Some tests have ended, others have not begun.
void Batch::conclude_between(const SuiteRun& suite_run, bool alone) {
  const ProcessEnd& end = suite_run.end();
  const std::vector<TestCase> untouched = suite_run.untouched();
  const suite::TestEnded* last = verdicts_.held();
  const bool last_explains = last != nullptr && last->outcome == Outcome::crashed;
  const bool died = end.status.signal != 0 || (end.status.code != 0 && !suite_run.any_bad());
  if (!died || last_explains || alone) {
    again_together(untouched);
    return;
  }
  deaths_.push_back({.status = end.status,
                     .outcome = outcome_of(end),
                     .message = in_words(end.status) + " after " + (last != nullptr ? last->test : "a test") +
                                " had ended, before another test started"});
  again_first_alone(untouched, 1);
}

/// Nothing came of the process.
void Batch::conclude_barren(const SuiteRun& suite_run, bool alone) {
  const suite::ExitStatus status = suite_run.end().status;
  const std::vector<TestCase> untouched = suite_run.untouched();
  if (!alone) {
    again_first_alone(untouched, alone_next_);
    alone_next_ *= 2;
    return;
  }
  // Ended well and said nothing of its only test: that is no outcome, and the runner calls it lost.
  if (status.signal == 0 && status.code == 0) return;
  deaths_in_set_up_.push_back(status);
  end_with(suite_run, untouched.front().name, before_start(suite_run));
}

std::string Batch::before_start(const SuiteRun& suite_run) const {
  const suite::ExitStatus status = suite_run.end().status;
  std::string words = in_words(status);
  words += status.signal != 0 ? " before the test started" : " without a report";
  const std::string_view set_up = framework_.set_up();
  const bool never_ran = status.code == k_not_started || status.code == k_not_started + 1;
  if (!set_up.empty() && !never_ran) words += ", in " + std::string(set_up);
  return words;
}

/// Whose death it was is clear at the end: a test's that died likewise, alone, before it started; or no test's.
void Batch::conclude_deaths() {
  for (const Death& death : deaths_) {
    if (std::ranges::find(deaths_in_set_up_, death.status) != deaths_in_set_up_.end()) continue;
    verdicts_.end_unlisted(
        {.test = std::string(suite::k_process_exit), .outcome = death.outcome, .message = death.message});
    verdicts_.release();
  }
}

void Batch::add_last_words(const SuiteRun& suite_run) {
  const std::string words = suite_run.last_words();
  if (words.empty()) return;
  if (suite::TestEnded* last = verdicts_.held(); last != nullptr && last->outcome == Outcome::crashed) {
    last->message += ": " + words;
  }
  if (suite::TestEnded* exit = verdicts_.unlisted(suite::k_process_exit)) exit->message += ": " + words;
}

/// No test was running for as long as a test may take.
void Batch::conclude_hung(const SuiteRun& suite_run, bool alone) {
  std::vector<TestCase> left = suite_run.untouched();
  again_alone(cases(suite_run.running()));
  if (suite_run.ended_count() == 0) {
    if (left.empty()) return;
    deaths_in_set_up_.push_back({});
    end_with(suite_run, left.front().name, "the suite hung before this test started");
    left.erase(left.begin());
    again_together(std::move(left));
    return;
  }
  const suite::TestEnded* last = verdicts_.held();
  const std::string name = last != nullptr ? last->test : "a test";
  if (left.empty()) {
    verdicts_.end_unlisted({.test = std::string(suite::k_process_exit),
                            .outcome = Outcome::timed_out,
                            .message = "the suite did not end after " + name + ", its last test"});
  } else if (!alone) {
    deaths_.push_back({.status = {},
                       .outcome = Outcome::timed_out,
                       .message = "the suite hung after " + name + ", before another test started"});
    again_first_alone(left, 1);
  }
}

/// The function's time was over. A test that others left too little time for gets another chance; one that had the
/// whole time for itself would need more than there is.
void Batch::conclude_deadline(const SuiteRun& suite_run) {
  std::vector<std::string> cut = suite_run.running();
  std::vector<TestCase> left = suite_run.untouched();
  const std::string message = "the function's timeout of " + context_.time_in_words() + " left it no more time";
  if (verdicts_.count() == 0 && cut.size() == 1) {
    verdicts_.end({.test = cut.front(),
                   .outcome = Outcome::timed_out,
                   .duration = suite_run.running_time(cut.front()),
                   .message = message});
    cut.clear();
  } else if (verdicts_.count() == 0 && cut.empty() && !left.empty()) {
    verdicts_.end({.test = left.front().name, .outcome = Outcome::timed_out, .message = message});
    left.erase(left.begin());
  }
  again_together(std::move(left));
  again_together(cases(cut));
}

void Batch::conclude_leaks(const SuiteRun& suite_run) {
  suite::TestEnded* last = verdicts_.held();
  if (last != nullptr) last->leaked_processes += suite_run.uncounted_leaks();
}

void Batch::end_with(const SuiteRun& suite_run, const std::string& test, std::string message) {
  Outcome outcome = outcome_of(suite_run.end());
  if (suite_run.stopped() == SuiteRun::Stopped::hung) outcome = Outcome::timed_out;
  if (outcome == Outcome::out_of_memory) message += ": the function's memory was used up";
  verdicts_.end(
      {.test = test, .outcome = outcome, .duration = suite_run.running_time(test), .message = std::move(message)});
}

}  // namespace sortie::harness
