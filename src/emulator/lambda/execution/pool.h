#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "emulator/core/call.h"
#include "emulator/lambda/execution/concurrency.h"
#include "emulator/lambda/execution/invocation.h"
#include "emulator/lambda/execution/live_environments.h"
#include "emulator/lambda/execution/provisioned_pool.h"
#include "emulator/lambda/execution/rate_limit.h"

namespace sortie::emulator::lambda {

/// The warm pool: an invocation takes an idle environment of the same deployment, the one used last first, or a new
/// one. Before it makes a new one it waits `k_finish_limit` for one whose runtime has answered and will ask for more in
/// a moment: a caller that invokes again at once finds the environment warm. Idle ones are removed after `idle_limit`,
/// when there are more than `k_idle_per_core` for each core (at least `k_idle_minimum`), when they are `k_life_limit`
/// old, and when their deployment is drained. An invocation that may use provisioned ones takes those first. io_context
/// thread only; the tasks it spawns keep it alive.
class Pool : public std::enable_shared_from_this<Pool> {
 public:
  static constexpr std::size_t k_idle_per_core = 4;
  static constexpr std::size_t k_idle_minimum = 16;
  /// How fast a function scales. https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html#scaling-rate
  static constexpr double k_new_environments_at_once = 1000;
  static constexpr double k_new_environments_per_second = 100;
  static constexpr auto k_finish_limit = std::chrono::milliseconds(50);

  Pool(std::shared_ptr<LiveEnvironments> live, std::shared_ptr<ProvisionedPool> provisioned,
       std::chrono::seconds idle_limit);

  /// Begins an invocation and returns at once; it goes on when nobody waits for it. 429 TooManyRequestsException when
  /// the function or the account has too many.
  AwsResult<void> submit(const Concurrency& concurrency, std::shared_ptr<const Deployment> deployment,
                         std::shared_ptr<Invocation> invocation);
  /// No new invocations for this deployment; idle environments go now, others when they are done.
  void drain(const Deployment& deployment);
  /// Ends all environments, the provisioned ones too.
  Task<void> shutdown();
  /// Kills all environments and uses nothing of the emulator any more.
  void abandon();

 private:
  using Warm = ProvisionedPool::Warm;

  static Task<void> execute(std::shared_ptr<Pool> self, std::shared_ptr<const Deployment> deployment,
                            std::shared_ptr<Invocation> invocation, std::string provisioned,
                            RunningInvocations::Lease lease);
  std::optional<Warm> take_idle(const Deployment& deployment, const std::string& provisioned);
  Task<AwsResult<Warm>> take(const std::shared_ptr<const Deployment>& deployment, const std::string& provisioned);
  void release(Warm warm);
  void arm_reaper();
  void reap();
  void forget_all();

  std::shared_ptr<LiveEnvironments> live_;
  std::shared_ptr<ProvisionedPool> provisioned_;
  std::shared_ptr<RunningInvocations> running_;
  std::chrono::seconds idle_limit_;
  std::size_t idle_maximum_;
  std::unordered_map<const Deployment*, std::vector<Warm>> idle_;  ///< a key for each deployment in service
  std::size_t idle_count_ = 0;
  std::unordered_multiset<const Deployment*> waiting_;  ///< for environments that will be free in a moment
  std::map<std::pair<std::string, std::string>, RateLimit> scaling_;  ///< of a region's function
  asio::steady_timer reaper_;
  bool reaper_armed_ = false;
};

}  // namespace sortie::emulator::lambda
