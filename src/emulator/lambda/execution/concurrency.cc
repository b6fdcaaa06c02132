#include "emulator/lambda/execution/concurrency.h"

namespace sortie::emulator::lambda {

AwsError throttled(std::string reason) {
  return {429, "TooManyRequestsException", "Rate Exceeded.", {{"Reason", std::move(reason)}}};
}

AwsResult<RunningInvocations::Lease> RunningInvocations::admit(const Concurrency& concurrency) {
  Key key{concurrency.region, concurrency.name};
  const auto ahead = running_provisioned_.find(concurrency.provisioned);
  const bool provisioned = !concurrency.provisioned.empty() &&
                           (ahead == running_provisioned_.end() || ahead->second < concurrency.provisioned_here);
  if (concurrency.reserved) {
    const auto running = running_.find(key);
    const int on_demand = running == running_.end() ? 0 : running->second.on_demand;
    if (!provisioned && on_demand >= *concurrency.reserved - concurrency.provisioned_total) {
      return std::unexpected(throttled("ReservedFunctionConcurrentInvocationLimitExceeded"));
    }
  } else if (running_unreserved_ >= k_account_concurrency - concurrency.reserved_elsewhere) {
    return std::unexpected(throttled("ConcurrentInvocationLimitExceeded"));
  }
  return Lease(shared_from_this(), std::move(key), concurrency.reserved.has_value(),
               provisioned ? concurrency.provisioned : std::string());
}

RunningInvocations::Lease::Lease(std::shared_ptr<RunningInvocations> all, Key key, bool reserved,
                                 std::string provisioned)
    : all_(std::move(all)), key_(std::move(key)), reserved_(reserved), provisioned_(std::move(provisioned)) {
  auto& running = all_->running_[key_];
  ++running.all;
  ++(provisioned_.empty() ? running.on_demand : all_->running_provisioned_[provisioned_]);
  if (!reserved_) ++all_->running_unreserved_;
}

void RunningInvocations::Lease::end() {
  auto all = std::move(all_);
  if (!all) return;
  auto& running = all->running_[key_];
  if (provisioned_.empty()) {
    --running.on_demand;
  } else if (--all->running_provisioned_[provisioned_] == 0) {
    all->running_provisioned_.erase(provisioned_);
  }
  if (--running.all == 0) all->running_.erase(key_);
  if (!reserved_) --all->running_unreserved_;
}

}  // namespace sortie::emulator::lambda
