#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "emulator/core/call.h"
#include "emulator/lambda/execution/environment.h"
#include "emulator/lambda/execution/rate_limit.h"

namespace sortie::emulator::lambda {

/// The account's limit of concurrent invocations in a region.
inline constexpr int k_account_concurrency = 1000;

/// The warm pool: an invocation takes an idle environment of the same deployment, the one used last first, or a new
/// one. Before it makes a new one it waits `k_finish_limit` for one whose runtime has answered and will ask for more in
/// a moment: a caller that invokes again at once finds the environment warm. Idle ones are removed after `idle_limit`,
/// when there are more than `k_idle_per_core` for each core (at least `k_idle_minimum`), when they are `k_life_limit`
/// old, and when their deployment is drained.
///
/// Provisioned environments are initialised ahead, for a version or an alias, and kept for its invocations alone, which
/// take them first. io_context thread only; the tasks it spawns keep it alive.
class Pool : public std::enable_shared_from_this<Pool> {
 public:
  static constexpr std::size_t k_idle_per_core = 4;
  static constexpr std::size_t k_idle_minimum = 16;
  static constexpr auto k_life_limit = std::chrono::hours(8);
  /// How fast a function scales. https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html#scaling-rate
  static constexpr double k_new_environments_at_once = 1000;
  static constexpr double k_new_environments_per_second = 100;
  static constexpr auto k_finish_limit = std::chrono::milliseconds(50);

  /// What this machine is trusted to hold of environments that were initialised ahead, together.
  static constexpr std::size_t k_provisioned_per_core = 16;
  static constexpr std::size_t k_provisioned_minimum = 32;

  /// `provisioned_limit`: 0 for what the machine is trusted to hold.
  Pool(EnvironmentServices services, std::chrono::seconds idle_limit, std::size_t provisioned_limit = 0);

  /// Soon does, beside what is going on, what the first native environment costs more than later ones.
  void prepare();

  /// How many invocations a function may have at once. `reserved_elsewhere` is what other functions have reserved.
  struct Concurrency {
    std::string region;
    std::string name;
    std::optional<int> reserved;
    int reserved_elsewhere = 0;
    int provisioned_total = 0;  ///< environments of all its versions and aliases
    std::string provisioned;    ///< the key of provisioned environments that it may use; empty: none
    int provisioned_here = 0;   ///< how many are wanted under that key
  };
  /// Begins an invocation and returns at once; it goes on when nobody waits for it. 429 TooManyRequestsException when
  /// the function or the account has too many. What is provisioned of a reservation is not there for the rest.
  AwsResult<void> submit(const Concurrency& concurrency, std::shared_ptr<const Deployment> deployment,
                         std::shared_ptr<Invocation> invocation);
  /// How many environments of a deployment are wanted.
  struct Wanted {
    std::shared_ptr<const Deployment> deployment;
    int count = 0;
  };
  struct Provisioned {
    int wanted = 0;
    int there = 0;  ///< initialised: idle or running
    bool complete = false;
    std::string failure;  ///< why it will not become complete; empty: it may
  };
  /// From now on these are wanted under `key`, the ARN of a version or an alias. What is there of another deployment
  /// stays until these are complete. `failure`: why nothing can be wanted.
  void provision(const std::string& key, std::vector<Wanted> wanted, std::string failure = {});
  /// Nothing is wanted any more.
  void unprovision(const std::string& key);
  [[nodiscard]] Provisioned provisioned(const std::string& key) const;

  /// No new invocations for this deployment; idle environments go now, others when they are done.
  void drain(const Deployment& deployment);
  /// Ends all environments.
  Task<void> shutdown();
  /// Kills all environments and uses nothing of the emulator any more.
  void abandon();
  [[nodiscard]] std::size_t live() const { return live_.size(); }

 private:
  struct Share;
  struct Group;
  struct Warm {
    std::shared_ptr<Environment> environment;
    std::chrono::steady_clock::time_point made;
    std::shared_ptr<Share> share;  ///< of a provisioned one that is out; idle ones belong to their share
  };
  /// Counts an invocation for as long as it lives.
  class Lease;

  static Task<void> execute(std::shared_ptr<Pool> self, std::shared_ptr<const Deployment> deployment,
                            std::shared_ptr<Invocation> invocation, std::string provisioned, Lease lease);
  std::optional<Warm> take_idle(const Deployment& deployment, const std::string& provisioned);
  [[nodiscard]] std::size_t finishing(const Deployment& deployment) const;
  Task<AwsResult<Warm>> take(const std::shared_ptr<const Deployment>& deployment, const std::string& provisioned);
  // pool_provisioned.cc
  std::optional<Warm> take_provisioned(const Deployment& deployment, const std::string& key);
  void release_provisioned(Warm warm);
  void fill(Group& group);
  void fill_all();
  void trim(Group& group);
  void drop(const std::shared_ptr<Share>& share);
  static Task<void> start_ahead(std::shared_ptr<Pool> self, std::shared_ptr<Share> share);
  void release(Warm warm);
  void dispose(std::shared_ptr<Environment> environment);
  void arm_reaper();
  void reap();

  EnvironmentServices services_;
  std::chrono::seconds idle_limit_;
  std::size_t idle_maximum_;
  std::unordered_map<const Deployment*, std::vector<Warm>> idle_;  ///< a key for each deployment in service
  std::size_t idle_count_ = 0;
  Signal released_;
  std::unordered_multiset<const Deployment*> waiting_;  ///< for environments that are settling
  std::unordered_set<std::shared_ptr<Environment>> live_;
  struct Running {
    int all = 0;
    int on_demand = 0;  ///< beyond what is provisioned
  };
  std::map<std::pair<std::string, std::string>, Running> running_;  ///< of a region's function
  std::map<std::string, int, std::less<>> running_provisioned_;     ///< by key
  int running_unreserved_ = 0;
  std::map<std::pair<std::string, std::string>, RateLimit> scaling_;  ///< of a region's function
  std::map<std::string, Group, std::less<>> groups_;                  ///< by key
  std::size_t provisioned_limit_;
  std::size_t provisioned_count_ = 0;  ///< there or being started
  asio::steady_timer reaper_;
  bool reaper_armed_ = false;
  bool closed_ = false;
};

/// The provisioned environments of one deployment under one key. Shared with those that are out.
struct Pool::Share {
  std::shared_ptr<const Deployment> deployment;
  std::string key;
  int wanted = 0;
  int starting = 0;
  int there = 0;
  std::vector<Warm> idle;
};

/// All under one key.
struct Pool::Group {
  std::vector<std::shared_ptr<Share>> shares;
  std::vector<std::shared_ptr<Share>> old;  ///< until the others are complete
  std::string failure;
};

}  // namespace sortie::emulator::lambda
