#include "harness/batch.h"

#include <algorithm>
#include <utility>

#include "harness/environment.h"
#include "harness/units.h"

namespace sortie::harness {

using suite::Outcome;
using suite::TestCase;

Batch::Batch(const suite::BatchRequest& request, const suite::Framework& framework, const Context& context)
    : request_(request),
      framework_(framework),
      context_(context),
      workspace_(request.suite, context.folders, context.trace_id),
      verdicts_(context.outputs) {}

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
    skip_broken(tests);
    if (!tests.empty() && !run_process(std::move(tests))) break;
  }
  verdicts_.release();
  conclude_deaths();
  for (const auto& tests : work_) {
    for (const TestCase& test : tests) not_run_.push_back(test.name);
  }
  context_.outputs.answer.send_end({.not_run = std::move(not_run_), .notices = std::move(notices_)});
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
  return std::chrono::steady_clock::now() >= context_.stop_at() || !context_.outputs.answer.wanted() ||
         (request_.fail_fast && verdicts_.any_bad());
}

bool Batch::run_process(std::vector<TestCase> tests) {
  auto cannot_start = [&](const Error& error) {
    context_.outputs.answer.send(suite::HarnessError{"cannot_start", describe(error)});
    work_.push_front(std::move(tests));
    return false;
  };
  const bool alone = tests.size() == 1;
  std::vector<TestCase> all = with_needed(tests, request_.tests);
  const auto prepared = workspace_.prepare(framework_.selection(all, workspace_.next_scratch()));
  if (!prepared) return cannot_start(prepared.error());
  auto process = Process::start(prepared->launch);
  if (!process) return cannot_start(process.error());

  SuiteRun suite_run({.framework = framework_,
                      .tests = std::move(all),
                      .test_timeout = request_.test_timeout,
                      .stop_at = context_.stop_at(),
                      .fail_fast = request_.fail_fast,
                      .own_process = request_.isolation == suite::Isolation::process,
                      .tmp = usable_ ? context_.folders.tmp : std::string()},
                     verdicts_, context_.outputs);
  suite_run.run(*std::move(process), prepared->result ? &*prepared->result : nullptr);
  conclude(suite_run, alone);
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
  if (const suite::Framework* framework = framework_of(request.suite, context.outputs.answer)) {
    Batch(request, *framework, context).run();
  } else {
    context.outputs.answer.send_end({});
  }
}

}  // namespace sortie::harness
