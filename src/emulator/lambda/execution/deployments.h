#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/background.h"
#include "emulator/core/call.h"
#include "emulator/lambda/catalogue/packages.h"
#include "emulator/lambda/execution/deployment.h"
#include "emulator/lambda/execution/pool.h"

namespace sortie::emulator::lambda {

/// The versions of functions as environments run them, made when they are first invoked. io_context thread only.
class Deployments {
 public:
  /// What is referred to outlives the object; deployments may outlive it.
  Deployments(Background& background, Packages& packages, Pool& pool)
      : background_(background), packages_(packages), pool_(pool) {}

  AwsResult<std::shared_ptr<const Deployment>> find(const Function& function, const Version& version);
  /// The version is gone or another one: its environments end, the next invocation has a new deployment.
  void drain(const Function& function, std::string_view version);

 private:
  Background& background_;
  Packages& packages_;
  Pool& pool_;
  std::map<std::string, std::shared_ptr<const Deployment>, std::less<>> deployments_;  ///< by qualified ARN
};

}  // namespace sortie::emulator::lambda
