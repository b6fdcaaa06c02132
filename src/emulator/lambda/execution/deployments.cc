#include "emulator/lambda/execution/deployments.h"

#include "base/error.h"

namespace sortie::emulator::lambda {

AwsResult<std::shared_ptr<const Deployment>> Deployments::find(const Function& function, const Version& version) {
  auto arn = function.arn(version.version);
  if (auto found = deployments_.find(arn); found != deployments_.end()) return found->second;
  auto folder = packages_.store().folder(version.code_id);
  if (!folder) return aws_fail(500, "ServiceException", "The code cannot be found: " + describe(folder.error()));
  // The last environment may end when all this is gone already.
  auto release = [owner = background_.owner(), &packages = packages_](const Deployment* deployment) {
    const std::unique_ptr<const Deployment> last(deployment);
    if (auto alive = owner.lock()) packages.unmount(last->version);
  };
  std::shared_ptr<const Deployment> deployment(
      new Deployment{function.region, function.account, function.name, version, *std::move(folder)}, release);
  packages_.mount(version);
  deployments_.emplace(std::move(arn), deployment);
  return deployment;
}

void Deployments::drain(const Function& function, std::string_view version) {
  auto found = deployments_.find(function.arn(version));
  if (found == deployments_.end()) return;
  pool_.drain(*found->second);
  deployments_.erase(found);
}

}  // namespace sortie::emulator::lambda
