#include <algorithm>
#include <deque>

#include "harness/requests.h"
#include "harness/session.h"
#include "harness/units.h"
#include "suite/text.h"

namespace sortie::harness {
namespace {

using suite::Outcome;
using suite::TestCase;

std::string in_words(const suite::ExitStatus& status) {
  if (status.signal != 0) return suite::describe_signal(status.signal);
  return "exited with status " + std::to_string(status.code);
}

/// Runs the tests of one request: a process for many, or for one, until each has its end; a new process for those that
/// one which died did not come to.
class Batch {
 public:
  Batch(const suite::BatchRequest& request, const suite::Framework& framework, const Context& context)
      : request_(request),
        framework_(framework),
        context_(context),
        workspace_(request.suite, context.folders, context.trace_id),
        verdicts_(context.outlets) {}

  void run();

 private:
  void queue_all();
  [[nodiscard]] bool over() const;
  /// False when the suite cannot be started: all is said then.
  bool run_process(std::vector<TestCase> tests);
  void settle(const Session& session, bool alone);
  void settle_ended(const Session& session, bool alone);
  void add_last_words(const Session& session);
  void settle_hung(const Session& session);
  void settle_deadline(const Session& session);
  void settle_leaks(const Session& session);
  /// Ends `test`, which the process's end took along.
  void end_with(const Session& session, const std::string& test, std::string message);
  void skip_broken(std::vector<TestCase>& tests);
  void again_together(std::vector<TestCase> tests);
  void again_alone(const std::vector<TestCase>& tests);
  std::vector<TestCase> cases(const std::vector<std::string>& names) const;

