#include "emulator/lambda/execution/live_environments.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include "base/error.h"
#include "emulator/lambda/execution/environment.h"

namespace sortie::emulator::lambda {
namespace {

using std::chrono::steady_clock;

/// What the end of an environment may take beyond the time that AWS gives it.
constexpr auto k_end_grace = std::chrono::seconds(5);

}  // namespace

void LiveEnvironments::prepare() {
  asio::post(services_.executor, [weak = weak_from_this()] {
    if (auto self = weak.lock(); self && !self->closed_) Environment::prepare(self->services_);
  });
}

Task<AwsResult<std::shared_ptr<Environment>>> LiveEnvironments::create(std::shared_ptr<const Deployment> deployment,
                                                                       std::string_view initialization) {
  auto self = shared_from_this();
  ASSIGN_OR_CO_RETURN(auto made, co_await Environment::create(services_, std::move(deployment), initialization));
  live_.insert(made);
  co_return made;
}

void LiveEnvironments::dispose(std::shared_ptr<Environment> environment) {
  auto end = [](std::shared_ptr<LiveEnvironments> self, std::shared_ptr<Environment> old) -> Task<void> {
    co_await old->retire();
    self->live_.erase(old);
  };
  asio::co_spawn(services_.executor, end(shared_from_this(), std::move(environment)), asio::detached);
}

std::size_t LiveEnvironments::finishing(const Deployment& deployment) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      live_, [&](const auto& each) { return &each->deployment() == &deployment && each->finishing(); }));
}

Task<void> LiveEnvironments::retire_all() {
  auto self = shared_from_this();
  auto left = std::make_shared<std::size_t>(live_.size());
  auto changed = std::make_shared<Signal>(services_.executor);
  for (const auto& each : live_) {
    auto end = [](std::shared_ptr<Environment> old, std::shared_ptr<std::size_t> count,
                  std::shared_ptr<Signal> done) -> Task<void> {
      co_await old->retire();
      --*count;
      done->notify();
    };
    asio::co_spawn(services_.executor, end(each, left, changed), asio::detached);
  }
  const auto deadline = steady_clock::now() + Programs::k_external_shutdown + k_end_grace;
  while (*left > 0 && steady_clock::now() < deadline) co_await changed->wait_until(deadline);
}

void LiveEnvironments::abandon() {
  closed_ = true;
  for (const auto& environment : live_) environment->abandon();
  live_.clear();
}

}  // namespace sortie::emulator::lambda
