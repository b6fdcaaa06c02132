#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "emulator/lambda/execution/pool.h"

/// Environments that are initialised ahead.
/// https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html
namespace sortie::emulator::lambda {
namespace {

using std::chrono::steady_clock;

/// AWS's word for an init that fails.
constexpr char k_init_failure[] = "FUNCTION_ERROR_INIT_FAILURE";

}  // namespace

void Pool::provision(const std::string& key, std::vector<Wanted> wanted, std::string failure) {
  if (closed_) return;
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

void Pool::unprovision(const std::string& key) {
  auto found = groups_.find(key);
  if (found == groups_.end()) return;
  auto group = std::move(found->second);
  groups_.erase(found);
  for (const auto& share : group.shares) drop(share);
  for (const auto& share : group.old) drop(share);
  fill_all();
}

Pool::Provisioned Pool::provisioned(const std::string& key) const {
  Provisioned sum;
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
void Pool::trim(Group& group) {
  bool complete = group.failure.empty();
  for (const auto& share : group.shares) {
    complete = complete && share->there >= share->wanted;
    while (share->there > share->wanted && !share->idle.empty()) {
      dispose(std::move(share->idle.back().environment));
      share->idle.pop_back();
      --share->there;
      --provisioned_count_;
    }
  }
  if (!complete) return;
  for (const auto& share : std::exchange(group.old, {})) drop(share);
}

/// What is out is disposed of when it comes back.
void Pool::drop(const std::shared_ptr<Share>& share) {
  share->wanted = 0;
  for (auto& warm : std::exchange(share->idle, {})) {
    dispose(std::move(warm.environment));
    --share->there;
    --provisioned_count_;
  }
}

void Pool::fill(Group& group) {
  for (const auto& share : group.shares) {
    while (group.failure.empty() && share->there + share->starting < share->wanted) {
      if (provisioned_count_ >= provisioned_limit_) {
        group.failure = fmt::format("This machine keeps at most {} provisioned environments", provisioned_limit_);
        return;
      }
      ++share->starting;
      ++provisioned_count_;
      asio::co_spawn(services_.executor, start_ahead(shared_from_this(), share), asio::detached);
    }
  }
}

/// There may be room now for what had none.
void Pool::fill_all() {
  for (auto& [key, group] : groups_) {
    if (group.failure.starts_with("This machine keeps")) group.failure.clear();
    fill(group);
  }
}

Task<void> Pool::start_ahead(std::shared_ptr<Pool> self, std::shared_ptr<Share> share) {
  AwsResult<std::shared_ptr<Environment>> made;
  {
    auto slot = co_await self->services_.starts.take();
    if (!self->closed_ && share->wanted > 0) {
      made = co_await Environment::create(self->services_, share->deployment, k_provisioned);
    }
  }
  bool ready = false;
  if (made && *made) {
    self->live_.insert(*made);
    ready = co_await (*made)->initialize_ahead();
  }
  const std::string failure = made ? k_init_failure : made.error().message;
  --share->starting;
  auto found = self->groups_.find(share->key);
  const bool wanted = share->there < share->wanted;
  if (!self->closed_ && ready && wanted) {
    ++share->there;
    share->idle.push_back(Warm{*std::move(made), steady_clock::now(), nullptr});
  } else {
    --self->provisioned_count_;
    if (made && *made) self->dispose(*std::move(made));
  }
  if (self->closed_ || found == self->groups_.end()) co_return;
  if (!ready && wanted) found->second.failure = failure;
  self->trim(found->second);
}

std::optional<Pool::Warm> Pool::take_provisioned(const Deployment& deployment, const std::string& key) {
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
void Pool::release_provisioned(Warm warm) {
  const auto share = std::move(warm.share);
  const auto state = warm.environment->state();
  const bool fresh = state == State::ready && steady_clock::now() - warm.made < k_life_limit;
  if (!closed_ && fresh && share->there <= share->wanted) {
    share->idle.push_back(std::move(warm));
    released_.notify();
    return;
  }
  --share->there;
  --provisioned_count_;
  dispose(std::move(warm.environment));
  auto found = groups_.find(share->key);
  if (!closed_ && found != groups_.end()) fill(found->second);
}

}  // namespace sortie::emulator::lambda
