#include "emulator/lambda/execution/pool.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <thread>

#include "base/deadline.h"

namespace sortie::emulator::lambda {
namespace {

constexpr auto k_last_look = std::chrono::milliseconds(1);

using std::chrono::steady_clock;

AwsError throttled(std::string reason) {
  return {429, "TooManyRequestsException", "Rate Exceeded.", {{"Reason", std::move(reason)}}};
}

}  // namespace

class Pool::Lease {
 public:
  /// `provisioned`: the key of the provisioned environments that it takes one of; empty: none.
  Lease(std::shared_ptr<Pool> pool, std::pair<std::string, std::string> key, bool reserved, std::string provisioned)
      : pool_(std::move(pool)), key_(std::move(key)), reserved_(reserved), provisioned_(std::move(provisioned)) {
    auto& running = pool_->running_[key_];
    ++running.all;
    ++(provisioned_.empty() ? running.on_demand : pool_->running_provisioned_[provisioned_]);
    if (!reserved_) ++pool_->running_unreserved_;
  }
  Lease(Lease&&) noexcept = default;
  Lease& operator=(Lease&&) = delete;
  ~Lease() { end(); }

  void end() {
    auto pool = std::move(pool_);
    if (!pool) return;
    auto& running = pool->running_[key_];
    if (provisioned_.empty()) {
      --running.on_demand;
    } else if (--pool->running_provisioned_[provisioned_] == 0) {
      pool->running_provisioned_.erase(provisioned_);
    }
    if (--running.all == 0) pool->running_.erase(key_);
    if (!reserved_) --pool->running_unreserved_;
  }

 private:
  std::shared_ptr<Pool> pool_;
  std::pair<std::string, std::string> key_;
  bool reserved_;
  std::string provisioned_;
};

Pool::Pool(EnvironmentServices services, std::chrono::seconds idle_limit, std::size_t provisioned_limit)
    : services_(std::move(services)),
      idle_limit_(idle_limit),
      idle_maximum_(std::max<std::size_t>(k_idle_minimum, k_idle_per_core * std::thread::hardware_concurrency())),
      released_(services_.executor),
      provisioned_limit_(provisioned_limit != 0
                             ? provisioned_limit
                             : std::max<std::size_t>(k_provisioned_minimum,
                                                     k_provisioned_per_core * std::thread::hardware_concurrency())),
      reaper_(services_.executor) {}

void Pool::prepare() {
  asio::post(services_.executor, [weak = weak_from_this()] {
    if (auto self = weak.lock(); self && !self->closed_) Environment::prepare(self->services_);
  });
}

AwsResult<void> Pool::submit(const Concurrency& concurrency, std::shared_ptr<const Deployment> deployment,
                             std::shared_ptr<Invocation> invocation) {
  if (closed_) return aws_fail(503, "ServiceException", "The embedded AWS is shutting down.");
  std::pair key{concurrency.region, concurrency.name};
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
  idle_.try_emplace(deployment.get());
  Lease lease(shared_from_this(), std::move(key), concurrency.reserved.has_value(),
              provisioned ? concurrency.provisioned : std::string());
  asio::co_spawn(services_.executor,
                 execute(shared_from_this(), std::move(deployment), std::move(invocation), concurrency.provisioned,
                         std::move(lease)),
                 asio::detached);
  return {};
}

Task<void> Pool::execute(std::shared_ptr<Pool> self, std::shared_ptr<const Deployment> deployment,
                         std::shared_ptr<Invocation> invocation, std::string provisioned, Lease lease) {
  auto warm = co_await self->take(deployment, provisioned);
  if (self->closed_ || !warm) {
    lease.end();
    invocation->result.refused =
        warm ? AwsError{503, "ServiceException", "The embedded AWS is shutting down.", {}} : warm.error();
    if (warm) self->dispose(std::move(warm->environment));
    invocation->finish();
    co_return;
  }
  invocation->accept();
  auto environment = warm->environment;
  bool broken = false;
  try {
    co_await environment->run(invocation);
  } catch (const std::exception& error) {
    // The state cannot be written, or a bug: the caller is told, the environment is not used again.
    broken = true;
    invocation->result.refused = AwsError{500, "ServiceException", error.what(), {}};
  }
  lease.end();
  if (broken && !warm->share) {
    self->dispose(std::move(warm->environment));
  } else {
    self->release(*std::move(warm));
  }
  if (invocation->stream) invocation->stream->complete("ServiceException", "the invocation was cut short", "");
  invocation->finish();
}

std::optional<Pool::Warm> Pool::take_idle(const Deployment& deployment, const std::string& provisioned) {
  if (!provisioned.empty()) {
    if (auto warm = take_provisioned(deployment, provisioned)) return warm;
  }
  auto found = idle_.find(&deployment);
  if (found == idle_.end() || found->second.empty()) return std::nullopt;
  auto warm = std::move(found->second.back());
  found->second.pop_back();
  --idle_count_;
  return warm;
}

std::size_t Pool::finishing(const Deployment& deployment) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      live_, [&](const auto& each) { return &each->deployment() == &deployment && each->finishing(); }));
}

