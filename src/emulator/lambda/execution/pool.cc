#include "emulator/lambda/execution/pool.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <thread>

#include "base/deadline.h"
#include "base/error.h"
#include "emulator/lambda/execution/environment.h"

namespace sortie::emulator::lambda {
namespace {

constexpr auto k_last_look = std::chrono::milliseconds(1);
/// What the end of all may take beyond the time that AWS gives an environment.
constexpr auto k_shutdown_grace = std::chrono::seconds(5);

using std::chrono::steady_clock;

AwsError shutting_down() {
  return {503, "ServiceException", "The embedded AWS is shutting down.", {}};
}

}  // namespace

Pool::Pool(std::shared_ptr<LiveEnvironments> live, std::shared_ptr<ProvisionedPool> provisioned,
           std::chrono::seconds idle_limit)
    : live_(std::move(live)),
      provisioned_(std::move(provisioned)),
      running_(std::make_shared<RunningInvocations>()),
      idle_limit_(idle_limit),
      idle_maximum_(std::max<std::size_t>(k_idle_minimum, k_idle_per_core * std::thread::hardware_concurrency())),
      reaper_(live_->executor()) {}

AwsResult<void> Pool::submit(const Concurrency& concurrency, std::shared_ptr<const Deployment> deployment,
                             std::shared_ptr<Invocation> invocation) {
  if (live_->closed()) return std::unexpected(shutting_down());
  ASSIGN_OR_RETURN(auto lease, running_->admit(concurrency));
  idle_.try_emplace(deployment.get());
  asio::co_spawn(live_->executor(),
                 execute(shared_from_this(), std::move(deployment), std::move(invocation), concurrency.provisioned,
                         std::move(lease)),
                 asio::detached);
  return {};
}

Task<void> Pool::execute(std::shared_ptr<Pool> self, std::shared_ptr<const Deployment> deployment,
                         std::shared_ptr<Invocation> invocation, std::string provisioned,
                         RunningInvocations::Lease lease) {
  auto warm = co_await self->take(deployment, provisioned);
  if (self->live_->closed() || !warm) {
    lease.end();
    invocation->result.refused = warm ? shutting_down() : warm.error();
    if (warm) self->live_->dispose(std::move(warm->environment));
    invocation->finish();
    co_return;
  }
  invocation->accept();
  auto environment = warm->environment;
  bool broken = false;
  try {
    co_await environment->run(invocation);
  } catch (const std::exception& error) {
    // The state cannot be written, or a bug: the caller gets an error, the environment is not used again.
    broken = true;
    invocation->result.refused = AwsError{500, "ServiceException", error.what(), {}};
  }
  lease.end();
  if (broken && !warm->share) {
    self->live_->dispose(std::move(warm->environment));
  } else {
    self->release(*std::move(warm));
  }
  if (invocation->stream) invocation->stream->complete("ServiceException", "the invocation was cut short", "");
  invocation->finish();
}

std::optional<Pool::Warm> Pool::take_idle(const Deployment& deployment, const std::string& provisioned) {
  if (!provisioned.empty()) {
    if (auto warm = provisioned_->take(deployment, provisioned)) return warm;
  }
  auto found = idle_.find(&deployment);
  if (found == idle_.end() || found->second.empty()) return std::nullopt;
  auto warm = std::move(found->second.back());
  found->second.pop_back();
  --idle_count_;
  return warm;
}

Task<AwsResult<Pool::Warm>> Pool::take(const std::shared_ptr<const Deployment>& deployment,
                                       const std::string& provisioned) {
  if (auto warm = take_idle(*deployment, provisioned)) co_return *std::move(warm);
  auto deadline = steady_clock::now() + k_finish_limit;
  while (live_->finishing(*deployment) > waiting_.count(deployment.get()) && steady_clock::now() < deadline) {
    auto waiter = waiting_.insert(deployment.get());
    co_await live_->released().wait_until(deadline);
    waiting_.erase(waiter);
    if (auto warm = take_idle(*deployment, provisioned)) co_return *std::move(warm);
  }
  RateLimit fresh(k_new_environments_per_second, k_new_environments_at_once);
  auto& scaling = scaling_.try_emplace({deployment->region, deployment->name}, fresh).first->second;
  if (!scaling.take(steady_clock::now())) co_return std::unexpected(throttled("ConcurrentInvocationLimitExceeded"));
  auto slot = co_await live_->take_start();
  ASSIGN_OR_CO_RETURN(auto made, co_await live_->create(deployment));
  co_return Warm{std::move(made), steady_clock::now(), nullptr};
}

void Pool::release(Warm warm) {
  if (warm.share) return provisioned_->release(std::move(warm));
  auto found = idle_.find(&warm.environment->deployment());
  bool keep = !live_->closed() && found != idle_.end() && steady_clock::now() - warm.made < k_life_limit;
  if (!keep) return live_->dispose(std::move(warm.environment));
  found->second.push_back(std::move(warm));
  ++idle_count_;
  live_->released().notify();
  if (idle_count_ > idle_maximum_) reap();
  arm_reaper();
}

void Pool::drain(const Deployment& deployment) {
  auto found = idle_.find(&deployment);
  if (found == idle_.end()) return;
  auto warm = std::move(found->second);
  idle_.erase(found);
  idle_count_ -= warm.size();
  for (auto& each : warm) live_->dispose(std::move(each.environment));
}

void Pool::arm_reaper() {
  if (reaper_armed_ || idle_count_ == 0 || live_->closed()) return;
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
      live_->dispose(std::move(each.environment));
      --idle_count_;
      return true;
    });
  }
}

Task<void> Pool::shutdown() {
  auto self = shared_from_this();
  forget_all();
  const auto deadline = steady_clock::now() + Programs::k_external_shutdown + k_shutdown_grace;
  co_await live_->retire_all();
  // Their invocations are reported to the end, logs included.
  while (!running_->none() && steady_clock::now() < deadline) co_await sleep_for(k_last_look);
  live_->abandon();
}

void Pool::abandon() {
  forget_all();
  live_->abandon();
}

/// Nothing is idle any more, and nothing new begins.
void Pool::forget_all() {
  live_->close();
  reaper_.cancel();
  idle_.clear();
  idle_count_ = 0;
  provisioned_->close();
}

}  // namespace sortie::emulator::lambda
