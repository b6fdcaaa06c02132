#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "emulator/core/call.h"

namespace sortie::emulator::lambda {

/// The account's limit of concurrent invocations in a region.
inline constexpr int k_account_concurrency = 1000;
/// What reservations must leave to functions without one.
inline constexpr int k_least_unreserved = 100;

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

/// 429 TooManyRequestsException, for a reason as AWS names it.
AwsError throttled(std::string reason);

/// Counts what runs, and lets in what the limits allow. io_context thread only; leases keep it alive.
/// https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
class RunningInvocations : public std::enable_shared_from_this<RunningInvocations> {
 public:
  /// Counts one invocation for as long as it lives.
  class Lease;

  /// Lets an invocation in: 429 when the function or the account has too many. What is provisioned of a reservation is
  /// not there for the rest.
  AwsResult<Lease> admit(const Concurrency& concurrency);
  [[nodiscard]] bool none() const { return running_.empty(); }

 private:
  struct Running {
    int all = 0;
    int on_demand = 0;  ///< beyond what is provisioned
  };
  using Key = std::pair<std::string, std::string>;  ///< region, name

  std::map<Key, Running> running_;
  std::map<std::string, int, std::less<>> running_provisioned_;  ///< by key of provisioned environments
  int running_unreserved_ = 0;
};

class RunningInvocations::Lease {
 public:
  /// `provisioned`: the key of the provisioned environments that it takes one of; empty: none.
  Lease(std::shared_ptr<RunningInvocations> all, Key key, bool reserved, std::string provisioned);
  Lease(Lease&&) noexcept = default;
  Lease& operator=(Lease&&) = delete;
  ~Lease() { end(); }

  void end();

 private:
  std::shared_ptr<RunningInvocations> all_;
  Key key_;
  bool reserved_;
  std::string provisioned_;
};

}  // namespace sortie::emulator::lambda
