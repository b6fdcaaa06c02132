#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/background.h"
#include "emulator/lambda/catalogue/registry.h"
#include "emulator/lambda/execution/deployments.h"
#include "emulator/lambda/execution/provisioned_pool.h"

namespace sortie::emulator::lambda {

/// AWS's message for a version that cannot be provisioned.
inline constexpr char k_unpublished[] =
    "Provisioned Concurrency Configs cannot be applied to unpublished function versions.";

/// Has the environments started and removed that functions have provisioned. io_context thread only.
class Provisioner {
 public:
  /// `delay`: how long AWS takes to begin. What is referred to outlives the object.
  Provisioner(Background& background, Registry& functions, Deployments& deployments, ProvisionedPool& pool,
              std::chrono::milliseconds delay)
      : background_(background), functions_(functions), deployments_(deployments), pool_(pool), delay_(delay) {}

  /// After a change of what is provisioned, or of where an alias points.
  void provision_soon(const Function& function);
  /// At the beginning: what an earlier process had provisioned.
  void provision_all_soon();
  /// Nothing of the function is provisioned any more, or nothing of a version or an alias.
  void unprovision(const Function& function);
  void unprovision(const Function& function, std::string_view qualifier) { pool_.unprovision(function.arn(qualifier)); }
  [[nodiscard]] ProvisionedPool::Status status(const Function& function, std::string_view qualifier) const {
    return pool_.status(function.arn(qualifier));
  }

 private:
  Task<void> provision_later(std::string region, std::string name);
  void provision(const Function& function, const std::string& qualifier, int executions);

  Background& background_;
  Registry& functions_;
  Deployments& deployments_;
  ProvisionedPool& pool_;
  std::chrono::milliseconds delay_;
};

}  // namespace sortie::emulator::lambda