  const suite::BatchRequest& request_;
  const suite::Framework& framework_;
  const Context& context_;
  Workspace workspace_;
  Verdicts verdicts_;
  std::deque<std::vector<TestCase>> work_;  ///< one process each
  std::vector<std::string> not_run_;
};

void Batch::run() {
  queue_all();
  while (!work_.empty() && !over()) {
    std::vector<TestCase> tests = std::move(work_.front());
    work_.pop_front();
    const std::size_t limit = std::max<std::size_t>(1, framework_.selection_limit(tests));
    if (limit < tests.size()) {
      work_.emplace_front(tests.begin() + static_cast<std::ptrdiff_t>(limit), tests.end());
      tests.resize(limit);
    }
    skip_broken(tests);
    if (!tests.empty() && !run_process(std::move(tests))) break;
  }
  verdicts_.release();
  for (const auto& tests : work_) {
    for (const TestCase& test : tests) not_run_.push_back(test.name);
  }
  context_.outlets.answer.send_end({.not_run = std::move(not_run_)});
}

void Batch::queue_all() {
  std::vector<TestCase> all;
  for (const TestCase& test : request_.tests) {
    if (test.unasked) continue;
    if (test.disabled) {
      verdicts_.end({.test = test.name, .outcome = Outcome::skipped, .message = "disabled"});
    } else {
      all.push_back(test);
    }
  }
  verdicts_.release();
  if (request_.isolation == suite::Isolation::process) {
    again_alone(all);
  } else {
    again_together(std::move(all));
  }
}

bool Batch::over() const {
  return std::chrono::steady_clock::now() >= context_.stop_at() || !context_.outlets.answer.wanted() ||
         (request_.fail_fast && verdicts_.any_bad());
}

bool Batch::run_process(std::vector<TestCase> tests) {
  auto cannot_start = [&](const Error& error) {
    context_.outlets.answer.send(suite::HarnessError{"cannot_start", describe(error)});
    work_.push_front(std::move(tests));
    return false;
  };
  const auto scratch = workspace_.make_scratch();
  if (!scratch) return cannot_start(scratch.error());
  const bool alone = tests.size() == 1;
  std::vector<TestCase> all = with_needed(tests, request_.tests);
  const suite::Invocation invocation = framework_.selection(all, *scratch);
  const auto launch = workspace_.prepare(invocation);
  if (!launch) return cannot_start(launch.error());
  auto process = Process::start(*launch);
  if (!process) return cannot_start(process.error());

  Session session({.framework = framework_,
                   .tests = std::move(all),
                   .test_timeout = request_.test_timeout,
                   .stop_at = context_.stop_at(),
                   .fail_fast = request_.fail_fast},
                  verdicts_, context_.outlets);
  session.run(*std::move(process), invocation.result_file);
  settle(session, alone);
  return true;
}

void Batch::settle(const Session& session, bool alone) {
  switch (session.stopped()) {
    case Session::Stopped::not_at_all: settle_ended(session, alone); break;
    case Session::Stopped::test_timeout:
      again_together(session.untouched());
      again_alone(cases(session.running()));
      break;
    case Session::Stopped::hung: settle_hung(session); break;
    case Session::Stopped::deadline: settle_deadline(session); break;
    case Session::Stopped::fail_fast:
      again_together(session.untouched());
      again_together(cases(session.running()));
      break;
  }
  settle_leaks(session);
  // What a test that was stopped printed on its way out is its own.
  const bool cut_short = session.stopped() == Session::Stopped::test_timeout;
  if (suite::TestEnded* last = verdicts_.held(); last != nullptr && cut_short) {
    last->log_offset = context_.outlets.logged;
  }
}

/// The process ended by itself.
void Batch::settle_ended(const Session& session, bool alone) {
  const suite::ExitStatus status = session.end().status;
  const std::vector<std::string> running = session.running();
  const std::vector<TestCase> untouched = session.untouched();
  const bool nothing_came_of_it = running.empty() && session.ended_count() == 0;

  const suite::TestEnded* held = verdicts_.held();
  const bool explained = session.ended_count() > 0 && held != nullptr && held->outcome == Outcome::crashed;

  if (running.size() == 1 && !explained) {
    std::string message = in_words(status);
    if (status.signal == 0) message += " before it ended";
    end_with(session, running.front(), std::move(message));
  } else {
    again_alone(cases(running));  // which of them it was shows when each is alone
  }
  if (running.empty() && status.signal != 0 && !nothing_came_of_it) {
    suite::TestEnded* last = verdicts_.held();
    if (last != nullptr && !Verdicts::is_bad(last->outcome)) {
      last->outcome = session.end().out_of_memory ? Outcome::out_of_memory : Outcome::crashed;
      last->message = in_words(status) + " after the test";
    }
  }
  add_last_words(session);
  if (untouched.empty()) return;
  if (alone) {
    // Ended well and said nothing of its only test: that is no outcome, and the runner calls it lost.
    if (status.signal == 0 && status.code == 0) return;
    end_with(session, untouched.front().name,
             in_words(status) + (status.signal != 0 ? " before the test started" : " without a report"));
  } else if (nothing_came_of_it || (status.signal == 0 && running.empty())) {
    again_alone(untouched);
  } else {
    again_together(untouched);
  }
}

void Batch::add_last_words(const Session& session) {
  suite::TestEnded* last = verdicts_.held();
  if (last == nullptr || last->outcome != Outcome::crashed) return;
  const std::string words = session.last_words();
  if (!words.empty()) last->message += ": " + words;
}

/// No test was running for as long as a test may take.
void Batch::settle_hung(const Session& session) {
  std::vector<TestCase> left = session.untouched();
  if (suite::TestEnded* last = verdicts_.held(); last != nullptr && session.ended_count() > 0) {
    if (!Verdicts::is_bad(last->outcome)) {
      last->outcome = Outcome::timed_out;
      last->message = left.empty() ? "the suite did not end after this test, its last one"
                                   : "the suite hung after this test, before the next one started";
    }
  } else if (!left.empty()) {
    end_with(session, left.front().name, "the suite hung before this test started");
    left.erase(left.begin());
  }
  again_together(std::move(left));
  again_alone(cases(session.running()));
}

/// The function's time was over. A test that others left too little time for gets another chance; one that had the
/// whole time for itself would need more than there is.
void Batch::settle_deadline(const Session& session) {
  std::vector<std::string> cut = session.running();
  std::vector<TestCase> left = session.untouched();
  const std::string message = "the function's timeout of " + context_.time_in_words() + " left it no more time";
  if (verdicts_.count() == 0 && cut.size() == 1) {
    verdicts_.end({.test = cut.front(),
                   .outcome = Outcome::timed_out,
                   .duration = session.running_time(cut.front()),
                   .message = message});
    cut.clear();
  } else if (verdicts_.count() == 0 && cut.empty() && !left.empty()) {
    verdicts_.end({.test = left.front().name, .outcome = Outcome::timed_out, .message = message});
    left.erase(left.begin());
  }
  again_together(std::move(left));
  again_together(cases(cut));
}

void Batch::settle_leaks(const Session& session) {
  suite::TestEnded* last = verdicts_.held();
  if (last != nullptr) last->leaked_processes += session.uncounted_leaks();
}

void Batch::end_with(const Session& session, const std::string& test, std::string message) {
  Outcome outcome = session.end().out_of_memory ? Outcome::out_of_memory : Outcome::crashed;
  if (session.stopped() == Session::Stopped::hung) outcome = Outcome::timed_out;
  if (outcome == Outcome::out_of_memory) message += ": the function's memory was used up";
  verdicts_.end(
      {.test = test, .outcome = outcome, .duration = session.running_time(test), .message = std::move(message)});
}

/// What comes behind a failure in its unit has nothing to stand on.
void Batch::skip_broken(std::vector<TestCase>& tests) {
  std::erase_if(tests, [&](const TestCase& test) {
    if (test.unit.empty()) return false;
    const TestCase* broken = nullptr;
    for (const TestCase& other : request_.tests) {
      if (other.name == test.name) break;
      if (other.unit == test.unit && verdicts_.is_bad(other.name)) broken = &other;
    }
    if (broken == nullptr) return false;
    verdicts_.end({.test = test.name,
                   .outcome = Outcome::skipped,
                   .message = "not run: " + broken->name + ", which it needs, did not end well"});
    return true;
  });
}

void Batch::again_together(std::vector<TestCase> tests) {
  if (!tests.empty()) work_.push_front(std::move(tests));
}

void Batch::again_alone(const std::vector<TestCase>& tests) {
  for (std::vector<TestCase>& unit : split_units(tests)) work_.push_back(std::move(unit));
}

std::vector<TestCase> Batch::cases(const std::vector<std::string>& names) const {
  std::vector<TestCase> found;
  for (const TestCase& test : request_.tests) {
    if (std::ranges::find(names, test.name) != names.end()) found.push_back(test);
  }
  return found;
}

}  // namespace

void handle_batch(const suite::BatchRequest& request, const Context& context) {
  if (const suite::Framework* framework = framework_of(request.suite, context.outlets.answer)) {
    Batch(request, *framework, context).run();
  } else {
    context.outlets.answer.send_end({});
  }
}

}  // namespace sortie::harness
