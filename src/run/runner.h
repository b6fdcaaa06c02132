#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <chrono>
#include <cstddef>
#include <deque>
#include <exception>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/signal.h"
#include "run/deployment.h"
#include "run/event.h"
#include "run/filter.h"
#include "run/invocation.h"
#include "run/ledger.h"
#include "run/waits.h"

namespace sortie::run {

struct RunSpec {
  std::vector<suite::SuiteSpec> suites;
  std::vector<std::string> filters;
  std::size_t workers = 2;
  suite::Isolation isolation = suite::Isolation::batch;
  int retries = 0;
  std::chrono::milliseconds test_timeout{60000};
  std::chrono::milliseconds list_timeout{60000};
  bool fail_fast = false;
  std::string list_cache_folder;  ///< lists by content; empty: listed each time
  Waits waits;
  std::vector<std::string> list_keys;  ///< one a suite: what its list depends on; empty: not remembered
};

/// Lists the suites on a worker, runs the chosen tests in batches on several workers, and sees to it that each ends in
/// one outcome. One object a run; io_context thread only. The references must outlive it.
class Runner {
 public:
  Runner(Executor executor, Target& target, const Deployment& deployment, const Clock& clock, Reporter& reporter,
         RunSpec spec);

  /// Every test of the suites, filters not applied, in the suites' own order.
  Task<Result<std::vector<std::vector<suite::TestCase>>>> list();
  /// Runs what the filters choose of `listed`. Returns the exit status of the contract; emits RunStarted to
  /// RunFinished.
  Task<Result<int>> run(std::vector<std::vector<suite::TestCase>> listed);
  /// The user wants to stop: running invocations are abandoned, what is known is reported, the exit status is 130.
  void interrupt();

 private:
  Task<Result<std::vector<suite::TestCase>>> list_suite(std::size_t index);
  /// What a worker listed; `plain`: without notices.
  struct List {
    std::vector<suite::TestCase> tests;
    bool plain = true;
  };
  Task<Result<List>> list_on_worker(std::size_t index);
  [[nodiscard]] std::string nothing_to_run(const std::vector<std::vector<suite::TestCase>>& listed) const;
  Task<void> work();
  Task<void> run_batch(Ledger::Batch batch);
  Task<void> complete_from_log(Collector& collector, InvocationResult& invocation, SystemTime began);
  void no_invocation(const Ledger::Batch& batch, const Error& error);
  void account(const InvocationResult& invocation, const std::string& worker);
  void say_once(const std::string& notice);
  void give_up(const std::string& why);
  void wake_all();
  RunFinished finish(std::chrono::steady_clock::time_point began);

  Executor executor_;
  Target& target_;
  const Deployment& deployment_;
  const Clock& clock_;
  Reporter& reporter_;
  RunSpec spec_;
  Ledger ledger_;
  Signal changed_;  ///< notified when a waiting worker should look again
  std::deque<asio::cancellation_signal> cancel_;
  std::size_t working_ = 0;
  int fruitless_ = 0;  ///< invocations in a row in which no test began
  std::set<std::string> said_;
  std::size_t invocations_ = 0;
  double gb_seconds_ = 0;
  bool interrupted_ = false;
  bool gave_up_ = false;
  std::exception_ptr bug_;
};

}  // namespace sortie::run
