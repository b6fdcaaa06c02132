#include "emulator/lambda/execution/provisioner.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "base/deadline.h"

namespace sortie::emulator::lambda {
namespace {

/// How many environments each version gets: an alias of two versions has its share for each of them.
std::vector<std::pair<std::string, int>> shares_of(const Function& function, const std::string& qualifier,
                                                   int executions) {
  const auto alias = function.aliases.find(qualifier);
  if (alias == function.aliases.end()) return {{qualifier, executions}};
  std::vector<std::pair<std::string, int>> shares;
  int left = executions;
  for (const auto& [version, weight] : alias->second.weights) {
    const int share = std::min(left, static_cast<int>(std::lround(executions * weight)));
    shares.emplace_back(version, share);
    left -= share;
  }
  shares.emplace_back(alias->second.version, left);
  return shares;
}

}  // namespace

void Provisioner::provision_soon(const Function& function) {
  if (function.provisioned.empty()) return;
  background_.spawn(provision_later(function.region, function.name));
}

void Provisioner::provision_all_soon() {
  for (const auto& [key, function] : functions_.all()) provision_soon(function);
}

void Provisioner::unprovision(const Function& function) {
  for (const auto& [qualifier, config] : function.provisioned) unprovision(function, qualifier);
}

Task<void> Provisioner::provision_later(std::string region, std::string name) {
  co_await sleep_for(delay_);
  if (background_.closed()) co_return;
  auto* function = functions_.find(region, name);
  if (function == nullptr) co_return;
  for (auto& [qualifier, config] : function->provisioned) {
    if (std::exchange(config.pending, false)) provision(*function, qualifier, config.executions);
  }
}

void Provisioner::provision(const Function& function, const std::string& qualifier, int executions) {
  std::vector<ProvisionedPool::Wanted> wanted;
  std::string failure;
  for (const auto& [number, count] : shares_of(function, qualifier, executions)) {
    if (number == k_latest) {
      failure = k_unpublished;
      continue;
    }
    const auto* version = function.find(number);
    auto deployment = version != nullptr ? deployments_.find(function, *version)
                                         : aws_fail(404, "ResourceNotFoundException", "The version is gone");
    if (deployment) {
      wanted.push_back({*std::move(deployment), count});
    } else {
      failure = deployment.error().message;
    }
  }
  pool_.provision(function.arn(qualifier), std::move(wanted), std::move(failure));
}

}  // namespace sortie::emulator::lambda
