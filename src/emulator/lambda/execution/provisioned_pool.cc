#include "emulator/lambda/execution/provisioned_pool.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <thread>

#include "emulator/lambda/execution/environment.h"

namespace sortie::emulator::lambda {
namespace {

using std::chrono::steady_clock;

/// AWS's word for an init that fails.
constexpr char k_init_failure[] = "FUNCTION_ERROR_INIT_FAILURE";

}  // namespace

struct ProvisionedPool::Share {
  std::shared_ptr<const Deployment> deployment;
  std::string key;
  int wanted = 0;
  int starting = 0;
  int there = 0;
  std::vector<Warm> idle;
};

ProvisionedPool::ProvisionedPool(std::shared_ptr<LiveEnvironments> live, std::size_t limit)
    : live_(std::move(live)),
      limit_(limit != 0 ? limit : std::max<std::size_t>(k_minimum, k_per_core * std::thread::hardware_concurrency())) {}

void ProvisionedPool::provision(const std::string& key, std::vector<Wanted> wanted, std::string failure) {
  if (live_->closed()) return;
  auto& group = groups_[key];
  group.failure = std::move(failure);
  auto before = std::exchange(group.shares, {});
  for (auto& each : wanted) {
    auto same = std::ranges::find_if(before, [&](const auto& share) { return share->deployment == each.deployment; });
    if (same == before.end()) {
      group.shares.push_back(std::make_shared<Share>(Share{.deployment = std::move(each.deployment), .key = key}));
    } else {
      group.shares.push_back(*same);
      before.erase(same);
    }
    group.shares.back()->wanted = each.count;
  }
  group.old.insert(group.old.end(), before.begin(), before.end());
  for (const auto& share : group.old) share->wanted = 0;
  trim(group);
  fill(group);
}

void ProvisionedPool::unprovision(const std::string& key) {
  auto found = groups_.find(key);
  if (found == groups_.end()) return;
  auto group = std::move(found->second);
  groups_.erase(found);
  for (const auto& share : group.shares) drop(share);
  for (const auto& share : group.old) drop(share);
  fill_all();
}

ProvisionedPool::Status ProvisionedPool::status(const std::string& key) const {
  Status sum;
  auto found = groups_.find(key);
  if (found == groups_.end()) return sum;
  const auto& group = found->second;
  bool starting = false;
  sum.complete = true;
  for (const auto& share : group.shares) {
    sum.wanted += share->wanted;
    sum.there += std::min(share->there, share->wanted);
    starting = starting || share->starting > 0;
    sum.complete = sum.complete && share->there >= share->wanted;
  }
  for (const auto& share : group.old) sum.there += share->there;
  if (!starting) sum.failure = group.failure;
  sum.complete = sum.complete && sum.failure.empty();
  return sum;
}

/// Removes what is too much, and what was there before once the rest is complete.
void ProvisionedPool::trim(Group& group) {
  bool complete = group.failure.empty();
  for (const auto& share : group.shares) {
    complete = complete && share->there >= share->wanted;
    while (share->there > share->wanted && !share->idle.empty()) {
      dispose_idle(*share, std::move(share->idle.back()));
      share->idle.pop_back();
    }
  }
  if (!complete) return;
  for (const auto& share : std::exchange(group.old, {})) drop(share);
}

/// What is out is disposed of when it comes back.
void ProvisionedPool::drop(const std::shared_ptr<Share>& share) {
  share->wanted = 0;
  for (auto& warm : std::exchange(share->idle, {})) dispose_idle(*share, std::move(warm));
}

void ProvisionedPool::dispose_idle(Share& share, Warm warm) {
  --share.there;
  --count_;
  live_->dispose(std::move(warm.environment));
}

void ProvisionedPool::fill(Group& group) {
  for (const auto& share : group.shares) {
    while (group.failure.empty() && share->there + share->starting < share->wanted) {
      if (count_ >= limit_) {
        group.failure = fmt::format("This machine keeps at most {} provisioned environments", limit_);
        return;
      }
      ++share->starting;
      ++count_;
      asio::co_spawn(live_->executor(), start_ahead(shared_from_this(), share), asio::detached);
    }
  }
}

/// There may be room now for what had none.
void ProvisionedPool::fill_all() {
  for (auto& [key, group] : groups_) {
    if (group.failure.starts_with("This machine keeps")) group.failure.clear();
    fill(group);
  }
}

Task<void> ProvisionedPool::start_ahead(std::shared_ptr<ProvisionedPool> self, std::shared_ptr<Share> share) {
  AwsResult<std::shared_ptr<Environment>> made;
  {
    auto slot = co_await self->live_->take_start();
    if (!self->live_->closed() && share->wanted > 0) {
      made = co_await self->live_->create(share->deployment, k_provisioned);
    }
  }
  bool ready = false;
  if (made && *made) ready = co_await (*made)->initialize_ahead();
  const std::string failure = made ? k_init_failure : made.error().message;
  --share->starting;
  auto found = self->groups_.find(share->key);
  const bool wanted = share->there < share->wanted;
  if (!self->live_->closed() && ready && wanted) {
    ++share->there;
    share->idle.push_back(Warm{*std::move(made), steady_clock::now(), nullptr});
  } else {
    --self->count_;
    if (made && *made) self->live_->dispose(*std::move(made));
  }
  if (self->live_->closed() || found == self->groups_.end()) co_return;
  if (!ready && wanted) found->second.failure = failure;
  self->trim(found->second);
}

std::optional<ProvisionedPool::Warm> ProvisionedPool::take(const Deployment& deployment, const std::string& key) {
  auto found = groups_.find(key);
  if (found == groups_.end()) return std::nullopt;
  for (const auto& share : found->second.shares) {
    if (share->deployment.get() != &deployment || share->idle.empty()) continue;
    auto warm = std::move(share->idle.back());
    share->idle.pop_back();
    warm.share = share;
    return warm;
  }
  return std::nullopt;
}

/// One whose processes have ended, or that is old, is replaced by a new one.
void ProvisionedPool::release(Warm warm) {
  const auto share = std::move(warm.share);
  const auto state = warm.environment->state();
  const bool fresh = state == State::ready && steady_clock::now() - warm.made < k_life_limit;
  if (!live_->closed() && fresh && share->there <= share->wanted) {
    share->idle.push_back(std::move(warm));
    live_->released().notify();
    return;
  }
  dispose_idle(*share, std::move(warm));
  auto found = groups_.find(share->key);
  if (!live_->closed() && found != groups_.end()) fill(found->second);
}

}  // namespace sortie::emulator::lambda