Task<AwsResult<Pool::Warm>> Pool::take(const std::shared_ptr<const Deployment>& deployment,
                                       const std::string& provisioned) {
  if (auto warm = take_idle(*deployment, provisioned)) co_return *std::move(warm);
  auto deadline = steady_clock::now() + k_finish_limit;
  while (finishing(*deployment) > waiting_.count(deployment.get()) && steady_clock::now() < deadline) {
    auto waiter = waiting_.insert(deployment.get());
    co_await released_.wait_until(deadline);
    waiting_.erase(waiter);
    if (auto warm = take_idle(*deployment, provisioned)) co_return *std::move(warm);
  }
  RateLimit fresh(k_new_environments_per_second, k_new_environments_at_once);
  auto& scaling = scaling_.try_emplace({deployment->region, deployment->name}, fresh).first->second;
  if (!scaling.take(steady_clock::now())) co_return std::unexpected(throttled("ConcurrentInvocationLimitExceeded"));
  auto slot = co_await services_.starts.take();
  auto made = co_await Environment::create(services_, deployment);
  if (!made) co_return std::unexpected(made.error());
  live_.insert(*made);
  co_return Warm{*std::move(made), steady_clock::now(), nullptr};
}

void Pool::release(Warm warm) {
  if (warm.share) return release_provisioned(std::move(warm));
  auto found = idle_.find(&warm.environment->deployment());
  bool keep = !closed_ && found != idle_.end() && steady_clock::now() - warm.made < k_life_limit;
  if (!keep) return dispose(std::move(warm.environment));
  found->second.push_back(std::move(warm));
  ++idle_count_;
  released_.notify();
  if (idle_count_ > idle_maximum_) reap();
  arm_reaper();
}

void Pool::drain(const Deployment& deployment) {
  auto found = idle_.find(&deployment);
  if (found == idle_.end()) return;
  auto warm = std::move(found->second);
  idle_.erase(found);
  idle_count_ -= warm.size();
  for (auto& each : warm) dispose(std::move(each.environment));
}

void Pool::dispose(std::shared_ptr<Environment> environment) {
  auto end = [](std::shared_ptr<Pool> self, std::shared_ptr<Environment> old) -> Task<void> {
    co_await old->retire();
    self->live_.erase(old);
  };
  asio::co_spawn(services_.executor, end(shared_from_this(), std::move(environment)), asio::detached);
}

void Pool::arm_reaper() {
  if (reaper_armed_ || idle_count_ == 0 || closed_) return;
  reaper_armed_ = true;
  reaper_.expires_after(std::max<steady_clock::duration>(idle_limit_ / 4, std::chrono::milliseconds(100)));
  reaper_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
    auto self = weak.lock();
    if (!self) return;
    self->reaper_armed_ = false;
    if (error) return;
    self->reap();
    self->arm_reaper();
  });
}

/// Removes what has been idle too long, and of too many those that have been idle longest.
void Pool::reap() {
  auto now = steady_clock::now();
  std::vector<steady_clock::time_point> since;
  for (const auto& [deployment, warm] : idle_) {
    for (const auto& each : warm) since.push_back(each.environment->idle_since());
  }
  auto cutoff = now - idle_limit_;
  if (since.size() > idle_maximum_) {
    auto nth = since.begin() + static_cast<std::ptrdiff_t>(since.size() - idle_maximum_ - 1);
    std::nth_element(since.begin(), nth, since.end());
    cutoff = std::max(cutoff, *nth);
  }
  for (auto& [deployment, warm] : idle_) {
    std::erase_if(warm, [this, cutoff](Warm& each) {
      if (each.environment->idle_since() > cutoff) return false;
      dispose(std::move(each.environment));
      --idle_count_;
      return true;
    });
  }
}

Task<void> Pool::shutdown() {
  auto self = shared_from_this();
  closed_ = true;
  reaper_.cancel();
  idle_.clear();
  idle_count_ = 0;
  groups_.clear();
  auto environments = std::vector(live_.begin(), live_.end());
  auto left = std::make_shared<std::size_t>(environments.size());
  auto changed = std::make_shared<Signal>(services_.executor);
  for (auto& each : environments) {
    auto end = [](std::shared_ptr<Environment> old, std::shared_ptr<std::size_t> count,
                  std::shared_ptr<Signal> done) -> Task<void> {
      co_await old->retire();
      --*count;
      done->notify();
    };
    asio::co_spawn(services_.executor, end(each, left, changed), asio::detached);
  }
  auto deadline = steady_clock::now() + Environment::k_external_shutdown + std::chrono::seconds(5);
  while (*left > 0 && steady_clock::now() < deadline) co_await changed->wait_until(deadline);
  // What they were doing is told to the end, its log too.
  while (!running_.empty() && steady_clock::now() < deadline) co_await sleep_for(k_last_look);
  for (auto& each : environments) {
    each->abandon();
    live_.erase(each);
  }
}

void Pool::abandon() {
  closed_ = true;
  reaper_.cancel();
  for (const auto& environment : live_) environment->abandon();
  live_.clear();
  idle_.clear();
  groups_.clear();
  idle_count_ = 0;
}

}  // namespace sortie::emulator::lambda
