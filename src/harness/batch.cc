#include "harness/batch.h"

#include <algorithm>
#include <utility>

#include "harness/environment.h"

namespace sortie::harness {

using suite::Outcome;
using suite::TestCase;

Batch::Batch(const suite::BatchRequest& request, const suite::Framework& framework, const Context& context)
    : request_(request),
      framework_(framework),
      context_(context),
      workspace_(request.suite, context.folders, context.trace_id),
      verdicts_(context.outlets) {}

void Batch::run() {
  check_environment("an earlier test");
  queue_all();
  while (!work_.empty() && !over()) {
    std::vector<TestCase> tests = std::move(work_.front());
    work_.pop_front();
    const std::size_t limit = std::max<std::size_t>(1, framework_.selection_limit(tests));
    if (limit < tests.size()) {
      work_.emplace_front(tests.begin() + static_cast<std::ptrdiff_t>(limit), tests.end());
      tests.resize(limit);
    }
    if (!run_process(std::move(tests))) break;
  }
  verdicts_.release();
  settle_deaths();
  for (const auto& tests : work_) {
    for (const TestCase& test : tests) not_run_.push_back(test.name);
  }
  context_.outlets.answer.send_end({.not_run = std::move(not_run_), .notices = std::move(notices_)});
}

void Batch::queue_all() {
  std::vector<TestCase> all;
  for (const TestCase& test : request_.tests) {
    if (test.disabled) {
      verdicts_.end({.test = test.name, .outcome = Outcome::skipped, .message = "disabled"});
    } else if (request_.isolation == suite::Isolation::process) {
      work_.push_back({test});
    } else {
      all.push_back(test);
    }
  }
  verdicts_.release();
  if (!all.empty()) work_.push_back(std::move(all));
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
  const auto prepared = workspace_.prepare(framework_.selection(tests, workspace_.next_scratch()));
  if (!prepared) return cannot_start(prepared.error());
  auto process = Process::start(prepared->launch);
  if (!process) return cannot_start(process.error());

  const bool alone = tests.size() == 1;
  Session session({.framework = framework_,
                   .tests = std::move(tests),
                   .test_timeout = request_.test_timeout,
                   .stop_at = context_.stop_at(),
                   .fail_fast = request_.fail_fast,
                   .own_process = request_.isolation == suite::Isolation::process,
                   .tmp = usable_ ? context_.folders.tmp : std::string()},
                  verdicts_, context_.outlets);
  session.run(*std::move(process), prepared->result ? &*prepared->result : nullptr);
  settle(session, alone);
  const suite::TestEnded* last = verdicts_.held();
  check_environment(last == nullptr ? "a test" : last->test);
  return true;
}

void Batch::check_environment(const std::string& who) {
  if (!usable_) return;
  const std::string what = what_spoils(context_.folders.tmp);
  if (what.empty()) return;
  restore(context_.folders.tmp);
  usable_ = what_spoils(context_.folders.tmp).empty();
  notices_.push_back(who + " " + what + (usable_ ? ": it was emptied for the tests after it" : ""));
}

void Batch::again_together(std::vector<TestCase> tests) {
  if (!tests.empty()) work_.push_front(std::move(tests));
}

void Batch::again_alone(const std::vector<TestCase>& tests) {
  for (const TestCase& test : tests) work_.push_back({test});
}

void Batch::again_first_alone(const std::vector<TestCase>& tests, std::size_t count) {
  count = std::min(count, tests.size());
  again_together({tests.begin() + static_cast<std::ptrdiff_t>(count), tests.end()});
  while (count > 0) work_.push_front({tests[--count]});
}

std::vector<TestCase> Batch::cases(const std::vector<std::string>& names) const {
  std::vector<TestCase> found;
  for (const TestCase& test : request_.tests) {
    if (std::ranges::find(names, test.name) != names.end()) found.push_back(test);
  }
  return found;
}

void handle_batch(const suite::BatchRequest& request, const Context& context) {
  if (const suite::Framework* framework = framework_of(request.suite, context.outlets.answer)) {
    Batch(request, *framework, context).run();
  } else {
    context.outlets.answer.send_end({});
  }
}

}  // namespace sortie::harness
