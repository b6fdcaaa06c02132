#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "emulator/lambda/execution/live_environments.h"

namespace sortie::emulator::lambda {

/// However busy, an environment is replaced when it is so old.
inline constexpr auto k_life_limit = std::chrono::hours(8);

/// Environments that are initialised ahead, for a version or an alias, and kept for its invocations alone.
/// https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html
/// io_context thread only; the tasks it spawns keep it alive.
class ProvisionedPool : public std::enable_shared_from_this<ProvisionedPool> {
 public:
  /// The default limit of provisioned environments, of all functions together.
  static constexpr std::size_t k_per_core = 16;
  static constexpr std::size_t k_minimum = 32;

  /// `limit`: how many there may be; 0 for the default.
  ProvisionedPool(std::shared_ptr<LiveEnvironments> live, std::size_t limit);

  /// The provisioned environments of one deployment under one key.
  struct Share;
  /// One that is initialised: idle, or out for an invocation.
  struct Warm {
    std::shared_ptr<Environment> environment;
    std::chrono::steady_clock::time_point made;
    std::shared_ptr<Share> share;  ///< of one that is out
  };
  /// How many environments of a deployment are wanted.
  struct Wanted {
    std::shared_ptr<const Deployment> deployment;
    int count = 0;
  };
  struct Status {
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
  [[nodiscard]] Status status(const std::string& key) const;

  /// An idle one, if there is one.
  std::optional<Warm> take(const Deployment& deployment, const std::string& key);
  /// One that was taken. What is broken or old is replaced.
  void release(Warm warm);
  /// Nothing is wanted any more under any key; the environments are ended with all others.
  void close() { groups_.clear(); }

 private:
  /// All under one key.
  struct Group {
    std::vector<std::shared_ptr<Share>> shares;
    std::vector<std::shared_ptr<Share>> old;  ///< until the others are complete
    std::string failure;
  };
  void fill(Group& group);
  void fill_all();
  void trim(Group& group);
  void drop(const std::shared_ptr<Share>& share);
  void dispose_idle(Share& share, Warm warm);
  static Task<void> start_ahead(std::shared_ptr<ProvisionedPool> self, std::shared_ptr<Share> share);

  std::shared_ptr<LiveEnvironments> live_;
  std::map<std::string, Group, std::less<>> groups_;  ///< by key
  std::size_t limit_;
  std::size_t count_ = 0;  ///< there or being started
};

}  // namespace sortie::emulator::lambda
